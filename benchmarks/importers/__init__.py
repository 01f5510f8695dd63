"""How equal imported schedules are: of every framework, settings, the rates it uses there, and the importer.

Each module here has ``FAMILIES``: the kind of schedule -> its cases. The frameworks that can be installed are stepped
themselves. The module of another transcribes what it computes, in its own order of calls and with its own counter, and
names the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from .case import Family

ORIGINAL, TRANSCRIPTION = "the original", "a transcription"


class Framework(NamedTuple):
    """How a framework is compared.

    Attributes:
        beside: What the imported schedules are compared with.
        tolerance: The largest relative difference that the tests allow.
        smallest: The share of the highest rate below which a difference is relative to that share.
    """

    beside: str = ORIGINAL
    tolerance: float = 1e-12
    smallest: float = 1e-3


FLOAT32 = Framework(tolerance=1e-6, smallest=1.0)
"""A float32 rounds at the scale of the highest rate, from which a small rate is subtracted."""
TRANSCRIBED = Framework(TRANSCRIPTION)
FRAMEWORKS = {
    "torch": Framework(tolerance=1e-9),  # it multiplies the rate step by step, and drifts
    "transformers": Framework(),
    "timm": Framework(),
    "pytorch_optimizer": Framework(),
    "ignite": Framework(),
    "optax": FLOAT32,
    "keras": FLOAT32,
    "composer": TRANSCRIBED,
    "deepspeed": TRANSCRIBED,
    "fairseq": TRANSCRIBED,
    "megatron": TRANSCRIBED,
    "nanogpt": TRANSCRIBED,
    "olmo": TRANSCRIBED,
    "torchtitan": TRANSCRIBED,
}
"""The name of a module here -> how it is compared."""


def families(framework: str) -> Mapping[str, Family]:
    """The cases of a framework, by the kind of schedule."""
    found: Mapping[str, Family] = import_module(f"{__name__}.{framework}").FAMILIES
    return found
