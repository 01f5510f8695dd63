"""The schedules of Keras, each under the name of its class.

With the formulas of keras/src/optimizers/schedules/learning_rate_schedule.py of release 3.15. The keyword-only
parameters of each function are the keys of the schedule's ``get_config()``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from ...schedules import Constant, PowerLaw, Ramp, Schedule, checks
from ..building import between, decayed, levels, power_shape
from .restarts import cosine_decay_restarts


def _exponential_decay(
    *, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: object = None
) -> Schedule:
    owner = "ExponentialDecay"
    start = checks.number("initial_learning_rate", initial_learning_rate, owner=owner)
    every = checks.length("decay_steps", decay_steps, owner=owner, above=0)
    return decayed(start, checks.number("decay_rate", decay_rate, owner=owner), every, staircase=bool(staircase))


def _piecewise_constant_decay(*, boundaries: Sequence[float], values: Sequence[float], name: object = None) -> Schedule:
    """A boundary itself still has the value before it."""
    owner = "PiecewiseConstantDecay"
    if len(values) != len(boundaries) + 1 or not boundaries:
        raise ValueError(
            f"{owner} needs at least one of `boundaries` and one more of `values`, got {len(boundaries)} and "
            f"{len(values)}"
        )
    last = [math.trunc(checks.real(f"boundaries[{i}]", at, owner=owner)) for i, at in enumerate(boundaries)]
    if any(b <= a for a, b in pairwise(last)):
        raise ValueError(f"{owner} needs `boundaries` that increase, got {checks.shown(list(boundaries))}")
    return levels(values[0], [(at + 1, value) for at, value in zip(last, values[1:], strict=True)])


def _polynomial_decay(
    *,
    initial_learning_rate: float,
    decay_steps: float,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: object = None,
) -> Schedule:
    owner = "PolynomialDecay"
    steps = checks.length("decay_steps", decay_steps, owner=owner, above=0)
    exponent = checks.number("power", power, owner=owner, above=0)
    start = checks.number("initial_learning_rate", initial_learning_rate, owner=owner)
    end = checks.number("end_learning_rate", end_learning_rate, owner=owner)
    shape = power_shape(exponent)
    if not cycle:
        return Ramp(start, end, steps, shape)
    # Cycle k, from 1, ends at step k · decay_steps, where the rate is the end; u of it left, (u / k) ** power is left.
    # A cycle of lehr's begins where it has its start, which is why each is taken from its second step to its end.
    left = Ramp(1.0, 0.0, steps, shape).cut(1).then(Constant(0.0, 1)).repeat()
    return between(start, end, Constant(1.0, 1).then(left * PowerLaw(1.0, -exponent, steps).stairs(steps)))


def _inverse_time_decay(
    *, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: object = None
) -> Schedule:
    owner = "InverseTimeDecay"
    steps = checks.length("decay_steps", decay_steps, owner=owner, above=0)
    rate = checks.number("decay_rate", decay_rate, owner=owner)
    if rate == 0:
        return Constant(initial_learning_rate)
    fall = PowerLaw(initial_learning_rate, -1.0, steps / rate)
    return fall.stairs(steps) if staircase else fall


def _cosine_decay(
    *,
    initial_learning_rate: float,
    decay_steps: float,
    alpha: float = 0.0,
    warmup_target: float | None = None,
    warmup_steps: float = 0,
    name: object = None,
) -> Schedule:
    """``decay_steps`` do not count the warmup, of which there is none without a target."""
    owner = "CosineDecay"
    steps = checks.length("decay_steps", decay_steps, owner=owner, above=0)
    share = checks.number("alpha", alpha, owner=owner)
    start = checks.number("initial_learning_rate", initial_learning_rate, owner=owner)
    if warmup_target is None:
        return Ramp(start, start * share, steps, "cosine")
    peak = checks.number("warmup_target", warmup_target, owner=owner)
    return Ramp(start, peak, warmup_steps).then(Ramp(peak, peak * share, steps, "cosine"))


BUILDERS: dict[str, Callable[..., Schedule]] = {
    "CosineDecay": _cosine_decay,
    "CosineDecayRestarts": cosine_decay_restarts,
    "ExponentialDecay": _exponential_decay,
    "InverseTimeDecay": _inverse_time_decay,
    "PiecewiseConstantDecay": _piecewise_constant_decay,
    "PolynomialDecay": _polynomial_decay,
}
"""The name of the class in Keras -> the function that builds it."""
