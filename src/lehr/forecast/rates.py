"""The rate of every update of a run, which is what a law is evaluated on."""

from __future__ import annotations

from math import log
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..schedules import Schedule, checks

Array: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Rates: TypeAlias = Schedule | ArrayLike
"""A Schedule, or an array with the rate of every update from the first on."""

SMALLEST_RATE = 1e-12  # lower rates, and lower shares of a peak, count as this, so that they have a logarithm
LARGEST_RATE = 1e6  # higher rates are refused: the exponentials of a law would overflow
LONGEST_RUN = 10_000_000  # updates; each takes about 80 bytes and 0.2 microseconds in a fit


def numbers(name: str, values: ArrayLike) -> Array:
    """``values`` as an array of floats with at least one axis.

    Raises:
        ValueError: One is not a number, or is beyond the range of a float.
    """
    try:
        return np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"`{name}` must be a sequence of numbers, got {checks.shown(values)}") from None


def _check_updates(updates: int) -> None:
    if updates > LONGEST_RUN:
        raise ValueError(
            f"a run may have at most {LONGEST_RUN:,} updates, got {updates:,.0f}; count updates of the optimizer: "
            f"divide samples or tokens by those of an update"
        )


def rates_of(schedule: Rates, updates: int) -> Array:
    """The rate of each of the first ``updates`` updates, (updates,).

    Raises:
        ValueError: A rate is not a number from 0 to `LARGEST_RATE`, there are fewer rates than
            updates, or there are more than `LONGEST_RUN` updates.

    >>> from lehr import Ramp
    >>> rates_of(Ramp(0.0, 1.0, 4), 6)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ])
    """
    _check_updates(updates)
    if isinstance(schedule, Schedule):
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            rates = np.asarray(schedule(np.arange(float(updates))))
    else:
        rates = numbers("rates", schedule)
        if rates.ndim != 1 or len(rates) < updates:
            raise ValueError(
                f"rates must be one number for each of the {updates} updates, got an array of shape {rates.shape}; "
                f"a Schedule gives a rate at any position"
            )
        rates = rates[:updates]
    bad = np.flatnonzero(~((rates >= 0) & (rates <= LARGEST_RATE)))
    if bad.size:
        raise ValueError(f"rates must be from 0 to {LARGEST_RATE:,.0f}, got {rates[bad[0]]:g} for update {bad[0]}")
    return rates


def positions(at: ArrayLike) -> Array:
    """``at`` as counts of updates done, (n,).

    Raises:
        ValueError: It is empty, or a position is not an integer from 1 to `LONGEST_RUN`.
    """
    counts = numbers("at", at)
    wrong = counts[~((counts >= 1) & (counts % 1 == 0))] if counts.ndim == 1 else counts
    if wrong.size or not counts.size:
        value = f"{wrong.flat[0]:g}" if wrong.size else "none"
        raise ValueError(f"`at` counts updates done: it must be a sequence of integers of at least 1, got {value}")
    _check_updates(counts.max())
    return counts


def check_peaks(owner: str, *peaks: float) -> None:
    """Refuse peak rates that are not learning rates in ascending order."""
    if not all(SMALLEST_RATE <= peak <= LARGEST_RATE for peak in peaks) or list(peaks) != sorted(peaks):
        order = ", in ascending order" if len(peaks) > 1 else ""
        rule = f"must be from {SMALLEST_RATE:g} to {LARGEST_RATE:g}{order}"
        raise ValueError(f"the peak rates of {owner} {rule}, got {', '.join(map(checks.shown, peaks))}")


def log_rates(rates: Array) -> Array:
    """ln of each rate; rates below `SMALLEST_RATE` count as that."""
    return np.asarray(np.log(np.maximum(rates, SMALLEST_RATE)))


def warmup_of(rates: Array) -> int:
    """Updates until the rate first stops rising, 0 if it starts at its highest.

    >>> warmup_of(np.array([0.0, 1.0, 2.0, 2.0, 1.0]))
    2
    """
    falls = np.flatnonzero(np.diff(rates) <= 0)
    # A log repeats each rate until its next row, so a plateau ends the warmup only near the top.
    high = falls[rates[falls] >= 0.9 * rates.max()]
    return int(high[0]) if high.size else len(rates)


def peak_distance(peak: float, known: tuple[float, float]) -> float:
    """The logarithm of how far a peak rate is outside the range of those known, 0 inside it.

    >>> round(peak_distance(1e-3, (3e-4, 5e-4)), 3), peak_distance(4e-4, (3e-4, 5e-4))
    (0.693, 0.0)
    """
    return max(log(peak / known[1]), log(known[0] / peak), 0.0)


def whole_run(schedule: Rates, stop: int | None = None) -> Array:
    """200 positions from the end of the warmup to ``stop``; None for the end of the schedule.

    Raises:
        ValueError: It never ends, and ``stop`` is None.
    """
    end = stop or (schedule.length if isinstance(schedule, Schedule) else len(numbers("rates", schedule)))
    if end is None:
        raise ValueError(f"{checks.shown(schedule)} never ends: give the positions of the forecast, at=[...]")
    start = min(warmup_of(rates_of(schedule, int(end))) + 1, int(end))
    return np.unique(np.linspace(start, int(end), 200).round())
