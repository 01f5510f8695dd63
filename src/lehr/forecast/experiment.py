"""The short run that would reduce the uncertainty of forecasts most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import Constant, Ramp, Schedule
from ..schedules.recipes import constant_with_warmup, cosine, wsd
from .model import LossModel
from .rates import Array
from .solver import ROW_ERROR
from .trajectory import compress

SHARES = (0.6, 0.3, 0.1)  # of the peak rate, that the proposed branches use


@dataclass(frozen=True)
class Experiment:
    """A short run that is proposed next.

    Attributes:
        description: What to do.
        schedule: The whole schedule, from the first update.
        since: Updates at the peak before it leaves it.
        cost: New updates to train: all of them, if no fitted run stayed at its peak until ``since``.
        remaining_uncertainty: The standard deviation of final losses due to the law's constants
            after this run, as a share of that before.
    """

    description: str
    schedule: Schedule
    since: int
    cost: int
    remaining_uncertainty: float


def best_experiment(
    model: LossModel, theta: Array, covariance: Array, peak: float, warmup: int, updates: int, stable: int
) -> Experiment:
    """The branch from the stable phase, of a few short ones, that makes forecasts most certain.

    Each candidate takes a quarter of the longest run, of so many ``updates`` and ``warmup``, and leaves the stable run
    that was fitted, which stayed at its peak for ``stable`` updates, or a new one. They are compared by
    the mean standard deviation of the final losses of cosine and WSD runs, as long as that run and twice as long.
    """

    def slopes(schedule: Schedule, at: ArrayLike) -> Array:
        _, jacobian = model.evaluate(theta, compress(schedule, at))
        return jacobian / model.fall

    precision = np.linalg.inv(covariance)
    targets = np.concatenate([slopes(target, [length]) for target, length in _targets(peak, warmup, updates)])

    def uncertainty(information: Array) -> float:
        after = np.linalg.inv(precision + information)
        return float(np.sqrt(np.einsum("ni,ij,nj->n", targets, after, targets)).mean())

    today = uncertainty(np.zeros_like(precision))
    experiments = []
    length = max(updates // 4, 2)
    exists = stable > warmup + length
    since = max(updates // 2, warmup + 1)
    if exists:
        since = min(since, stable)
    at = np.unique(np.linspace(since + 1, since + length, 30).round())
    for description, schedule in _candidates(peak, warmup, since, length, exists):
        rows = slopes(schedule, at)
        remaining = uncertainty(rows.T @ rows / ROW_ERROR**2) / today
        cost = length if exists else since + length
        experiments.append(Experiment(description, schedule, since, cost, remaining))
    return min(experiments, key=lambda experiment: experiment.remaining_uncertainty)


def _targets(peak: float, warmup: int, updates: int) -> Iterator[tuple[Schedule, int]]:
    """Schedules whose final losses should be known, with their lengths."""
    for steps in (updates, 2 * updates):
        warm = min(warmup, steps - 1)
        yield cosine(steps, warm, max_lr=peak, min_lr=0.1 * peak), steps
        yield wsd(steps, warm, max_lr=peak, decay_steps=min(max(1, round(0.2 * steps)), steps - warm)), steps


def _candidates(peak: float, warmup: int, since: int, length: int, exists: bool) -> Iterator[tuple[str, Schedule]]:
    """What to do, and the whole schedule."""
    stable = constant_with_warmup(since, warmup, max_lr=peak)
    action = (
        f"Continue the stable run from its checkpoint at update {since} for {length} updates" if exists
        else f"Train {since} updates at the peak and, from there, {length}"
    )  # fmt: skip
    cost = "" if exists else f" It costs {since + length} updates: none of the fitted runs stays at its peak for long."
    for share in SHARES:
        branched = stable.then(Constant(share * peak, length))
        yield f"{action} at a rate of {share * peak:.3g} ({share:.0%} of the peak).{cost}", branched
    yield f"{action}, with a cooldown to 0 (1-sqrt).{cost}", stable.then(Ramp(peak, 0.0, length, "1-sqrt"))
