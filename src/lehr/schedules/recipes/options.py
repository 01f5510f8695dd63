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
    cycle_steps: Length | None
    cycle_warmup_steps: Length
    cycles: int | None
    decay_every: Length | None
    decay_factor: float | None
    decay_shape: str
    decay_steps: Length
    exponent: float
    factor: float
    fall_steps: Length | None
    height_factor: float
    k: float
    length_factor: float
    lower: float
    milestones: Sequence[Length]
    model_dim: int
    num_cycles: float
    peak_factor: float
    power: float
    ramps: int
    rates: Sequence[float]
    rise_steps: Length | None
    shape: str
    stairs: Length | None
    start_lr: float | None
    timescale: Length | None
    upper: float
    warmup_shape: str
    warmup_start_lr: float | None
