"""A schedule times a factor that changes in steps: the form in which very many small changes stay one.

The form is ``schedule * (Constant(f₁, n₁).then(Constant(f₂, n₂)) ...)``, with the factors as its last part.
"""

from __future__ import annotations

from itertools import pairwise

from ..schedules import Constant, Schedule
from ..schedules.combinators import Product, Then, sequence

MOST_STEPS = 500
"""Steps that are kept. Of more, the older half is halved, each two neighbours by their mean."""


def begin(schedule: Schedule, factor: float, after: float = 0) -> Schedule:
    """``schedule``, from position ``after`` on times a factor.

    >>> from lehr import Ramp
    >>> now = begin(Ramp(1.0, 0.0, 100), 0.5, after=10)
    >>> now(0), now(10), now.length
    (1.0, 0.45, 100)
    """
    return _times(schedule, [Constant(1.0, after)], factor, after)


def proceed(stepped: Schedule, position: float, factor: float) -> Schedule:
    """What `begin` or `proceed` returned, from ``position`` on times one more factor.

    >>> from lehr import Constant
    >>> now = proceed(begin(Constant(0.1), 0.5), 100, 0.5)
    >>> now(99), now(100)
    (0.05, 0.025)
    """
    *moving, factors = _parts(stepped)
    past = _thinned(_before(position, _steps(factors)))
    return _times(Product(tuple(moving)), past, factors(position) * factor, position)


def is_stepped(schedule: Schedule) -> bool:
    """Whether a schedule has the form that `begin` and `proceed` give it."""
    return isinstance(schedule, Product) and all(isinstance(step, Constant) for step in _steps(schedule.parts[-1]))


def last_factor(stepped: Schedule) -> float:
    """The factor from the last step on."""
    return _steps(_parts(stepped)[-1])[-1](0)


def _parts(stepped: Schedule) -> tuple[Schedule, ...]:
    assert isinstance(stepped, Product)
    return stepped.parts


def _steps(factors: Schedule) -> list[Schedule]:
    return list(factors.parts) if isinstance(factors, Then) else [factors]


def _times(schedule: Schedule, past: list[Schedule], factor: float, position: float) -> Schedule:
    # A product ends where its last moving part does, so the last factor must not outlast the schedule.
    left = None if schedule.length is None else max(0, schedule.length - position)
    return Product((schedule, sequence(*past, Constant(factor, left))))


def _before(position: float, steps: list[Schedule]) -> list[Schedule]:
    """The steps up to a position, the last one up to there."""
    kept: list[Schedule] = []
    for step in steps[:-1]:
        if position <= step._end:
            return [*kept, Constant(step(0), position)]
        kept.append(step)
        position -= step._end
    return [*kept, Constant(steps[-1](0), position)]


def _thinned(steps: list[Schedule]) -> list[Schedule]:
    if len(steps) < MOST_STEPS:
        return steps
    half = MOST_STEPS // 4 * 2
    return [_mean(a, b) for a, b in list(pairwise(steps[:half]))[::2]] + steps[half:]


def _mean(a: Schedule, b: Schedule) -> Schedule:
    """Two steps as one, with the same sum of factors over all positions."""
    total = a._end + b._end
    return Constant((a(0) * a._end + b(0) * b._end) / total, total)
