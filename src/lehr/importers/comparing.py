"""How far a schedule is from the rates of an original."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..schedules import Schedule


class Difference(NamedTuple):
    """The largest difference between a schedule and the rates of an original.

    Attributes:
        steps: How many steps were compared.
        largest: The largest difference, relative to the original's rate, or to a share of its highest rate where it is
            below that.
        at: The step where it is.
    """

    steps: int
    largest: float
    at: int


def difference(schedule: Schedule, rates: Sequence[float], smallest: float = 1e-3) -> Difference:
    """Compare a schedule with the rates of an original, of the steps from 0.

    Args:
        schedule: The schedule.
        rates: The rates of the original.
        smallest: The share of the highest rate below which a difference is relative to that share. Where a formula has
            0, a recursion leaves a rounding error, and a cosine computed as 1 + cos has few correct digits.

    >>> from lehr import Ramp
    >>> difference(Ramp(1.0, 0.0, 4), [1.0, 0.75, 0.625])
    Difference(steps=3, largest=0.2, at=2)
    """
    least = smallest * max(map(abs, rates)) or 1.0
    errors = [abs(schedule(step) - rate) / max(abs(rate), least) for step, rate in enumerate(rates)]
    largest = max(errors)
    return Difference(len(rates), largest, errors.index(largest))
