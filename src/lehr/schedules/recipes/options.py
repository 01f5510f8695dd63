"""The settings that only some recipes take, for type checkers; a test holds them against the recipes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ..lengths import Length


class RecipeOptions(TypedDict, total=False):
    """Settings of recipes beside ``training_steps``, ``warmup_steps``, ``max_lr`` and ``min_lr``."""

    constant_lr: float | None
    cooldown_shape: str
    cooldown_steps: Length
    cycle_steps: Length
    decay_factor: float
    decay_shape: str
    decay_steps: Length
    exponent: float
    factor: float
    height_factor: float
    length_factor: float
    milestones: Sequence[Length]
    model_dim: int
    power: float
    ramps: int
    shape: str
    start_lr: float | None
    timescale: Length | None
