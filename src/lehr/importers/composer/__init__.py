"""Composer's learning-rate schedulers, from a YAML of Composer or LLM Foundry. Composer is not needed.

Composer counts batches, and an update is a batch: update t has the factor of t. Its times (``"10ep"``, ``"500ba"``,
``"0.1dur"``, ``"1e9tok"``, ``"4096sp"``) become updates here.
"""

from .config import from_composer as from_composer
from .config import from_config as from_config
from .config import original as original
from .config import recognises as recognises
