"""Fitting a law to logged runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from . import laws
from .law import Law
from .laws import LossFormula
from .model import LossModel
from .notes import about_runs, against, lowest_share
from .observations import observations_of
from .prior import Prior
from .prior_file import default_prior, read_prior
from .run import Run
from .solver import solve

LOWEST_SHARE = 0.03  # of a peak of exactly 1: beside a lower peak it must be a factor

STABLE = 0.999  # share of the peak above which a rate counts as the peak


def fit(
    runs: Run | Sequence[Run],
    *,
    law: str | LossFormula = "kww",
    prior: Prior | str | os.PathLike[str] | None = None,
) -> Law:
    """Fit a law to logged runs.

    Args:
        runs: One run or several: same model, data, optimizer and batch size, different schedules.
        law: Its formula: ``"kww"``, ``"mpl"``, ``"momentum"``, or a `LossFormula` of your own.
        prior: What is believed before: None for the prior that lehr ships, a `Prior`, or a file of
            priors.

    Raises:
        ValueError: There is no run, or none with a loss after its warmup, a schedule of factors
            stands beside one of rates, or the runs lead to constants without a meaning.

    >>> import numpy as np, lehr
    >>> at = np.arange(1000, 10_001, 500)
    >>> stable = Run(lehr.constant_with_warmup(10_000, 500, max_lr=1e-3), at, 3 + 0.8 * (1e-3 * at) ** -0.5)
    >>> law = fit(stable)
    >>> round(float(law.predict(stable.schedule, at=[10_000]).loss[0]), 2)
    3.25
    """
    runs = [runs] if isinstance(runs, Run) else list(runs)
    if not runs:
        raise ValueError("a fit needs at least one run, got none")
    _check_peaks(runs)
    formula = laws.get(law)
    prior = _prior_of(prior, formula)
    observations = observations_of(runs)
    model = LossModel(formula, middle_peak(runs), observations.fall)
    theta, covariance = solve(model, observations, prior)
    errors = observations.errors(model, theta) / observations.fall
    by_run = [errors[observations.run == index] for index in range(len(runs))]
    medians = [float(np.median(errors)) if len(errors) else None for errors in by_run]
    peaks = [run.peak for run in runs]
    longest = max((run for i, run in enumerate(runs) if medians[i] is not None), key=lambda run: run.updates)
    try:
        return Law(
            model, theta, covariance, (min(peaks), max(peaks)), longest.updates, longest.warmup,
            max(map(stable_until, runs)), lowest_share(observations), prior.source,
            against(observations.fall, runs, medians), about_runs(observations, runs, medians),
        )  # fmt: skip
    except ValueError as error:
        remedy = "check that the losses are in nats and that the rates are those of the optimizer"
        raise ValueError(f"no {formula.name} law describes these runs: {error}; {remedy}") from None


def _check_peaks(runs: Sequence[Run]) -> None:
    """Refuse a factor of a base rate, whose peak is 1, beside rates."""
    lowest, highest = min(runs, key=lambda run: run.peak), max(runs, key=lambda run: run.peak)
    if highest.peak == 1 and lowest.peak < LOWEST_SHARE:
        raise ValueError(
            f"{highest.name} peaks at 1 and {lowest.name} at {lowest.peak:.3g}: a factor of a base rate cannot be "
            f"compared with a rate; multiply the schedule of {highest.name} by its base rate, as in 6e-4 * schedule"
        )


def _prior_of(prior: Prior | str | os.PathLike[str] | None, formula: LossFormula) -> Prior:
    if prior is None:
        return default_prior(formula.name)
    if not isinstance(prior, Prior):
        return read_prior(prior, formula.name)
    if prior.law != formula.name:
        raise ValueError(f"`prior` is for the {prior.law} law, but the fit is of the {formula.name} law")
    return prior


def stable_until(run: Run) -> int:
    """Updates until which a run stays at its peak."""
    away = np.flatnonzero(run.rates[run.warmup :] < STABLE * run.peak)
    return run.warmup + int(away[0]) if away.size else run.updates


def middle_peak(runs: Sequence[Run]) -> float:
    """The geometric mean of the peak rates, at which a law's constants hold."""
    return float(np.exp(np.mean([np.log(run.peak) for run in runs])))
