"""Cosine decay with restarts, as Keras has it, and the restarts that Keras misses by rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import accumulate, islice, repeat, takewhile
from operator import mul
from typing import Any

from ...schedules import Ramp, Schedule, checks
from ...warn import warn
from ..building import lasting, restarted

OWNER = "CosineDecayRestarts"
_EXACT = 2.0**24
"""Steps up to here are exact in float32, in which Keras counts."""


def cosine_decay_restarts(
    *,
    initial_learning_rate: float,
    first_decay_steps: float,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: object = None,
) -> Schedule:
    """``m_mul`` multiplies the height above the floor, not the peak."""
    steps = checks.length("first_decay_steps", first_decay_steps, owner=OWNER, above=0)
    longer, higher = (checks.number(key, value, owner=OWNER) for key, value in (("t_mul", t_mul), ("m_mul", m_mul)))
    if longer < 1:
        raise ValueError(
            f"{OWNER} needs `t_mul` of at least 1, got {t_mul!r}: where cycles shrink for ever, Keras computes no rate "
            f"after the last of them"
        )
    start = checks.number("initial_learning_rate", initial_learning_rate, owner=OWNER)
    floor = start * checks.number("alpha", alpha, owner=OWNER)
    if higher == 0 or start == floor:
        return Ramp(start, floor, steps, "cosine")
    fall = Ramp(abs(start - floor), 0.0, steps, "cosine")
    times = _times(steps, longer, fall.start, higher)
    cycles = fall.repeat(times, length_factor=longer, height_factor=higher)
    if floor > start:
        return floor - cycles
    return cycles + floor if floor else cycles


def _times(steps: float, longer: float, height: float, higher: float) -> int | None:
    """The cycles to import: all, or if they grow, those before the rate or the step is beyond what Keras can hold."""
    if higher <= 1:
        return None
    times = lasting(height, higher)
    return times if longer == 1 else min(times, len(_starts(steps, longer)) + 1)


def _starts(steps: float, factor: float) -> list[float]:
    """Where each cycle after the first starts."""
    starts = accumulate(accumulate(repeat(factor), mul, initial=steps))
    return list(islice(takewhile(lambda start: start <= _EXACT, starts), 1000))


def with_its_restarts(
    schedule: Schedule, settings: Mapping[str, Any], live: Callable[[int], Any] | None, after: str
) -> Schedule:
    """The schedule, with the restarts that Keras misses if ``after`` is ``"peer"``, and with a warning of them if not.

    Keras finds a cycle by a logarithm in float32, which each backend rounds in its own way. So only a live schedule
    says which restarts it misses; of powers of two the logarithms are exact enough in all of them.
    """
    factor = settings.get("t_mul", 2.0)
    if factor == 1:
        return schedule
    whole = [int(start) for start in _starts(settings["first_decay_steps"], factor) if float(start).is_integer()]
    if live is not None:
        rates = {start: float(live(start)) for start in whole}
        missed = {start: rate for start, rate in rates.items() if abs(rate - schedule(start)) > 1e-5 * schedule(start)}
        return restarted(schedule, missed, after, owner=OWNER)
    if whole and not math.log2(factor).is_integer():
        warn(
            f"{OWNER} finds the cycle by a logarithm in float32, which may be one too low where a cycle starts on a "
            f"whole step, such as {whole[0]}: there Keras uses the end of the cycle before, and the imported schedule "
            f"the start of the new one. Import the live schedule to see what its backend does"
        )
    return schedule
