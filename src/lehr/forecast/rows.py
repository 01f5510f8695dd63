"""The losses of all runs as one fit sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .knots import Array, Ints, Path, compress, join
from .laws import Formula
from .runs import Run

EARLY = 0.03
"""Share of the longest run whose losses are left out: no law holds so early."""
FINE = 1e-3
"""Relative noise at which a loss weighs half as much."""


@dataclass(frozen=True)
class Rows:
    """All losses of a fit.

    Attributes:
        path: The schedules at m positions.
        first: Index of each loss's first position, (n,); a smoothed loss has several.
        share: What each position adds to its loss, (m,).
        log_loss: ln of each loss, (n,).
        weight: Of each loss, (n,): 1, or less where it is noisy.
        owner: Index of each loss's run, (n,).
    """

    path: Path
    first: Ints
    share: Array
    log_loss: Array
    weight: Array
    owner: Ints

    def errors(self, formula: Formula, theta: Array) -> Array:
        """|ln predicted - ln logged| of each loss, (n,), whatever it weighs."""
        return np.asarray(np.abs(self.residuals(formula, theta)[0]) / self.weight)

    def residuals(self, formula: Formula, theta: Array) -> tuple[Array, Array]:
        """Weighted ln predicted - ln logged, (n,), and its derivative by constants."""
        loss, jacobian = formula.evaluate(theta, self.path)
        if len(self.first) < len(loss):
            loss = np.add.reduceat(self.share * loss, self.first)
            jacobian = np.add.reduceat(self.share[:, None] * jacobian, self.first)
        # A trial step may drive the loss below 0, where no logarithm is.
        loss = np.maximum(loss, 1e-3)
        return self.weight * (np.log(loss) - self.log_loss), jacobian * (self.weight / loss)[:, None]


# Nodes and weights of the mean over an exponential past: exact for any quintic.
_LAGS, _SHARES = np.polynomial.laguerre.laggauss(3)


def rows_of(runs: Sequence[Run]) -> Rows:
    """What a fit of these runs uses.

    Raises:
        ValueError: No run has a loss after its warmup and after the first `EARLY` of the longest.
    """
    early = EARLY * max(run.updates for run in runs)
    found = [rows for index, run in enumerate(runs) if (rows := _rows_of_one(run, early, index)) is not None]
    if not found:
        names = ", ".join(f"{run.name} (until {run.updates}, warmup {run.warmup})" for run in runs)
        raise ValueError(f"no run has a loss after its warmup: {names}; give losses from after the warmup")
    offsets = np.cumsum([0, *(len(rows.share) for rows in found)])
    return Rows(
        join([rows.path for rows in found]),
        np.concatenate([rows.first + offset for rows, offset in zip(found, offsets, strict=False)]),
        *(np.concatenate([getattr(rows, name) for rows in found]) for name in ("share", "log_loss", "weight", "owner")),
    )


def _rows_of_one(run: Run, early: float, index: int) -> Rows | None:
    at, log_loss, noise = run.observations(early)
    if not len(at):
        return None
    share = np.ones((len(at), 1))
    if run.ema:
        every = float(np.median(np.diff(run.at))) if len(run.at) > 1 else 1.0
        lag = _LAGS * run.ema / (1 - run.ema) * every
        at = np.maximum(np.round(at[:, None] - lag), run.at[0])
        share = share * _SHARES
    first = np.arange(len(share)) * share.shape[1]
    weight = FINE / np.hypot(FINE, noise)
    return Rows(compress(run.rates, at.ravel()), first, share.ravel(), log_loss, weight, np.full(len(first), index))
