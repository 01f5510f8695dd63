"""What fits of public runs say about a law's constants before any run of one's own is seen.

The constants of a new model are drawn around a mean with two spreads: between laboratories and,
within one, between models. Each is estimated from few, so each is held up by one made-up sample
with the spread of `Belief`, believed without any data (the inverse Wishart prior of a covariance).

One constant is alike only in other units. Noise relaxes within about as many updates at the peak rate
of a run, 90 to 170 in the public runs, whatever that peak is: people choose peaks near the stability
limit, where rate and curvature keep step. So what is believed of C, which counts in rate x updates,
moves with the peak. And a peak outside those of the public runs is another kind of run: each factor of e
beyond them adds as much doubt as another laboratory does. See `Prior.at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import laws
from .intervals import peak_distance
from .knots import REFERENCE_RATE, Array


@dataclass(frozen=True, eq=False)
class Prior:
    """A normal distribution over a law's constants other than L0, which stays free.

    Args:
        law: Name of the law.
        mean: Its constants' mean, (m,), without L0.
        covariance: Their covariance, (m, m).
        source: Where it comes from.
        peak: The peak rate of the runs that it speaks of.
        known: The lowest and the highest peak of the runs it was made from; None where it holds at any.

    Raises:
        ValueError: The shapes are not the law's, the covariance is not positive definite, or the peak
            is not above 0.
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
        if not np.allclose(covariance, covariance.T) or np.linalg.eigvalsh(covariance)[0] <= 0:
            raise ValueError(f"the covariance of a prior of the {self.law} law must be symmetric and positive definite")
        if not 0 < self.peak < np.inf:
            raise ValueError(f"a prior is for runs with a peak rate above 0, got {self.peak!r}")
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    def at(self, peak: float) -> Prior:
        r"""What it says of runs with another peak rate.

        The updates that relaxation takes at the peak :math:`\eta` stay the same: with C
        :math:`(\eta / \eta_0)^{-\gamma} \, \eta` held, ln C falls by :math:`(1 - \gamma) \ln r` where
        the peak is r times as high. Beyond the known peaks the covariance grows.
        """
        moved = replace(self, peak=peak)  # refused if it is no rate
        turn, shift = _to_peak(self.law, float(np.log(peak / self.peak)))
        beyond = 0.0 if self.known is None else peak_distance(peak, self.known)
        doubt = beyond**2 * _believed(self.law, "between")
        return replace(moved, mean=turn @ self.mean + shift, covariance=turn @ self.covariance @ turn.T + doubt)

    @classmethod
    def of_fits(cls, law: str, fits: Mapping[str, Sequence[tuple[float, Array]]], source: str = "") -> Prior:
        """The prior that fits of several models say, by laboratory.

        Args:
            law: Name of the law.
            fits: For each laboratory, the peak rate of each of its models and the constants (L0
                first, as fitted).
            source: What to note about their origin.

        Raises:
            ValueError: There is no fit.
        """
        groups = [np.array([_at_reference(law, *one) for one in group]) for group in fits.values() if len(group)]
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
        """Round numbers with wide spreads: to fit a population with, not for forecasts."""
        centres = [belief.centre for belief in laws.get(law).beliefs.values()]
        return cls(law, np.array(centres), 4 * _believed(law, "between"))

    def to_dict(self) -> dict[str, Any]:
        """As plain values, rounded to what matters."""
        return {
            "law": self.law,
            "parameters": list(laws.get(self.law).parameters[1:]),
            "mean": [round(float(value), 4) for value in self.mean],
            "covariance": [[round(float(value), 6) for value in row] for row in self.covariance],
            "source": self.source,
            "peak": self.peak,
            "known": self.known,
        }


def _believed(law: str, spread: str) -> Array:
    """The covariance that is believed without any data, between or within laboratories."""
    return np.diag([getattr(belief, spread) ** 2 for belief in laws.get(law).beliefs.values()])


def _to_peak(law: str, log_ratio: float) -> tuple[Array, Array]:
    """Matrix and shift that take constants (without L0) of runs with one peak to those of a higher one."""
    names = laws.get(law).parameters[1:]
    turn, shift = np.eye(len(names)), np.zeros(len(names))
    if "ln C" in names:  # a law that counts its time in updates needs no turn
        turn[names.index("ln C"), names.index("gamma")] = log_ratio
        shift[names.index("ln C")] = -log_ratio
    return turn, shift


def _at_reference(law: str, peak: float, theta: Array) -> Array:
    turn, shift = _to_peak(law, float(np.log(REFERENCE_RATE / peak)))
    return np.asarray(turn @ np.asarray(theta, dtype=float)[1:] + shift)
