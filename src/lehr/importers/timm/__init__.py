"""Schedules of timm's schedulers: from a live one, or from a config."""

from .config import from_config as from_config
from .config import original as original
from .config import recognises as recognises
from .config import stepped as stepped
from .live import from_timm as from_timm
