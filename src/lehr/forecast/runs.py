"""A run: its schedule, and the losses logged along the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..schedules import Schedule
from .knots import Array, Ints, positions, rates_of

ROWS = 60
"""Rows of a run that a fit uses: losses close together err together, so more would teach nothing."""
COARSE = 1e-3
"""Relative noise of a logged loss above which neighbouring rows are averaged."""


@dataclass(frozen=True, eq=False)
class Run:
    """One training run.

    Args:
        schedule: A Schedule, or an array with the rate of every update from the first one on.
        at: Updates done when each loss was taken, increasing, (n,): a loss logged after the update
            with index i has ``at = i + 1``.
        loss: The losses, nats, (n,), all from one evaluation set.
        name: What to call the run.
        warmup: Updates of the warmup; its losses are left out of a fit. None reads it off the
            rates: the updates until the rate stops rising.
        ema: The smoothing of the logged losses: each is ``ema`` times the one before plus
            ``1 - ema`` times the loss itself; 0 for raw losses. Such losses lag, and the law that
            is fitted to them is filtered alike.
        noise: Relative standard deviation of one logged loss that is due to the evaluation; None
            reads it off neighbouring rows.
        notes: What a reader found in the log.
        measure: What a reader took for the losses: the name of their column.

    Attributes:
        rates: The rate of each update until the last loss, (updates,).

    Raises:
        ValueError: Positions are not whole, increasing and at least 1; a loss is not finite and
            above 0; the two differ in length; there are fewer rates than updates.

    >>> from lehr import Constant
    >>> Run(Constant(1e-3), at=[100, 200, 300], loss=[5.0, 4.5, 4.2]).updates
    300
    """

    schedule: Schedule | Any
    at: Any
    loss: Any
    name: str = "run"
    warmup: int | None = None
    ema: float = 0.0
    noise: float | None = None
    notes: tuple[str, ...] = ()
    measure: str = ""
    rates: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        at, loss = positions(self.at), np.atleast_1d(np.asarray(self.loss, dtype=float))
        if at.shape != loss.shape:
            raise ValueError(
                f"{self.name}: `at` and `loss` must pair up, got {len(at)} positions and {len(loss)} losses"
            )
        late = np.flatnonzero(np.diff(at) <= 0)
        if late.size:
            i = int(late[0]) + 1
            raise ValueError(
                f"{self.name}: `at` must increase, and row {i} is at {at[i]:g} after {at[i - 1]:g}; "
                f"`read_run` sorts a log and says what it found"
            )
        bad = np.flatnonzero(~(np.isfinite(loss) & (loss > 0)))
        if bad.size:
            raise ValueError(f"{self.name}: a loss must be finite and above 0, got {loss[bad[0]]} in row {bad[0]}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"{self.name}: `ema` must be at least 0 and below 1, got {self.ema!r}")
        if self.noise is not None and not 0 <= self.noise < 1:
            raise ValueError(f"{self.name}: `noise` must be at least 0 and below 1, got {self.noise!r}")
        self._set("at", at)
        self._set("loss", loss)
        self._set("rates", rates_of(self.schedule, int(at[-1])))
        warmup = warmup_of(self.rates) if self.warmup is None else int(self.warmup)
        self._set("warmup", warmup)
        if self.noise is None:
            self._set("noise", noise_of(loss[at > warmup]))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def updates(self) -> int:
        """Updates done at the last loss."""
        return int(self.at[-1])

    @property
    def peak(self) -> float:
        """The highest rate until the last loss."""
        return float(self.rates.max())

    def until(self, updates: int) -> Run:
        """The run as it was when ``updates`` updates were done.

        Raises:
            ValueError: No loss had been taken by then.
        """
        keep = self.at <= updates
        if not keep.any():
            raise ValueError(f"{self.name} has no loss until update {updates}; its first is at {self.at[0]:g}")
        return Run(
            self.schedule,
            self.at[keep],
            self.loss[keep],
            self.name,
            self.warmup,
            self.ema,
            self.noise,
            self.notes,
            self.measure,
        )

    def observations(self, after: float = 0) -> tuple[Array, Array, Array]:
        """What a fit uses: positions, ln losses and their relative noise, each (rows,).

        Only losses after the warmup and after ``after``; about `ROWS` of them, half spread evenly
        and half by ratio; where single losses are noisy, each is the mean over its neighbourhood.
        """
        usable = np.flatnonzero(self.at > max(self.warmup or 0, after))
        at, log_loss, noise = self.at[usable], np.log(self.loss[usable]), self.noise or 0.0
        rows = _spread(at, ROWS)
        if noise < COARSE or len(at) < 2 * len(rows) or not len(rows):
            return at[rows], log_loss[rows], np.full(len(rows), noise)
        edges = np.concatenate([[0], (rows[1:] + rows[:-1] + 1) // 2])
        counts = np.diff(edges, append=len(at))
        mean_at = np.round(np.add.reduceat(at, edges) / counts)
        return mean_at, np.add.reduceat(log_loss, edges) / counts, noise / np.sqrt(counts)


def _spread(at: Array, most: int) -> Ints:
    """Indices of at most ``most`` of the positions, half of them even and half by ratio."""
    if len(at) <= most:
        return np.arange(len(at))
    even = np.linspace(at[0], at[-1], most - most // 2)
    ratio = np.geomspace(at[0], at[-1], most // 2)
    # A hair below, so that rounding does not push the last position past the end.
    return np.unique(np.searchsorted(at, np.concatenate([even, ratio]) * (1 - 1e-12)))


def warmup_of(rates: Array) -> int:
    """Updates until the rate first stops rising, 0 if it starts at its highest.

    >>> warmup_of(np.array([0.0, 1.0, 2.0, 2.0, 1.0]))
    2
    """
    falls = np.flatnonzero(np.diff(rates) <= 0)
    # A log repeats each rate until its next row, so a plateau ends the warmup only near the top.
    high = falls[rates[falls] >= 0.9 * rates.max()]
    return int(high[0]) if high.size else len(rates)


def noise_of(loss: Array) -> float:
    """Relative noise of one loss, from the second differences of neighbours; 0 for under 8 losses.

    >>> noise_of(np.full(10, 3.0))
    0.0
    """
    if len(loss) < 8:
        return 0.0
    # The median forgives the few rows where the curve itself bends.
    return float(1.4826 * np.median(np.abs(np.diff(np.log(loss), 2))) / np.sqrt(6))


def branch(past: Run, schedule: Schedule | Any, at: Any, loss: Any, *, since: int, name: str = "branch") -> Run:
    """A run that continued another: joined to the past it shares.

    Args:
        past: The run it left.
        schedule: Its rates from update ``since`` on, counting from their own 0.
        at: Updates done at each of its losses, counted from the start of the past, each above
            ``since``.
        loss: Its losses, nats.
        since: Updates of the past that both share.
        name: What to call it.

    Raises:
        ValueError: The past is shorter than ``since``, or a loss was taken before the branch.

    >>> from lehr import Constant, Ramp
    >>> stable = Run(Constant(1e-3), at=[100, 200, 300], loss=[5.0, 4.5, 4.2])
    >>> branch(stable, Ramp(1e-3, 0, 50), at=[225, 250], loss=[4.2, 4.1], since=200).at
    array([100., 200., 225., 250.])
    """
    at = positions(at)
    if not 1 <= since <= past.updates:
        raise ValueError(f"{name} left {past.name} after update {since}, which has losses until {past.updates} only")
    if at[0] <= since:
        raise ValueError(
            f"{name} left {past.name} after update {since}, and has a loss at {at[0]:g}; "
            f"`at` counts from the start of the past"
        )
    rates = np.concatenate([past.rates[:since], rates_of(schedule, int(at[-1]) - since)])
    shared = past.at <= since
    both = np.concatenate([past.at[shared], at]), np.concatenate([past.loss[shared], np.asarray(loss, dtype=float)])
    return Run(rates, *both, name=name, warmup=past.warmup, ema=past.ema)
