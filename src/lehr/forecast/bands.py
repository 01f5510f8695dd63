r"""How uncertain a forecast is.

The variance of ln L at a position of a schedule has five parts:

1. What the runs leave open about the constants: :math:`J \Sigma J^T`.
2. The law's error even near the runs: its ``row_error``.
3. The law's error away from the runs: a share, its ``step_error``, of the difference in loss between
   the position and the nearest fitted position. The distance is measured in shares of the loss: the
   reducible loss, the noise present, and the noise that the rate would settle at. So the band is
   wider for a cooldown after constant-rate runs, or for a horizon twice as long.
4. The law's error at a peak rate that no run tried: `PEAK_ERROR` for each factor of e.
5. The effect of another seed: early in a run, and decaying.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ..schedules import checks
from .laws import LossFormula
from .rates import Array
from .trajectory import Trajectory

PEAK_ERROR = 0.015
"""Relative error of a law at e times a peak rate that it was fitted at.

It comes from a pair of peaks of one model, 5e-4 and 1e-3: from each, final losses at the second have errors of 1 %.
"""
SEED_ERROR = 4e-3  # relative spread of seeds at the end of the warmup; it decays as progress squared


def quantile(level: float) -> float:
    """Half-width of a band, in standard deviations.

    Raises:
        ValueError: The level is not between 0 and 1.

    >>> round(quantile(0.9), 3)
    1.645
    """
    if not 0 < level < 1:
        rule = "it must be between 0 and 1"
        raise ValueError(f"`level` is the share of losses in a band: {rule}, got {checks.shown(level)}")
    return NormalDist().inv_cdf((1 + level) / 2)


def distance(states: Array, fitted: Array) -> Array:
    """From each state, (n, 3), to the nearest one that was fitted, (n,), as a share of the loss."""
    return np.asarray(np.sqrt(((states[:, None] - fitted[None]) ** 2).sum(axis=2).min(axis=1)))


def law_variance(formula: LossFormula, theta: Array, fitted: Array, trajectory: Trajectory) -> Array:
    """Variance of ln L that is due to the law, not its constants: near the runs, and away from them."""
    step = formula.step_error * distance(formula.state(theta, trajectory), fitted)
    return np.asarray(formula.row_error**2 + step**2)


def unlike(first: Array, second: Array) -> float:
    """How different two schedules are: 0 if equal, 1 if they differ by a tenth of their area or more.

    After its end a schedule has no area.

    >>> round(unlike(np.ones(2), np.array([1.0, 0.9])), 3), unlike(np.ones(2), np.array([1.0, 0.0]))
    (0.513, 1.0)
    """
    both = min(len(first), len(second))
    apart = np.abs(first[:both] - second[:both]).sum() + first[both:].sum() + second[both:].sum()
    return min(1.0, float(20 * apart / (first.sum() + second.sum())))


def variance(
    formula: LossFormula,
    theta: Array,
    covariance: Array,
    fitted: Array,
    trajectory: Trajectory,
    warmup_area: float,
    peaks_away: float,
) -> Array:
    """Variance of ln L at each position of a trajectory, (n,).

    ``fitted`` are the states at the fitted rows, (m, 3); see `LossFormula.state`. ``warmup_area`` is the area under
    the warmup, rate x updates, and ``peaks_away`` the `peak_distance` of the peak from those of the runs.
    """
    loss, jacobian = formula.evaluate(theta, trajectory)
    jacobian = jacobian / loss[:, None]
    constants = np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian)
    seed = SEED_ERROR * np.minimum(warmup_area / trajectory.progress, 1.0) ** 2
    law = law_variance(formula, theta, fitted, trajectory)
    return np.asarray(constants + law + seed**2 + (PEAK_ERROR * peaks_away) ** 2)
