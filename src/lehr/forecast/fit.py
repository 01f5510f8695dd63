"""Fitting a law to runs: maximum a posteriori, by damped Gauss-Newton steps.

The objective is a Huber loss of ln predicted - ln logged, plus the prior's quadratic. Residuals of
one run err together, so a row counts as if its error were `ROW_ERROR`, several times the scatter
one sees: that is what lets the prior speak where three runs say little.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from . import laws, priors
from .intervals import ROW_ERROR
from .knots import Array
from .law import Law
from .laws import Formula
from .prior import Prior
from .rows import Rows, rows_of
from .runs import Run

HUBER = 1e-3
"""Relative error from which a row counts by its size, no longer by its square."""
STARTS = 8
LONGEST_STEP = 0.7


def fit(
    runs: Run | Sequence[Run],
    *,
    law: str | Formula = "kww",
    prior: Prior | str | os.PathLike[str] | None = None,
) -> Law:
    """The law that logged runs follow.

    Args:
        runs: One run or several: the same model, data, optimizer and batch size, different
            schedules.
        law: Its formula: ``"kww"``, ``"mpl"``, ``"momentum"``, or a `Formula` of your own.
        prior: What is believed before: None for the one lehr ships, a `Prior`, or a file of them.

    Raises:
        ValueError: There is no run, or none with a loss after its warmup.

    >>> import numpy as np, lehr
    >>> at = np.arange(1000, 10_001, 500)
    >>> stable = Run(lehr.constant_with_warmup(10_000, 500, 1e-3), at, 3 + 0.8 * (1e-3 * at) ** -0.5)
    >>> law = fit(stable)
    >>> round(float(law.predict(stable.schedule, at=[10_000]).loss[0]), 2)
    3.25
    """
    runs = [runs] if isinstance(runs, Run) else list(runs)
    if not runs:
        raise ValueError("a fit needs at least one run, got none")
    formula = laws.get(law)
    if prior is None:
        prior = priors.default(formula.name)
    elif not isinstance(prior, Prior):
        prior = priors.read(prior, formula.name)
    if prior.law != formula.name:
        raise ValueError(
            f"the prior is of the {prior.law} law and the fit of the {formula.name} law; give one of the same"
        )
    rows = rows_of(runs)
    theta, curvature = solve(formula, rows, prior.at(middle_peak(runs)))
    covariance = np.asarray(ROW_ERROR**2 * np.linalg.inv(curvature))
    errors = rows.errors(formula, theta)
    misfit = [float(np.median(errors[rows.owner == i])) if i in rows.owner else None for i in range(len(runs))]
    return Law.of_fit(formula, theta, covariance, rows.path, runs, prior, misfit)


def middle_peak(runs: Sequence[Run]) -> float:
    """The geometric mean of the peak rates, which is what the prior is asked about."""
    return float(np.exp(np.mean([np.log(run.peak) for run in runs])))


def solve(formula: Formula, rows: Rows, prior: Prior) -> tuple[Array, Array]:
    """The best constants, (p,), and the objective's curvature there, (p, p)."""
    problem = _Problem(formula, rows, prior)
    best: _Point | None = None
    for start in _starts(problem):
        found = _descend(problem, start, best)
        if best is None or found.value < best.value:
            best = found
    assert best is not None
    return best.theta, best.curvature


@dataclass(frozen=True)
class _Point:
    """Constants, and what the objective is there."""

    theta: Array
    value: float
    gradient: Array
    curvature: Array

    def near(self, other: _Point) -> bool:
        """Whether the two are one solution: the step between them is worth next to nothing."""
        step = self.theta - other.theta
        return float(step @ other.curvature @ step) < 0.1 * other.value


class _Problem:
    """The objective: Huber of the residuals, and the prior's quadratic, in units of squared error."""

    def __init__(self, formula: Formula, rows: Rows, prior: Prior) -> None:
        self.formula, self.rows, self.prior = formula, rows, prior
        size = len(formula.parameters)
        self.mean = np.concatenate([[0.0], prior.mean])
        self.stiffness = np.zeros((size, size))
        self.stiffness[1:, 1:] = ROW_ERROR**2 * np.linalg.inv(prior.covariance)

    def floored(self, theta: Array) -> Array:
        """The constants with the L0 that fits best beside the others."""
        loss = self.formula.value(theta, self.rows.path)
        theta[0] += np.median(np.exp(self.rows.log_loss) - loss[self.rows.first])
        return theta

    def at(self, theta: Array) -> _Point:
        """The objective and its slopes; the curvature is Gauss-Newton's."""
        residual, jacobian = self.rows.residuals(self.formula, theta)
        size = np.abs(residual)
        weight = np.where(size > HUBER, HUBER / np.maximum(size, HUBER), 1.0)
        huber = np.where(size > HUBER, HUBER * (size - HUBER / 2), residual**2 / 2).sum()
        away = theta - self.mean
        pull = self.stiffness @ away
        weighted = jacobian * weight[:, None]
        value = float(huber + away @ pull / 2)
        return _Point(theta, value, weighted.T @ residual + pull, weighted.T @ jacobian + self.stiffness)


def _starts(problem: _Problem) -> Iterator[Array]:
    """The prior's mean, and draws from the prior."""
    yield problem.floored(problem.mean.copy())
    spread = np.linalg.cholesky(problem.prior.covariance)
    draws = np.random.default_rng(0).standard_normal((STARTS - 1, len(spread)))
    for draw in draws:
        theta = problem.mean.copy()
        theta[1:] += spread @ draw
        yield problem.floored(theta)


def _descend(problem: _Problem, start: Array, known: _Point | None, steps: int = 60) -> _Point:
    """Levenberg-Marquardt from one start, until it settles or comes near a known solution."""
    limits = problem.formula.limits
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
