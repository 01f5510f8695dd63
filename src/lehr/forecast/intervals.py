r"""How far a forecast can be trusted.

The variance of ln L at a position of a schedule has five parts:

1. What the runs leave open about the constants: :math:`J \Sigma J^T`.
2. What the law does not get right even near the runs: its ``row_error``.
3. What it gets wrong away from them. A law is trusted to a share, its ``step_error``, of the
   difference in loss that it claims between the position asked for and the nearest one seen. Near and far are
   measured in the loss itself: by the reducible loss, the noise present, and the noise that the
   rate would settle at. So a cooldown after constant-rate runs, or a horizon twice as long, has a
   wider band, and a row like one that was fitted has not.
4. What it gets wrong at a peak rate that no run tried: `PEAK_ERROR` for each factor of e.
5. What another seed does: early in a run, and decaying.
"""

from __future__ import annotations

from math import log
from statistics import NormalDist

import numpy as np

from .knots import Array, Path
from .laws import Formula

ROW_ERROR = 2.5e-3
"""Relative error that a row of a run counts with, so that 60 that err together weigh as a few.

This, the step error of `KWW` and the spreads between laboratories that are believed were chosen once for all
shared curves, near where final losses of runs, sizes and laboratories left out are likeliest
(``python -m benchmarks.settings``). Narrower spreads would be likelier still; two laboratories are too few for that.
"""
PEAK_ERROR = 0.015
"""Relative error of a law at e times a peak rate that it has seen.

Known from one pair of peaks only, 5e-4 and 1e-3 for the same model: each predicts the final losses
of the other with errors of 1 %.
"""
SEED_ERROR = 4e-3
"""Relative spread of seeds at the end of the warmup; it decays as progress squared."""


def quantile(level: float) -> float:
    """Half-width of a band, in standard deviations.

    Raises:
        ValueError: The level is not between 0 and 1.

    >>> round(quantile(0.9), 3)
    1.645
    """
    if not 0 < level < 1:
        raise ValueError(f"`level` is the share of losses that a band holds, between 0 and 1, got {level!r}")
    return NormalDist().inv_cdf((1 + level) / 2)


def distance(states: Array, seen: Array) -> Array:
    """From each state, (n, 3), to the nearest one seen, (n,), as a share of the loss."""
    return np.asarray(np.sqrt(((states[:, None] - seen[None]) ** 2).sum(axis=2).min(axis=1)))


def peak_distance(peak: float, seen: tuple[float, float]) -> float:
    """How many factors of e a peak rate lies outside those seen.

    >>> round(peak_distance(1e-3, (3e-4, 5e-4)), 3), peak_distance(4e-4, (3e-4, 5e-4))
    (0.693, 0.0)
    """
    return max(log(peak / seen[1]), log(seen[0] / peak), 0.0)


def own_variance(formula: Formula, theta: Array, seen: Array, path: Path) -> Array:
    """Variance of ln L that is the law's own, whatever its constants: near the runs, and away from them."""
    step = formula.step_error * distance(formula.state(theta, path), seen)
    return np.asarray(formula.row_error**2 + step**2)


def unlike(rates: Array, others: Array) -> float:
    """How far two schedules are from being one: 0 if they are, 1 from a tenth of their area on.

    The shorter has no area where it has ended.

    >>> ones = np.ones(2)
    >>> round(unlike(ones, np.array([1.0, 0.9])), 3), unlike(ones, np.array([1.0, 0.0]))
    (0.513, 1.0)
    """
    both = min(len(rates), len(others))
    apart = np.abs(rates[:both] - others[:both]).sum() + rates[both:].sum() + others[both:].sum()
    return min(1.0, float(20 * apart / (rates.sum() + others.sum())))


def variance(
    formula: Formula,
    theta: Array,
    covariance: Array,
    seen: Array,
    path: Path,
    *,
    warmup_area: float = 0.0,
    peaks_away: float = 0.0,
) -> Array:
    """Variance of ln L at each position of a path, (n,).

    Args:
        formula: The law.
        theta: Its constants, (p,).
        covariance: What the runs leave open about them, (p, p).
        seen: The states at the fitted rows, (m, 3); see `Formula.state`.
        path: The schedule at n positions.
        warmup_area: Area under the schedule's warmup, rate x updates.
        peaks_away: Its `peak_distance` from the runs.
    """
    loss, jacobian = formula.evaluate(theta, path)
    jacobian = jacobian / loss[:, None]
    constants = np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian)
    seed = SEED_ERROR * np.minimum(warmup_area / path.progress, 1.0) ** 2
    return np.asarray(constants + own_variance(formula, theta, seen, path) + seed**2 + (PEAK_ERROR * peaks_away) ** 2)
