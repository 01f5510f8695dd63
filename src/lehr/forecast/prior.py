"""What fits of public runs say about a law's constants before the user's own runs are seen.

The constants of a new setup (a model, its data and its optimizer) are distributed around a mean, in the units
of its runs. Mean and covariance are those of the fits of known setups, by laboratory, as in a step of
expectation maximisation: each fit counts with what it leaves open itself (Dempster, Laird and Rubin, 1977,
https://doi.org/10.1111/j.2517-6161.1977.tb01600.x). Laboratories are few and leave much open, so `Belief` counts
as `BELIEVED` more of them in the covariance (the inverse Wishart prior of a covariance), and as one in the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from . import laws
from .model import LossModel
from .rates import Array

LARGEST = 1e6  # mean or covariance of a constant
BELIEVED = 4  # laboratories that `Belief` counts as
BROAD = 2.0  # spreads of `Prior.broad`, as multiples of those of `Belief`


class Fit(Protocol):
    """What a prior needs of a fitted law."""

    @property
    def model(self) -> LossModel: ...
    @property
    def theta(self) -> Array: ...
    @property
    def covariance(self) -> Array: ...


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal distribution over a law's constants and their slopes, but for L0, which stays free.

    Args:
        law: Name of the law.
        mean: The mean of the constants without L0, then of their slopes, (m,); see `LossModel`.
        covariance: Their covariance, (m, m).
        source: Where it comes from.

    Raises:
        ValueError: The shapes are not the law's, a number is not finite, or the covariance is not
            positive definite.
    """

    law: str
    mean: Array
    covariance: Array
    source: str = ""

    def __post_init__(self) -> None:
        names = names_of(self.law)
        mean, covariance = np.asarray(self.mean, dtype=float), np.asarray(self.covariance, dtype=float)
        if mean.shape != (len(names),) or covariance.shape != (len(names), len(names)):
            raise ValueError(
                f"a prior of the {self.law} law is over {', '.join(names)}: a mean of {len(names)} numbers and a "
                f"square covariance, got shapes {mean.shape} and {covariance.shape}"
            )
        if not (np.abs(mean) <= LARGEST).all() or not (np.abs(covariance) <= LARGEST).all():
            raise ValueError(f"the numbers of a prior must be finite and at most {LARGEST:,.0f}")
        if not np.allclose(covariance, covariance.T) or not np.linalg.eigvalsh(covariance)[0] > 0:
            raise ValueError(f"the covariance of a prior of the {self.law} law must be symmetric and positive definite")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def of_fits(cls, fits: Mapping[str, Sequence[Fit]], source: str = "") -> Prior:
        """The prior from laws that were fitted to several setups, by laboratory; each laboratory counts as much.

        A fit of few runs leans on the prior that it was fitted with. So fit again with the result, and repeat until
        it settles.

        Args:
            fits: The laws of each laboratory, one for each setup; all are of one formula.
            source: A note about their origin.

        Raises:
            ValueError: There is no fit, or they are of several formulas.
        """
        names = {fit.model.formula.name for group in fits.values() for fit in group}
        if len(names) != 1:
            raise ValueError(f"a prior needs fits of one law, got fits of {', '.join(sorted(names)) or 'none'}")
        [law] = names
        groups = [group for group in fits.values() if group]
        count = len(groups)
        mean = (count * _mean_of_means([[fit.theta[1:] for fit in group] for group in groups]) + _centre(law)) / (
            count + 1
        )
        scatter = _mean_of_means(
            [[fit.covariance[1:, 1:] + np.outer(fit.theta[1:] - mean, fit.theta[1:] - mean) for fit in group]
             for group in groups]
        )  # fmt: skip
        covariance = (count * scatter + BELIEVED * _believed(law)) / (count + BELIEVED)
        # The mean of few laboratories is itself uncertain, by one part in so many.
        return cls(law, mean, _without_cross(law, covariance) * (1 + 1 / count), source)

    @classmethod
    def broad(cls, law: str) -> Prior:
        """Round numbers with wide spreads: for the first fits of a population, not for forecasts."""
        return cls(law, _centre(law), BROAD**2 * _believed(law))


def names_of(law: str) -> tuple[str, ...]:
    """What a prior of the law is over."""
    return LossModel(laws.get(law), 1.0, 1.0).names[1:]


def _mean_of_means(groups: Iterable[Iterable[Array]]) -> Array:
    return np.asarray(np.mean([np.mean(list(group), axis=0) for group in groups], axis=0))


def _centre(law: str) -> Array:
    """The prior mean before any data."""
    beliefs = laws.get(law).beliefs.values()
    return np.array([belief.centre for belief in beliefs] + [belief.slope for belief in beliefs])


def _believed(law: str) -> Array:
    """The prior covariance before any data."""
    beliefs = laws.get(law).beliefs.values()
    return np.diag(np.square([belief.spread for belief in beliefs] + [belief.slope_spread for belief in beliefs]))


def _without_cross(law: str, covariance: Array) -> Array:
    """Without what joins constants to slopes: few setups have several peaks."""
    split = len(laws.get(law).beliefs)
    result = covariance.copy()
    result[:split, split:] = result[split:, :split] = 0.0
    return result
