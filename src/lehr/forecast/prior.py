"""What fits of public runs say about a law's constants before the user's own runs are seen.

The constants of a new model are distributed around a mean with two spreads: between laboratories and,
within a laboratory, between models. Each spread is estimated from few samples, so each is regularised by
one pseudo-observation with the spread of `Belief` (the inverse Wishart prior of a covariance).

Noise relaxes within about the same number of updates at the peak rate of a run, 90 to 170 in the public
runs, whatever the peak is: people choose peaks near the stability limit, where rate and curvature change
together. So the prior of C, which counts in rate x updates, depends on the peak; see `Prior.at`. Each
factor of e beyond the peaks of the public runs adds as much variance as another laboratory does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import laws
from .rates import REFERENCE_RATE, Array, check_peaks, peak_distance

LARGEST = 1e6  # mean or covariance of a constant


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal distribution over a law's constants other than L0, which stays free.

    Args:
        law: Name of the law.
        mean: Its constants' mean, (m,), without L0.
        covariance: Their covariance, (m, m).
        source: Where it comes from.
        peak: The peak rate of the runs that it is for.
        known: The lowest and the highest peak of the runs it was made from; None if it is valid at any.

    Raises:
        ValueError: The shapes are not the law's, a number is not finite, the covariance is not
            positive definite, or a peak is not a learning rate.
    """

    law: str
    mean: Array
    covariance: Array
    source: str = ""
    peak: float = REFERENCE_RATE
    known: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        names = laws.get(self.law).parameters[1:]
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
        check_peaks("a prior", self.peak)
        check_peaks("a prior", *(self.known or ()))
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    def at(self, peak: float) -> Prior:
        r"""The prior for runs with another peak rate.

        The updates that relaxation takes at the peak :math:`\eta` stay the same: with C
        :math:`(\eta / \eta_0)^{-\gamma} \, \eta` fixed, ln C falls by :math:`(1 - \gamma) \ln r` where
        the peak is r times as high. Beyond the known peaks the covariance grows.

        Raises:
            ValueError: The peak is not a learning rate.
        """
        moved = replace(self, peak=peak)
        turn, shift = _to_peak(self.law, float(np.log(peak / self.peak)))
        beyond = 0.0 if self.known is None else peak_distance(peak, self.known)
        doubt = beyond**2 * _believed(self.law, "between")
        return replace(moved, mean=turn @ self.mean + shift, covariance=turn @ self.covariance @ turn.T + doubt)

    @classmethod
    def of_fits(cls, law: str, fits: Mapping[str, Sequence[tuple[float, Array]]], source: str = "") -> Prior:
        """The prior from fits of several models, by laboratory.

        Args:
            law: Name of the law.
            fits: For each laboratory, the peak rate of each of its models and the constants (L0
                first, as fitted).
            source: A note about their origin.

        Raises:
            ValueError: There is no fit.
        """
        groups = [np.array([_at_reference(law, *model) for model in group]) for group in fits.values() if len(group)]
        if not groups:
            raise ValueError("a prior needs the fit of at least one model")
        count = len(groups)
        means = np.array([group.mean(axis=0) for group in groups])
        inside = np.concatenate([group - group.mean(axis=0) for group in groups])
        outside, mean = means - means.mean(axis=0), means.mean(axis=0)
        between = (_believed(law, "between") + outside.T @ outside) / count
        within = (_believed(law, "within") + inside.T @ inside) / (1 + len(inside) - count)
        # The mean of few laboratories is itself uncertain, by one part in so many.
        peaks = [peak for group in fits.values() for peak, _ in group]
        return cls(law, mean, between * (1 + 1 / count) + within, source, known=(min(peaks), max(peaks)))

    @classmethod
    def broad(cls, law: str) -> Prior:
        """Round numbers with wide spreads: for fits of a population, not for forecasts."""
        centres = [belief.centre for belief in laws.get(law).beliefs.values()]
        return cls(law, np.array(centres), 4 * _believed(law, "between"))


def _believed(law: str, spread: str) -> Array:
    """The prior covariance before any data, between or within laboratories."""
    return np.diag([getattr(belief, spread) ** 2 for belief in laws.get(law).beliefs.values()])


def _to_peak(law: str, log_ratio: float) -> tuple[Array, Array]:
    """Matrix and shift that take constants (without L0) of runs with one peak to those of a higher one."""
    names = laws.get(law).parameters[1:]
    turn, shift = np.eye(len(names)), np.zeros(len(names))
    if "ln C" in names:  # a law that counts relaxation in updates is the same at any peak
        turn[names.index("ln C"), names.index("gamma")] = log_ratio
        shift[names.index("ln C")] = -log_ratio
    return turn, shift


def _at_reference(law: str, peak: float, theta: Array) -> Array:
    turn, shift = _to_peak(law, float(np.log(REFERENCE_RATE / peak)))
    return np.asarray(turn @ np.asarray(theta, dtype=float)[1:] + shift)
