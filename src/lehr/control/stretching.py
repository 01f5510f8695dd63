"""A schedule run at another speed, however often that is done."""

from __future__ import annotations

from ..schedules import Constant, Schedule
from ..schedules.combinators import Clip, Cut, Product, Stretch, Sum, Then, sequence
from .cuts import after, together


def stretched(schedule: Schedule, length: float) -> Schedule:
    """``schedule.stretch(length)``, without stretch upon stretch, however often that is done.

    The parts are stretched and not the whole, so that what is over can be dropped from each.
    """
    result = _stretched(schedule, length)
    same = result.length == length and abs(result(0) - schedule(0)) <= 1e-12 * schedule(0)
    return result if same else schedule.stretch(length)  # rounding has moved a stair to where it begins


def _stretched(schedule: Schedule, length: float) -> Schedule:
    old = schedule.length
    if not old or not length:
        return schedule
    if isinstance(schedule, Then):
        return _stretched_parts(schedule, length / old, length)
    if isinstance(schedule, Product | Sum):
        return together(type(schedule), [_stretched(p, _exact((p.length or 0) * length / old)) for p in schedule.parts])
    if isinstance(schedule, Clip):
        return _stretched(schedule.of, length).clip(schedule.lo, schedule.hi)
    if isinstance(schedule, Constant):
        return Constant(schedule.rate, length)
    if isinstance(schedule, Stretch):
        return _stretched(schedule.of, length)
    if isinstance(schedule, Cut) and schedule.stop is None and isinstance(schedule.of, Stretch):
        inner = schedule.of.of
        return _stretched(after(inner, schedule.start * (inner.length or 0) / schedule.of.length), length)
    return schedule.stretch(length)


def _stretched_parts(schedule: Then, ratio: float, length: float) -> Schedule:
    """Each part to where the stretched whole has its end, so that rounding does not add up."""
    ends = [_exact((start + (part.length or 0)) * ratio) for start, part in schedule._starts()]
    ends[-1] = length
    starts = [0.0, *ends[:-1]]
    return sequence(*(_stretched(p, stop - start) for p, start, stop in zip(schedule.parts, starts, ends, strict=True)))


def _exact(position: float) -> float:
    """The nearest 1024th: sums of such are exact, and lengths of schedules are sums."""
    return round(position * 1024) / 1024
