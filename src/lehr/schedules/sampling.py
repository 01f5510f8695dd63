"""The positions at which to look at a schedule: enough to see its jumps and its peaks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, overload

if TYPE_CHECKING:
    from .backends import Array


class Describable(Protocol):
    """What is asked of a schedule here and in `description`; `Schedule` imports that file, so it cannot be imported."""

    @property
    def length(self) -> float | None: ...
    @overload
    def __call__(self, position: float) -> float: ...
    @overload
    def __call__(self, position: Array) -> Array: ...
    def breaks(self, stop: float | None = None, most: int = ..., *, start: float = 0) -> list[float]: ...
    def _changes(self, start: float, stop: float) -> Iterator[float]: ...
    def _inside_cycle(self, position: float) -> bool: ...


def spread(count: int, stop: float) -> Array:
    """So many positions all over [0, stop), in order.

    They follow the golden ratio: evenly spaced ones could fall into step with short cycles and miss their peaks.

    >>> spread(4, stop=100).round().tolist()
    [0.0, 24.0, 62.0, 85.0]
    """
    import numpy as np

    shares: Array = np.arange(count) * (math.sqrt(5) - 1) / 2 % 1
    return np.sort(shares) * stop


def lowest(schedule: Describable, most: int = 10_000) -> tuple[float, float]:
    """The lowest rate of a schedule at the positions that are looked at, and where it has it.

    Of a schedule that never ends, the first million positions are looked at.
    """
    stop = 1e6 if schedule.length is None else schedule.length
    where = positions(schedule, stop, most)
    rates = schedule(where)
    return float(rates.min()), float(where[rates.argmin()])


def positions(schedule: Describable, stop: float, most: int) -> Array:
    """Positions from 0 to ``stop``, both included, sorted and distinct.

    If the run has at most ``most`` updates, each update is among them.

    Args:
        schedule: What is looked at.
        stop: The last position.
        most: How many are spread over the run. Beside them stand the two sides of every break, of the first
            ``most`` breaks.

    >>> from lehr import Constant
    >>> two_stairs = Constant(1.0, 5).then(Constant(0.5, 5))
    >>> positions(two_stairs, stop=10, most=1).tolist()
    [0.0, 4.999999999999999, 5.0, 9.999999999999998, 10.0]
    """
    import numpy as np

    edges = np.array([*schedule.breaks(stop, most), stop], dtype=np.float64)
    updates = np.arange(math.ceil(stop) if stop <= most else 1, dtype=np.float64)
    return np.unique(np.concatenate([updates, spread(most, stop), np.nextafter(edges, 0), edges]))
