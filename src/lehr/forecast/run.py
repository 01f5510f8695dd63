"""A run: its schedule, and the losses logged along the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import checks
from .rates import Array, Rates, numbers, positions, rates_of, warmup_of
from .run_warnings import Trend, trend_of

LARGEST_LOSS = 1e9


@dataclass(frozen=True, eq=False, init=False)
class Run:
    """One training run.

    Args:
        schedule: A Schedule, or an array with the rate of every update from the first on.
        at: Updates done when each loss was taken, increasing, (n,): a loss logged after the update
            with index i has ``at = i + 1``.
        loss: The losses, nats, (n,), all from the same evaluation set.
        name: The name of the run.
        warmup: Updates of the warmup; a fit ignores its losses. None takes it from the rates: the
            updates until the rate stops rising.
        ema: The smoothing of the logged losses: each is ``ema`` times the previous one plus
            ``1 - ema`` times the raw loss; 0 for raw losses. A fit smooths the law in the same way.
        noise: Relative standard deviation of a logged loss that is due to the evaluation; None
            estimates it from neighbouring losses.
        notes: How the log was read, and its problems.
        column: The column of a log that the losses come from.

    Attributes:
        rates: The rate of each update until the last loss, (updates,).

    Raises:
        ValueError: Positions are not increasing integers of at least 1; a loss is not above 0 and
            at most 1e9; the losses only rise; the two differ in length; there are fewer rates than
            updates; or another value is out of its range.

    >>> from lehr import Constant
    >>> Run(Constant(1e-3), at=[100, 200, 300], loss=[5.0, 4.5, 4.2]).updates
    300
    """

    schedule: Rates
    at: Array
    loss: Array
    name: str
    warmup: int
    ema: float
    noise: float
    notes: tuple[str, ...]
    column: str
    rates: Array = field(init=False)

    def __init__(
        self, schedule: Rates, at: ArrayLike, loss: ArrayLike, name: str = "run", warmup: int | None = None,
        ema: float = 0.0, noise: float | None = None, notes: tuple[str, ...] = (), column: str = "",
    ) -> None:  # fmt: skip
        at, loss = positions(at), numbers("loss", loss)
        _check_positions(name, at, loss)
        _check_losses(name, column, at, loss)
        for word, value in (("ema", ema), ("noise", noise or 0.0)):
            if not 0 <= value < 1:
                raise ValueError(f"{name}: `{word}` must be at least 0 and below 1, got {checks.shown(value)}")
        rates = rates_of(schedule, int(at[-1]))
        warmup = warmup_of(rates) if warmup is None else checks.integer("warmup", warmup, owner=name, least=0)
        noise = noise_of(loss[at > warmup]) if noise is None else noise
        self.__dict__.update(  # the class is frozen
            schedule=schedule, at=at, loss=loss, name=name, warmup=warmup, ema=ema, noise=noise, notes=notes,
            column=column, rates=rates,
        )  # fmt: skip
        trend = self._trend()
        if trend and trend.is_of_no_loss:
            raise ValueError(
                f"{name}: the loss{_of(column)} only rises, from {trend.loss[0]:.4g} after {trend.at[0]:,.0f} updates "
                f"to {trend.loss[-1]:.4g}, and a law is of a loss that falls: give a loss, not an accuracy, a score or "
                f"a reward; say which column, loss=..."
            )

    def _trend(self) -> Trend | None:
        return trend_of(self.at, self.loss, self.rates, self.warmup, self.noise)

    @property
    def updates(self) -> int:
        """Updates done at the last loss."""
        return int(self.at[-1])

    @property
    def peak(self) -> float:
        """The highest rate until the last loss."""
        return float(self.rates.max())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why forecasts from this run may be wrong, in words: read them before any number of a fit."""
        trend = self._trend()
        found = [*trend.warnings()] if trend else []
        if self.peak == 1:
            found.append(
                "its highest rate is 1: is its schedule a factor of a base rate? If so, multiply it by that rate, as "
                "in 6e-4 * schedule, or give it max_lr=6e-4; from factors, only what peaks at 1 can be forecast"
            )
        return tuple(f"{self.name}: {warning}." for warning in found)

    def until(self, updates: int) -> Run:
        """The run as it was when ``updates`` updates were done.

        Raises:
            ValueError: No loss had been taken by then.
        """
        keep = self.at <= updates
        if not keep.any():
            raise ValueError(f"{self.name} has no loss until update {updates}; its first is at {self.at[0]:g}")
        return replace(self, at=self.at[keep], loss=self.loss[keep])


