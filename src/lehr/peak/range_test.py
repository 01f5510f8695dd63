"""`RangeTest`: what the losses of a run with a rising rate say of the peak rate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plot
from ..schedules import checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..forecast.logs.sources import Source
    from ..forecast.rates import Rates

    Array = NDArray[np.float64]

POINTS = 400
WIDTH = 0.03
"""Standard deviation of the smoothing, as a share of the span of ln rate."""
FEWEST = 20
DIVERGED = 2.0
"""Losses above the first one times this are a run that has diverged; what follows says nothing."""
BELOW = 2
"""The peak is the rate of the lowest loss over this; `benchmarks.peak` measured it."""


@dataclass(frozen=True, eq=False, init=False)
class RangeTest:
    """What a range test found: a run whose rate rises from too low to too high.

    The losses are smoothed over ln rate by lines fitted to the neighbourhood (weights exp(-d^2 / 2 w^2), w = 3 % of
    the span), which gives a level and a slope.

    Args:
        lr: The rate of each update whose loss is known, rising, (n,).
        loss: The loss of that update, or after it, (n,); what is not finite ends the test.

    Attributes:
        grid: Rates at which the smoothed loss is known, evenly spaced in ln rate, (m,).
        smoothed: The smoothed loss there, (m,).
        steepest: The rate at which the smoothed loss falls fastest per ln rate.
        lowest: The rate at which the smoothed loss is lowest.

    Raises:
        ValueError: The two differ in length; there are fewer than 20 losses; the rates do not rise from above 0; the
            loss only rises, so that the test began too high; it falls to the end, so that it ended too low; or it
            falls by no more than it scatters.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186. fastai (Howard and Gugger, 2020,
        https://arxiv.org/abs/2002.04688) takes a tenth of the rate of the lowest loss, or that where it falls fastest;
        docs/peak.md has what each rule cost.

    >>> import numpy as np, lehr
    >>> lr = lehr.range_test(200, min_lr=1e-6, max_lr=1.0)(np.arange(200))
    >>> loss = 3 - np.tanh(np.log10(lr / 1e-3)) + 30 * lr
    >>> found = RangeTest(lr, loss)
    >>> print(f"lowest at {found.lowest:.1e}, steepest at {found.steepest:.1e}: a peak of {found.max_lr:.1e}")
    lowest at 7.1e-03, steepest at 8.4e-04: a peak of 3.5e-03
    """

    grid: Array
    smoothed: Array
    steepest: float
    lowest: float
    lr: Array
    loss: Array

    def __init__(self, lr: ArrayLike, loss: ArrayLike) -> None:
        rates, losses = _checked(np.asarray(lr, float), np.asarray(loss, float))
        grid, smoothed, slope = _smoothed(rates, losses)
        lowest = int(np.argmin(smoothed))
        if lowest == 0:
            raise ValueError(
                f"RangeTest: the loss only rises, from a rate of {grid[0]:.2g} on: begin lower, with a smaller `min_lr`"
            )
        if lowest == len(grid) - 1:
            raise ValueError(
                f"RangeTest: the loss falls up to the last rate, {grid[-1]:.2g}: go on higher, with a larger `max_lr`"
            )
        scatter = float(np.std(losses - np.interp(np.log(rates), np.log(grid), smoothed)))
        if smoothed[0] - smoothed[lowest] <= max(scatter, 1e-6 * abs(smoothed[0])):
            raise ValueError(
                f"RangeTest: the loss falls by no more than it scatters, from {smoothed[0]:.4g} to "
                f"{smoothed[lowest]:.4g}: take a longer test, or the training loss of each update"
            )
        self.__dict__.update(  # the class is frozen
            grid=grid,
            smoothed=smoothed,
            steepest=float(grid[np.argmin(slope[: lowest + 1])]),
            lowest=float(grid[lowest]),
            lr=rates,
            loss=losses,
        )

    @property
    def max_lr(self) -> float:
        """The peak rate to start with: half of that of the lowest loss, to two digits."""
        return float(f"{self.lowest / BELOW:.1e}")

    def plot(self, ax: Any = None) -> Any:
        """Draw the losses over the rate, with the three rates marked, on the Axes given or on new ones.

        Returns:
            The Axes.

        Raises:
            ImportError: matplotlib is missing.
        """
        ax = ax or plot.new_axes()
        ax.plot(self.lr, self.loss, ".", color="0.75", markersize=3)
        ax.plot(self.grid, self.smoothed, color="black")
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        for rate, word in ((self.max_lr, "peak"), (self.steepest, "steepest"), (self.lowest, "lowest")):
            level = float(np.interp(np.log(rate), np.log(self.grid), self.smoothed))
            ax.plot(rate, level, "o", color="black")
            ax.annotate(f"{word} {rate:.1e}", (rate, level), xytext=(4, 6), textcoords="offset points")
        return ax


def read_range_test(
    source: Source | str | os.PathLike[str],
    schedule: Rates | None = None,
    *,
    step: str | None = None,
    loss: str | None = None,
    lr: str | None = None,
    where: Mapping[str, object] | None = None,
    name: str | None = None,
) -> RangeTest:
    """Read a range test from its log.

    Args:
        source: A log of any kind that `lehr.forecast.read_run` reads, with a row for each update or for every few.
        schedule: What it followed, ``lehr.range_test(...)``; None takes the logged rates.
        step: The column of positions; None for a column with a usual name. So for ``loss`` and ``lr``; the training
            loss is preferred here, since it is known at each rate.
        loss: See ``step``.
        lr: See ``step``.
        where: Only rows that have these values.
        name: The name of the run in errors; None for the file's name.

    Raises:
        ValueError: A column is missing or ambiguous, no rates are known, or it is no range test (see `RangeTest`).

    >>> import numpy as np, lehr
    >>> schedule = lehr.range_test(200, min_lr=1e-6, max_lr=1.0)
    >>> lr = schedule(np.arange(200))
    >>> log = {"step": np.arange(200), "train_loss": 3 - np.tanh(np.log10(lr / 1e-3)) + 30 * lr}
    >>> read_range_test(log, schedule).max_lr
    0.0035
    """
    from ..forecast.logs.columns import Columns, having
    from ..forecast.logs.sources import read_entries
    from ..forecast.logs.values import numbers
    from ..forecast.rates import rates_of

    label = checks.named(name or (Path(source).stem if isinstance(source, str | os.PathLike) else "run"))
    entries = having(read_entries(source), where, label)
    columns = Columns(label, entries, step, loss, lr, None, prefers="training")
    columns.check_unit(None)
    log, _ = numbers(columns, entries)
    log = log.take(np.argsort(log.at, kind="stable"))
    index = (log.at - columns.counts_updates).astype(int)
    if schedule is not None:
        rates = rates_of(schedule, int(index.max()) + 1)[np.maximum(index, 0)]
    elif columns.lr:
        rates = log.rate
    else:
        raise ValueError(f"{label} has no column of rates; say which column has them, lr=..., or give the schedule")
    known = np.isfinite(rates) & ~np.isnan(log.loss)  # a row without a loss is one of something else
    return RangeTest(rates[known], log.loss[known])


def _checked(rates: Array, losses: Array) -> tuple[Array, Array]:
    """Both, up to where the run diverged."""
    if rates.ndim != 1 or rates.shape != losses.shape:
        raise ValueError(f"RangeTest: `lr` and `loss` must be as long, got {rates.shape} and {losses.shape}")
    finite = np.isfinite(losses)
    end = len(losses) if finite.all() else int(np.argmin(finite))
    rates, losses = rates[:end], losses[:end]
    if end < FEWEST:
        raise ValueError(
            f"RangeTest: at least {FEWEST} losses are needed, got {end} until the first that is not finite"
        )
    if not (rates > 0).all() or not (np.diff(rates) > 0).all():
        bad = int(np.argmax((rates <= 0) | (np.diff(rates, prepend=0) <= 0)))
        raise ValueError(
            f"RangeTest: the rates must rise from above 0, and that of row {bad} is {rates[bad]:.3g}; was it a run "
            f"with lehr.range_test(...)?"
        )
    high = np.flatnonzero(losses > DIVERGED * np.median(losses[: FEWEST // 4]))
    end = max(int(high[0]), FEWEST) if high.size else end
    return rates[:end], losses[:end]


def _smoothed(rates: Array, losses: Array) -> tuple[Array, Array, Array]:
    """A grid of rates, and the level and slope of the loss over ln rate there."""
    x = np.log(rates)
    grid = np.linspace(x[0], x[-1], POINTS)
    away = x[None, :] - grid[:, None]
    weight = np.exp(-0.5 * (away / (WIDTH * (x[-1] - x[0]))) ** 2)
    s0, s1, s2 = (np.sum(weight * away**k, axis=1) for k in range(3))
    t0, t1 = (np.sum(weight * away**k * losses, axis=1) for k in range(2))
    determinant = s0 * s2 - s1**2
    return np.exp(grid), (s2 * t0 - s1 * t1) / determinant, (s0 * t1 - s1 * t0) / determinant
