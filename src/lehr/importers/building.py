"""Schedules that several originals have, built from lehr's parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..schedules import Constant, Exponential, PowerLaw, Ramp, Schedule
from ..schedules.combinators import sequence
from ..warn import warn

LARGEST = 1e38
"""A rate that grows for ever is held from here on: the largest float32 is 3.4e38, and products stay finite."""


FAR = 10**9
"""Positions after which what goes on or grows without bound is held: a schedule has to have bounds."""


def lasting(start: float, factor: float) -> int:
    """How many times ``factor``, which is above 1, multiplies ``start`` before it is above `LARGEST`."""
    return max(0, math.floor((math.log(LARGEST) - math.log(start)) / math.log(factor)))


def power_shape(exponent: float) -> str:
    """The shape of a ramp that a polynomial of this degree is."""
    return "linear" if exponent == 1 else f"polynomial({float(exponent)!r})"


def decayed(start: float, factor: float, every: float, *, staircase: bool = False) -> Schedule:
    """``start`` times ``factor`` every so many positions, also for the factors that `Exponential` does not take.

    >>> decayed(1.0, 0.0, 10)(1), decayed(1.0, 2.0, 10)(30)
    (0.0, 8.0)
    """
    if factor == 0:
        return Constant(start, every if staircase else 1).then(Constant(0.0))
    if factor > 1 and start > 0:
        return Exponential(start, factor, every, staircase, every * max(1, lasting(start, factor)))
    return Exponential(start, factor, every, staircase)


def levels(first: float, changes: Iterable[tuple[float, float]]) -> Schedule:
    """``first``, and from each position of ``changes`` on the rate beside it; the positions are in order.

    >>> levels(1.0, [(10, 0.5), (20, 0.1)])(10)
    0.5
    """
    parts: list[Schedule] = []
    level, begin = first, 0.0
    for at, following in changes:
        if at > begin:
            parts.append(Constant(level, at - begin))
            begin = at
        level = following
    return sequence(*parts, Constant(level))


def wave(high: float, low: float, half: float) -> Schedule:
    """A cosine from ``high`` to ``low`` and back, for ever, each in ``half`` positions.

    >>> wave(0.0, 1.0, 10)(15)
    0.5
    """
    return Ramp(high, low, half, "cosine").then(Ramp(low, high, half, "cosine")).repeat()


def turned(high: float, low: float, length: float, half_turns: float) -> Schedule:
    """A cosine of so many half turns, from ``high`` towards ``low`` and back."""
    if not half_turns:
        return Constant(high, length)
    if half_turns % 2 == 1:
        return Ramp(high, low, length, "cosine" if half_turns == 1 else f"cosine({half_turns!r})")
    return wave(high, low, length / half_turns).cut(0, length) if length else Constant(high, 0)


def between(start: float, end: float, left: Schedule) -> Schedule:
    """From ``start`` to ``end``, of which ``left`` is the share of the way that is left."""
    if end > start:
        return end - left * (end - start)
    return left * (start - end) + end if end else left * start


def extrapolated(start: float, end: float, length: float, shape: str = "linear") -> Schedule:
    r"""The curve of a ramp beyond its end, counted from there. It may become negative.

    .. math:: \eta_t = s + (e - s) \, (1 + t / n)^k

    Args:
        start: The ramp's first rate, :math:`s`.
        end: Its last one, :math:`e`.
        length: Its length, :math:`n`, above 0.
        shape: ``"linear"``, where :math:`k` is 1, or ``"1-sqrt"``, where it is ½.

    >>> extrapolated(1.0, 0.25, 6)(2)
    0.0
    """
    if start == end:
        return Constant(end)
    if shape == "linear":
        way = Ramp(0.0, abs(start - end) / length * FAR, FAR)
        return Constant(end) - way if start > end else Constant(end) + way
    gone = PowerLaw(abs(start - end), 0.5, length, FAR)
    return Constant(start) - gone if start > end else Constant(start) + gone


def spliced(schedule: Schedule, rates: Mapping[int, float]) -> Schedule:
    """The same schedule with other rates at a few positions.

    >>> [spliced(Constant(1.0), {2: 0.5})(t) for t in range(4)]
    [1.0, 1.0, 0.5, 1.0]
    """
    parts: list[Schedule] = []
    start = 0
    for at in sorted(rates):
        if at > start:
            parts.append(schedule.cut(start, at))
        parts.append(Constant(rates[at], 1))
        start = at + 1
    return sequence(*parts, schedule.cut(start))


def restarted(
    schedule: Schedule, misplaced: Mapping[int, float], after: str, *, owner: str, begins: float = 0
) -> Schedule:
    """A schedule with restarts, of which the original rounds some to the end of the cycle before.

    Args:
        schedule: The schedule, with every restart in its place.
        misplaced: The positions of restarts that the original misses -> its rate there.
        after: ``"hold"`` keeps the restarts and warns, ``"peer"`` reproduces the original.
        owner: The name of the original, for the warning.
        begins: The position at which the schedule begins, for the warning.
    """
    if not misplaced or after == "peer":
        return spliced(schedule, misplaced) if misplaced else schedule
    positions = ", ".join(f"{begins + at:.0f}" for at in sorted(misplaced)[:5])
    warn(
        f"{owner} misses the restart at step {positions} by rounding: it uses the end of the cycle before, and the "
        f'imported schedule the start of the new one. after="peer" reproduces the original'
    )
    return schedule