def _check_positions(name: str, at: Array, loss: Array) -> None:
    if at.shape != loss.shape:
        raise ValueError(
            f"{name}: `at` and `loss` must have the same length, got {len(at)} positions and {loss.size} losses"
        )
    late = np.flatnonzero(np.diff(at) <= 0)
    if late.size:
        i = int(late[0]) + 1
        raise ValueError(
            f"{name}: `at` must increase, but row {i} is at {at[i]:g} after {at[i - 1]:g}; "
            f"`read_run` sorts a log and reports its problems"
        )


def _check_losses(name: str, column: str, at: Array, loss: Array) -> None:
    """The one place that says which numbers can be losses."""
    bad = np.flatnonzero(~((loss > 0) & (loss <= LARGEST_LOSS)))
    if bad.size:
        row = int(bad[0])
        raise ValueError(
            f"{name}: a loss must be above 0 and at most 1e9, got {loss[row]:g} in row {row}{_of(column)}, after "
            f"{at[row]:,.0f} updates; to a loss that has a lower bound add a constant, as in 1 - SSIM"
        )


def _of(column: str) -> str:
    return f" of `{checks.named(column)}`" if column else ""


def noise_of(loss: Array) -> float:
    """Relative noise of a loss, from the second differences of neighbours; 0 for under 8 losses.

    >>> noise_of(np.full(10, 3.0))
    0.0
    """
    if len(loss) < 8:
        return 0.0
    # The median ignores the few rows where the curve itself bends.
    return float(1.4826 * np.median(np.abs(np.diff(np.log(loss), 2))) / np.sqrt(6))


def branch(past: Run, schedule: Rates, at: ArrayLike, loss: ArrayLike, *, since: int, name: str = "branch") -> Run:
    """A run that continued another run, joined to the past that they share.

    Args:
        past: The run that was continued.
        schedule: The rates from update ``since`` on, whose position 0 is that update.
        at: Updates done at each loss, counted from the start of the past, each above ``since``.
        loss: The losses, nats.
        since: Updates of the past that both share.
        name: The name of the run.

    Raises:
        ValueError: The past is shorter than ``since``, or a loss was taken before the branch.

    >>> from lehr import Constant, Ramp
    >>> stable = Run(Constant(1e-3), at=[100, 200, 300], loss=[5.0, 4.5, 4.2])
    >>> branch(stable, Ramp(1e-3, 0, 50), at=[225, 250], loss=[4.2, 4.1], since=200).at
    array([100., 200., 225., 250.])
    """
    at = positions(at)
    if not 1 <= since <= past.updates:
        raise ValueError(f"{name} branches after update {since}, but {past.name} has losses until {past.updates} only")
    if at[0] <= since:
        counts = f"`at` counts from the start of {past.name}"
        raise ValueError(f"{name} branches after update {since}, but has a loss at {at[0]:g}; {counts}")
    rates = np.concatenate([past.rates[:since], rates_of(schedule, int(at[-1]) - since)])
    shared = past.at <= since
    at, loss = np.concatenate([past.at[shared], at]), np.concatenate([past.loss[shared], numbers("loss", loss)])
    return Run(rates, at, loss, name, past.warmup, past.ema)
