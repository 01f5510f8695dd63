"""The schedulers of torch, from the object and from its `state_dict`."""

from .checkpoint import from_config as from_config
from .checkpoint import original as original
from .checkpoint import recognises as recognises
from .reader import from_torch as from_torch
