"""A schedule cut where the run stands: what it says before, and what from there on."""

from __future__ import annotations

from functools import reduce

from ..schedules import Constant, Schedule
from ..schedules.combinators import Clip, Cut, Product, Sum, Then, sequence


def until(schedule: Schedule, position: float) -> Schedule:
    """What a schedule says before ``position``, in few words."""
    if isinstance(schedule, Then):
        before = []
        for start, part in schedule._starts():
            if start >= position:
                break
            over = part.length is not None and start + part.length <= position
            before.append(part if over else until(part, position - start))
        gap = position - sum(part.length or 0 for part in before)
        if gap > 0:
            before.append(Constant(schedule._final(), gap))
        return sequence(*before) if before else Constant(0.0, 0)
    if isinstance(schedule, Cut) and (schedule.length is None or position <= schedule.length):
        return schedule.of.cut(schedule.start, schedule.start + position)
    return schedule if schedule.length == position else schedule.cut(0, position)


def after(schedule: Schedule, position: float) -> Schedule:
    """What a schedule says from ``position`` on, without what is over by then."""
    if not position:
        return schedule
    if schedule.length is not None and position >= schedule.length:
        return Constant(schedule(position))
    if isinstance(schedule, Then):
        later = [
            (start, part) for start, part in schedule._starts() if part.length is None or start + part.length > position
        ]
        (start, first), *others = later
        return sequence(after(first, position - start), *(part for _, part in others))
    if isinstance(schedule, Product | Sum):
        return together(type(schedule), [after(part, position) for part in schedule.parts])
    if isinstance(schedule, Clip):
        return after(schedule.of, position).clip(schedule.lo, schedule.hi)
    if isinstance(schedule, Cut):
        rest = after(schedule.of, schedule.start + position)
        return rest if schedule.stop is None else rest.cut(0, schedule.stop - schedule.start - position)
    if isinstance(schedule, Constant):
        return Constant(schedule.rate, None if schedule.length is None else schedule.length - position)
    return schedule.cut(position)


def together(kind: type[Product] | type[Sum], parts: list[Schedule]) -> Schedule:
    """A product or a sum in which all constants have become one."""
    constants = [p.rate for p in parts if isinstance(p, Constant) and p.length is None]
    moving = [p for p in parts if not (isinstance(p, Constant) and p.length is None)]
    neutral = 1.0 if kind is Product else 0.0
    level = reduce(lambda a, b: a * b if kind is Product else a + b, constants, neutral)
    if not moving:
        return Constant(level)
    kept = moving if level == neutral else [*moving, Constant(level)]
    return kind(tuple(kept)) if len(kept) > 1 else kept[0]
