"""Cycles that each are a factor longer than the one before."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Any

MOST = 10_000
"""Cycles whose starts are added up. Only factors very near to 1 have more of them before the end of any run."""


class Cycles:
    """Where cycles of growing length start.

    The first starts are cumulative sums, computed when they are needed: a logarithm would find the cycle at
    once, but at some exact restarts the wrong one. Beyond `MOST` a start is the sum of the geometric series,
    which is exact to a few units in the last place of the position.

    Args:
        length: Length of the first.
        factor: How many times as long each is as the one before; not 1.
        times: How many there are; None for no end.
    """

    def __init__(self, length: float, factor: float, times: int | None) -> None:
        self._starts: list[float] = [0]
        self._first, self._length, self._factor, self._times = length, length, factor, times

    def near(self, t: float) -> list[float]:
        """The starts up to position ``t``, without those beyond `MOST`."""
        starts = self._starts
        while len(starts) != self._times and len(starts) <= MOST and starts[-1] + self._length <= t:
            starts.append(starts[-1] + self._length)
            self._length *= self._factor
        return starts

    def at(self, t: float) -> tuple[int, float]:
        """The index of the cycle around position ``t``, and its start."""
        starts = self.near(t)
        if len(starts) > MOST and t >= starts[-1]:
            index, start = self.far(t, math)
            return index, min(t, start)
        index = bisect_right(starts, t) - 1
        return index, starts[index]

    def start(self, index: int) -> float:
        """Where the cycle of that index starts."""
        starts = self._starts
        while len(starts) <= min(index, MOST):
            self.near(starts[-1] + self._length)
        return starts[index] if index <= MOST else self._after(index - MOST, math)

    def far(self, t: Any, functions: Any) -> tuple[Any, Any]:
        """The index and the start of the cycle around a position beyond `MOST`, by the functions of `math` or tensors.

        Where the position is rounded, the start may be above it by a unit in the last place.
        """
        grown = (t - self._starts[-1]) * (self._factor - 1) / length_beyond(self._first, self._factor)
        n = functions.floor(functions.log1p(grown) / math.log(self._factor))
        n = n + ((self._after(n + 1, functions) <= t) - (self._after(n, functions) > t))  # the logarithm is rounded
        return MOST + n, self._after(n, functions)

    def _after(self, n: Any, functions: Any) -> Any:
        """The start of the cycle that is ``n`` after the last one whose start was added up."""
        growth = functions.expm1(n * math.log(self._factor)) / (self._factor - 1)
        return self._starts[-1] + length_beyond(self._first, self._factor) * growth


def length_beyond(length: float, factor: float) -> float:
    """Length of the cycle with the index `MOST`, rounded once and not ten thousand times."""
    return length * float(factor) ** MOST


def cycles_before(position: float, length: float, factor: float) -> int:
    """How many cycles begin before ``position``, at least 1, if each is ``factor`` times as long as the one before.

    >>> cycles_before(71, length=10, factor=2)  # they begin at 0, 10, 30 and 70
    4
    """
    if factor == 1:
        return max(1, math.ceil(position / length))
    index, start = Cycles(length, factor, None).at(position)
    return max(1, index + (start < position))
