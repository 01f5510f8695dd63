"""A run: its schedule, and the losses logged along the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..schedules import Schedule
from .knots import Array, Path, compress, positions, rates_of

ROWS = 60
"""Rows of a run that a fit uses: losses so close together err together, so more teach nothing."""
SPIKE = 0.05
"""A loss this share above both its neighbours is a spike."""


class RunWarning(UserWarning):
    """Something in a log that a law cannot explain; the run is used without it."""


@dataclass(frozen=True, eq=False)
class Run:
    """One training run.

    Args:
        schedule: A Schedule, or an array with the rate of every update from the first one on.
        at: Updates done when each loss was taken, increasing, (n,): a loss logged after the update
            with index i has ``at = i + 1``.
        loss: The losses, nats, (n,).
        name: What to call the run.
        warmup: Updates of the warmup; its losses are left out of a fit. None reads it off the
            rates: the updates until the rate first stops rising.
        ema: The smoothing of the logged losses: each is ``ema`` times the one before plus
            ``1 - ema`` times the loss itself; 0 for raw losses. A forecast of such a run is
            filtered the same way.
        noise: Relative standard deviation of one logged loss that is due to the evaluation.

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
    noise: float = 0.0
    notes: tuple[str, ...] = field(default=())

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
        if not 0 <= self.noise < 1:
            raise ValueError(f"{self.name}: `noise` must be at least 0 and below 1, got {self.noise!r}")
        rates = rates_of(self.schedule, int(at[-1]))
        warmup = warmup_of(rates) if self.warmup is None else int(self.warmup)
        for name, value in {"at": at, "loss": loss, "warmup": warmup, "rates": rates}.items():
            object.__setattr__(self, name, value)

    @property
    def updates(self) -> int:
        """Updates done at the last loss."""
        return int(self.at[-1])

    @property
    def peak(self) -> float:
        """The highest rate until the last loss."""
        return float(np.max(self.rates))  # type: ignore[attr-defined]

    def rows(self, most: int = ROWS) -> Any:
        """Indices of the rows a fit uses: after the warmup, half spread evenly and half by ratio.

        Raises:
            ValueError: No loss was taken after the warmup.
        """
        usable = np.flatnonzero(self.at > (self.warmup or 0))
        if not usable.size:
            raise ValueError(
                f"{self.name} ends at update {self.updates}, within its warmup of {self.warmup}: nothing can be "
                f"fitted to it; give losses after the warmup"
            )
        if len(usable) <= most:
            return usable
        at = self.at[usable]
        even = np.linspace(at[0], at[-1], most - most // 2)
        ratio = np.geomspace(at[0], at[-1], most // 2)
        return usable[np.unique(np.searchsorted(at, np.concatenate([even, ratio]) * (1 - 1e-12)))]

    def path(self, rows: Any) -> Path:
        """The compressed schedule at those rows."""
        return compress(self.rates, self.at[rows])  # type: ignore[attr-defined]


def warmup_of(rates: Array) -> int:
    """Updates until the rate first stops rising, 0 if it starts at its highest.

    >>> warmup_of(np.array([0.0, 1.0, 2.0, 2.0, 1.0]))
    2
    """
    falls = np.flatnonzero(np.diff(rates) <= 0)
    # A log repeats each rate until its next row, so a plateau counts only where the rate is high.
    high = falls[rates[falls] >= 0.9 * rates.max()]
    return int(high[0]) if high.size else len(rates) - 1
