"""The losses of all runs, as a fit uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .model import LossModel
from .rates import Array, Ints
from .run import Run
from .trajectory import CLOCK, Trajectory, compress, join

EARLY = 0.05  # share of the longest run whose losses are ignored: no law is valid so early
DESCENT = 0.1  # share of the longest run whose losses do not count in its fall
MOST = 60  # losses of a run that a fit uses: neighbours have the same error, so more would add nothing
COARSE = 1e-3  # relative noise of a loss above which neighbours are averaged
FINE = 5e-3  # noise at which a loss has half the weight, in falls
SEED_ERROR = 0.03
"""The spread of seeds at the end of the warmup, in falls. It decays as progress squared."""


@dataclass(frozen=True)
class Observations:
    """All losses of a fit, run by run, those with one peak together.

    Attributes:
        trajectories: The schedules at m positions in all, one trajectory for each peak.
        first: Index of the first position of each loss, (n,); a smoothed loss has several.
        share: The share of each position in its loss, (m,).
        loss: Each loss, nats, (n,).
        noise: The noise of its evaluation, nats, (n,).
        seed: Its `seed_share`, (n,).
        run: Index of the run of each loss, (n,).
        fall: What the longest run lost after its first tenth, nats.
    """

    trajectories: tuple[Trajectory, ...]
    first: Ints
    share: Array
    loss: Array
    noise: Array
    seed: Array
    run: Ints
    fall: float

    @property
    def weight(self) -> Array:
        """Of each loss, (n,): 1, or less where it is noisy."""
        noise = np.hypot(self.noise / self.fall, SEED_ERROR * self.seed)
        return np.asarray(FINE / np.hypot(FINE, noise))

    @property
    def rate(self) -> Array:
        """The rate of the update before each position, (m,)."""
        return np.concatenate([trajectory.peak * trajectory.rate for trajectory in self.trajectories])

    def errors(self, model: LossModel, theta: Array) -> Array:
        """|predicted - logged| of each loss, nats, (n,), whatever its weight."""
        return np.asarray(np.abs(self._predicted(model, theta)[0] - self.loss))

    def residuals(self, model: LossModel, theta: Array) -> tuple[Array, Array]:
        """Weighted predicted - logged, (n,), in falls, and its derivative by the constants."""
        loss, jacobian = self._predicted(model, theta)
        weight = self.weight / self.fall
        return weight * (loss - self.loss), jacobian * weight[:, None]

    def _predicted(self, model: LossModel, theta: Array) -> tuple[Array, Array]:
        parts = [model.evaluate(theta, trajectory) for trajectory in self.trajectories]
        loss, jacobian = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        if len(self.first) < len(loss):
            loss = np.add.reduceat(self.share * loss, self.first)
            jacobian = np.add.reduceat(self.share[:, None] * jacobian, self.first)
        return loss, jacobian


# Nodes and weights of the mean over an exponential past: exact for any quintic.
_LAGS, _SHARES = np.polynomial.laguerre.laggauss(3)


@dataclass(frozen=True)
class _Part:
    """The losses of one run, as in `Observations`."""

    trajectory: Trajectory
    first: Ints
    share: Array
    loss: Array
    noise: Array
    seed: Array
    run: Ints


COLUMNS = "share", "loss", "noise", "seed", "run"


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
    peaks = dict.fromkeys(part.trajectory.peak for part in parts)
    parts.sort(key=lambda part: list(peaks).index(part.trajectory.peak))
    offsets = np.cumsum([0, *(len(part.share) for part in parts)])
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    first = np.concatenate([part.first + offset for part, offset in zip(parts, offsets, strict=False)])
    trajectories = tuple(join([part.trajectory for part in parts if part.trajectory.peak == peak]) for peak in peaks)
    return Observations(trajectories, first, **columns, fall=_fall(parts))


def _fall(parts: Sequence[_Part]) -> float:
    """What the longest run lost after its first tenth."""
    longest = max(parts, key=lambda part: part.trajectory.at[-1])
    at = longest.trajectory.at[longest.first]
    high = float(np.interp(DESCENT * at[-1], at, longest.loss))
    low = min(float(part.loss.min()) for part in parts)
    return max(high - low, SMALLEST_FALL * abs(low))


SMALLEST_FALL = 1e-3  # of a loss that hardly falls, as a share of it


def _of_one(run: Run, early: float, index: int) -> _Part | None:
    at, loss, noise = thinned(run, early)
    if not len(at):
        return None
    share = np.ones((len(at), 1))
    if run.ema:
        every = float(np.median(np.diff(run.at))) if len(run.at) > 1 else 1.0
        lag = _LAGS * run.ema / (1 - run.ema) * every
        at = np.maximum(np.round(at[:, None] - lag), run.at[0])
        share = share * _SHARES
    first = np.arange(len(share)) * share.shape[1]
    trajectory = compress(run.rates, at.ravel())
    after_warmup = seed_share(run.rates, run.warmup, trajectory)[first]
    return _Part(trajectory, first, share.ravel(), loss, noise, after_warmup, np.full(len(first), index))


def seed_share(rates: Array, warmup: int, trajectory: Trajectory) -> Array:
    """What is left at each position of the spread of seeds at the end of the warmup, (n,)."""
    area = float(rates[:warmup].sum()) / trajectory.peak / CLOCK
    return np.asarray(np.minimum(area / trajectory.progress, 1.0) ** 2)


def thinned(run: Run, after: float = 0) -> tuple[Array, Array, Array]:
    """The part of a run's log that a fit uses: positions, losses and their noise, nats, each (rows,).

    Only losses after the warmup and after ``after``; about `MOST` of them, half spaced evenly and
    half by ratio; where single losses are noisy, each is the mean over its neighbourhood.
    """
    usable = np.flatnonzero(run.at > max(run.warmup, after))
    at, loss = run.at[usable], run.loss[usable]
    rows = _spread(at, MOST)
    if run.noise < COARSE or len(at) < 2 * len(rows) or not len(rows):
        return at[rows], loss[rows], run.noise * loss[rows]
    edges = np.concatenate([[0], (rows[1:] + rows[:-1] + 1) // 2])
    counts = np.diff(edges, append=len(at))
    mean_at, mean = (np.add.reduceat(column, edges) / counts for column in (at, loss))
    return np.round(mean_at), mean, run.noise * mean / np.sqrt(counts)


def _spread(at: Array, most: int) -> Ints:
    """Indices of at most ``most`` of the positions, half of them even and half by ratio."""
    if len(at) <= most:
        return np.arange(len(at))
    even = np.linspace(at[0], at[-1], most - most // 2)
    ratio = np.geomspace(at[0], at[-1], most // 2)
    # A hair below, so that rounding does not push the last position past the end.
    return np.unique(np.searchsorted(at, np.concatenate([even, ratio]) * (1 - 1e-12)))
