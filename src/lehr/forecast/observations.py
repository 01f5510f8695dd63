"""The losses of all runs, as a fit uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .laws import LossFormula
from .rates import Array, Ints
from .run import Run
from .trajectory import Trajectory, compress, join

EARLY = 0.03  # share of the longest run whose losses are ignored: no law is valid so early
MOST = 60  # losses of a run that a fit uses: neighbours have the same error, so more would add nothing
COARSE = 1e-3  # relative noise of a loss above which neighbours are averaged
FINE = 1e-3  # relative noise at which a loss has half the weight


@dataclass(frozen=True)
class Observations:
    """All losses of a fit."""

    trajectory: Trajectory  # the schedules at m positions
    first: Ints  # index of the first position of each loss, (n,); a smoothed loss has several
    share: Array  # the share of each position in its loss, (m,)
    log_loss: Array  # ln of each loss, (n,)
    weight: Array  # of each loss, (n,): 1, or less where it is noisy
    run: Ints  # index of the run of each loss, (n,)

    def errors(self, formula: LossFormula, theta: Array) -> Array:
        """|ln predicted - ln logged| of each loss, (n,), whatever its weight."""
        return np.asarray(np.abs(self.residuals(formula, theta)[0]) / self.weight)

    def residuals(self, formula: LossFormula, theta: Array) -> tuple[Array, Array]:
        """Weighted ln predicted - ln logged, (n,), and its derivative by the constants."""
        loss, jacobian = formula.evaluate(theta, self.trajectory)
        if len(self.first) < len(loss):
            loss = np.add.reduceat(self.share * loss, self.first)
            jacobian = np.add.reduceat(self.share[:, None] * jacobian, self.first)
        # A trial step may push the loss below 0, where it has no logarithm.
        loss = np.maximum(loss, 1e-3)
        return self.weight * (np.log(loss) - self.log_loss), jacobian * (self.weight / loss)[:, None]


# Nodes and weights of the mean over an exponential past: exact for any quintic.
_LAGS, _SHARES = np.polynomial.laguerre.laggauss(3)


def observations_of(runs: Sequence[Run]) -> Observations:
    """The losses that a fit of these runs uses.

    Raises:
        ValueError: No run has a loss after its warmup and after the first `EARLY` of the longest.
    """
    early = EARLY * max(run.updates for run in runs)
    parts = [part for index, run in enumerate(runs) if (part := _of_one(run, early, index)) is not None]
    if not parts:
        names = ", ".join(f"{run.name} (until {run.updates}, warmup {run.warmup})" for run in runs)
        raise ValueError(f"no run has a loss after its warmup: {names}; a fit needs losses from after the warmup")
    offsets = np.cumsum([0, *(len(part.share) for part in parts)])
    return Observations(
        join([part.trajectory for part in parts]),
        np.concatenate([part.first + offset for part, offset in zip(parts, offsets, strict=False)]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("share", "log_loss", "weight", "run")),
    )


def _of_one(run: Run, early: float, index: int) -> Observations | None:
    at, log_loss, noise = thinned(run, early)
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
    return Observations(
        compress(run.rates, at.ravel()), first, share.ravel(), log_loss, weight, np.full(len(first), index)
    )


def thinned(run: Run, after: float = 0) -> tuple[Array, Array, Array]:
    """The part of a run's log that a fit uses: positions, ln losses and their relative noise, each (rows,).

    Only losses after the warmup and after ``after``; about `MOST` of them, half spaced evenly and
    half by ratio; where single losses are noisy, each is the mean over its neighbourhood.
    """
    usable = np.flatnonzero(run.at > max(run.warmup, after))
    at, log_loss = run.at[usable], np.log(run.loss[usable])
    rows = _spread(at, MOST)
    if run.noise < COARSE or len(at) < 2 * len(rows) or not len(rows):
        return at[rows], log_loss[rows], np.full(len(rows), run.noise)
    edges = np.concatenate([[0], (rows[1:] + rows[:-1] + 1) // 2])
    counts = np.diff(edges, append=len(at))
    mean_at = np.round(np.add.reduceat(at, edges) / counts)
    return mean_at, np.add.reduceat(log_loss, edges) / counts, run.noise / np.sqrt(counts)


def _spread(at: Array, most: int) -> Ints:
    """Indices of at most ``most`` of the positions, half of them even and half by ratio."""
    if len(at) <= most:
        return np.arange(len(at))
    even = np.linspace(at[0], at[-1], most - most // 2)
    ratio = np.geomspace(at[0], at[-1], most // 2)
    # A hair below, so that rounding does not push the last position past the end.
    return np.unique(np.searchsorted(at, np.concatenate([even, ratio]) * (1 - 1e-12)))
