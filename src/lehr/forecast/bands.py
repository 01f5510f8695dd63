r"""How uncertain a forecast is.

The variance of a loss has two parts:

1. What the runs leave open about the constants and their slopes, :math:`J \Sigma J^T`, times the
   ``inflation`` of the law. A law is not exact, so it errs by more than its constants do; but it errs
   where they are uncertain: for a cooldown after constant-rate runs, at another peak, at a longer horizon.
2. The effect of another seed: early in a run, and decaying.

Errors have Student's distribution with `FREEDOM` degrees, whose tails are heavier than a normal one's.
The inflation is that under which the losses of laboratories left out of the prior are most likely
(``python -m benchmarks.settings``).
"""

from __future__ import annotations

from math import acos, cos, sqrt

import numpy as np

from ..schedules import checks
from .model import LossModel
from .observations import SEED_ERROR
from .rates import Array
from .trajectory import Trajectory

FREEDOM = 4  # of Student's distribution, for which the quantile has a closed form


def quantile(level: float) -> float:
    """Half-width of a band, in units of its scale.

    Source: the quantile of Student's distribution with 4 degrees of freedom, Shaw, 2006,
    https://doi.org/10.21314/JCF.2006.150.

    Raises:
        ValueError: The level is not between 0 and 1.

    >>> round(quantile(0.9), 3)
    2.132
    """
    if not 0 < level < 1:
        rule = "it must be between 0 and 1"
        raise ValueError(f"`level` is the share of losses in a band: {rule}, got {checks.shown(level)}")
    root = sqrt((1 + level) * (1 - level))
    return 2 * sqrt(max(cos(acos(root) / 3) / root - 1, 0.0))


def scale(
    model: LossModel, theta: Array, covariance: Array, trajectory: Trajectory, seed_share: Array
) -> tuple[Array, Array]:
    """The loss at each position of a trajectory and the scale of its error, nats, (n,) each.

    ``seed_share`` is what is left of the spread of seeds, (n,).
    """
    loss, jacobian = model.evaluate(theta, trajectory)
    return loss, np.hypot(scale_of(model, covariance, jacobian), SEED_ERROR * model.fall * seed_share)


def scale_of(model: LossModel, covariance: Array, jacobian: Array) -> Array:
    """The scale of the error of what has this derivative by the constants, (n,)."""
    return np.asarray(np.sqrt(model.formula.inflation * np.einsum("ni,ij,nj->n", jacobian, covariance, jacobian)))
