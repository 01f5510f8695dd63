"""Maximum a posteriori by damped Gauss-Newton steps.

The objective is a Huber loss of predicted - logged, in falls, plus the quadratic of the prior. The residuals
of a run are correlated, so the error of a row is taken as `ROW_ERROR`, several times the visible scatter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .model import LossModel
from .observations import Observations
from .prior import Prior
from .rates import Array

ROW_ERROR = 0.007
"""Error of a row in a fit, in falls, so large that 60 correlated rows weigh as much as a few."""
HUBER = 0.4 * ROW_ERROR  # error above which a row counts by its size, not by its square
STARTS, LONGEST_STEP = 8, 0.7


def solve(
    model: LossModel, observations: Observations, prior: Prior, start: Array | None = None
) -> tuple[Array, Array]:
    """The best constants, (p,), and their covariance, (p, p).

    The descents begin at the prior's mean and at samples of it; with a ``start`` that is nearly the solution, there.
    """
    problem = _Problem(model, observations, prior)
    starts = iter([start]) if start is not None else _starts(problem)
    best = _descend(problem, next(starts), None)
    for other in starts:
        best = min(best, _descend(problem, other, best), key=lambda point: point.value)
    return best.theta, np.asarray(ROW_ERROR**2 * np.linalg.inv(best.curvature))


@dataclass(frozen=True)
class _Point:
    """Constants, and the objective there."""

    theta: Array
    value: float
    gradient: Array
    curvature: Array

    def near(self, solution: _Point) -> bool:
        """Whether the step to a known solution hardly changes the objective."""
        step = self.theta - solution.theta
        return float(step @ solution.curvature @ step) < 0.1 * solution.value


class _Problem:
    """The objective: Huber of the residuals, and the quadratic of the prior, in units of squared error."""

    def __init__(self, model: LossModel, observations: Observations, prior: Prior) -> None:
        self.model, self.observations, self.prior = model, observations, prior
        size = len(model.names)
        self.mean = np.concatenate([[0.0], prior.mean])
        self.stiffness = np.zeros((size, size))
        self.stiffness[1:, 1:] = ROW_ERROR**2 * np.linalg.inv(prior.covariance)

    def floored(self, theta: Array) -> Array:
        """The constants with the best L0 for the rest of them."""
        residual, _ = self.observations.residuals(self.model, theta)
        theta[0] -= np.median(residual / self.observations.weight)
        return theta

    def at(self, theta: Array) -> _Point:
        """The objective and its derivatives; the curvature is Gauss-Newton's."""
        residual, jacobian = self.observations.residuals(self.model, theta)
        size = np.abs(residual)
        weight = np.where(size > HUBER, HUBER / np.maximum(size, HUBER), 1.0)
        huber = np.where(size > HUBER, HUBER * (size - HUBER / 2), residual**2 / 2).sum()
        away = theta - self.mean
        pull = self.stiffness @ away
        weighted = jacobian * weight[:, None]
        value = float(huber + away @ pull / 2)
        return _Point(theta, value, weighted.T @ residual + pull, weighted.T @ jacobian + self.stiffness)


def _starts(problem: _Problem) -> Iterator[Array]:
    """The prior's mean, and samples of the prior."""
    yield problem.floored(problem.mean.copy())
    spread = np.linalg.cholesky(problem.prior.covariance)
    for sample in np.random.default_rng(0).standard_normal((STARTS - 1, len(spread))):
        theta = problem.mean.copy()
        theta[1:] += spread @ sample
        yield problem.floored(theta)


def _descend(problem: _Problem, start: Array, known: _Point | None, steps: int = 60) -> _Point:
    """Levenberg-Marquardt from one start, until it settles or comes near a known solution."""
    limits = problem.model.limits
    point, damping = problem.at(np.clip(start, *limits)), 1e-3
    for _ in range(steps):
        if known is not None and point.near(known):
            return known
        step = -np.linalg.solve(point.curvature + damping * np.diag(np.diag(point.curvature)), point.gradient)
        trial = problem.at(np.clip(point.theta + np.clip(step, -LONGEST_STEP, LONGEST_STEP), *limits))
        if trial.value < point.value:
            settled = point.value - trial.value < 1e-6 * point.value
            point, damping = trial, max(damping / 10, 1e-9)
            if settled:
                break
        elif damping > 1e6:
            break
        else:
            damping = max(damping * 10, 1e-5)
    return point
