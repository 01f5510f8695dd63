r"""How uncertain a forecast is.

The variance of a loss, as a share of the fall squared, has four parts:

1. What the runs leave open about the constants and their slopes: :math:`J \Sigma J^T`.
2. The law's error even near the runs: its ``row_error``.
3. The law's error away from the runs: a share, its ``step_error``, of the difference between the
   position and the nearest fitted position. The distance is measured in the reducible loss, the
   noise present, and the noise that the rate would settle at. So the band is wider for a cooldown
   after constant-rate runs, or for a horizon twice as long.
4. The effect of another seed: early in a run, and decaying.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ..schedules import checks
from .model import LossModel
from .observations import SEED_ERROR
from .rates import Array
from .trajectory import Trajectory


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
    """From each state, (n, 3), to the nearest one that was fitted, (n,), in falls."""
    return np.asarray(np.sqrt(((states[:, None] - fitted[None]) ** 2).sum(axis=2).min(axis=1)))


def law_variance(model: LossModel, theta: Array, fitted: Array, trajectory: Trajectory) -> Array:
    """Variance of the loss that is due to the law, not its constants, nats squared: near the runs, and away."""
    step = model.formula.step_error * distance(model.state(theta, trajectory), fitted)
    return np.asarray(model.fall**2 * (model.formula.row_error**2 + step**2))


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
    model: LossModel, theta: Array, covariance: Array, fitted: Array, trajectory: Trajectory, seed_share: Array
) -> Array:
    """Variance of the loss at each position of a trajectory, (n,), nats squared.

    ``fitted`` are the states at the fitted rows, (m, 3); see `LossFormula.state`. ``seed_share`` is what is left of
    the spread of seeds, (n,).
    """
    _, jacobian = model.evaluate(theta, trajectory)
    constants = np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian)
    seed = SEED_ERROR * model.fall * seed_share
    return np.asarray(constants + law_variance(model, theta, fitted, trajectory) + seed**2)
