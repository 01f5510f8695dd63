r"""A law in the units of some runs: what it says in nats, at any peak.

A constant of a law changes with the peak rate: at the peak :math:`\eta` it is

.. math:: \theta(\eta) = \theta + \theta' \ln(\eta / \eta_{ref})

where :math:`\eta_{ref}` is the geometric mean of the runs' peaks. So a model has a constant and a slope for
each constant of its law, but for L0, which is the same at every peak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .laws import LossFormula
from .rates import Array, check_peaks
from .run import LARGEST_LOSS
from .trajectory import Trajectory

STEEPEST = 50.0  # a slope


@dataclass(frozen=True)
class LossModel:
    """A formula and the units of the runs that it is for; its constants are passed as one array, (p,).

    Attributes:
        formula: The law.
        peak: The peak rate at which the constants hold.
        fall: What the longest run lost after its first tenth, nats: the unit of losses.
    """

    formula: LossFormula
    peak: float
    fall: float

    @property
    def names(self) -> tuple[str, ...]:
        """The constants of the law, then their slopes."""
        return (*self.formula.parameters, *(f"{name} per ln peak" for name in self.formula.beliefs))

    @property
    def limits(self) -> tuple[Array, Array]:
        """The least and the largest value of each, (p,) each."""
        unbounded = np.full(len(self.formula.beliefs), STEEPEST)
        low, high = self.formula.limits
        return np.concatenate([low, -unbounded]), np.concatenate([high, unbounded])

    def check(self, theta: Array) -> None:
        """Refuse constants that are too few, too many or outside `limits`, and units that are not above 0."""
        low, high = self.limits
        law = f"a {self.formula.name} law"
        if theta.shape != low.shape:
            raise ValueError(f"{law} has the constants {', '.join(self.names)}, got {theta.size}")
        wrong = np.flatnonzero(~((low <= theta) & (theta <= high)))
        if wrong.size:
            i = wrong[0]
            raise ValueError(f"`{self.names[i]}` of {law} must be from {low[i]:g} to {high[i]:g}, got {theta[i]:g}")
        if not 0 < self.fall <= LARGEST_LOSS:
            raise ValueError(f"the `fall` of {law} must be above 0 and at most {LARGEST_LOSS:g}, got {self.fall:g}")
        check_peaks(law, self.peak)

    def constants(self, theta: Array, peak: float) -> Array:
        """The law's constants for runs with this peak."""
        split = len(self.formula.parameters)
        moved = theta[:split] + np.log(peak / self.peak) * np.concatenate([[0.0], theta[split:]])
        return np.asarray(np.clip(moved, *self.formula.limits))

    def value(self, theta: Array, trajectory: Trajectory) -> Array:
        """The loss at each position, (n,), in nats."""
        return self.fall * self.formula.value(self.constants(theta, trajectory.peak), trajectory)

    def evaluate(self, theta: Array, trajectory: Trajectory) -> tuple[Array, Array]:
        """The loss (n,), in nats, and its derivative by each constant and slope (n, p)."""
        loss, jacobian = self.formula.evaluate(self.constants(theta, trajectory.peak), trajectory)
        by_slopes = np.log(trajectory.peak / self.peak) * jacobian[:, 1:]
        return self.fall * loss, self.fall * np.hstack([jacobian, by_slopes])

    def final(self, theta: Array, rates: Array) -> tuple[float, Array]:
        """The loss after the last update, in nats, and its derivative by every rate while the peak holds."""
        peak = float(rates.max())
        loss, by_shares = self.formula.final(self.constants(theta, peak), rates / peak)
        return self.fall * loss, self.fall / peak * by_shares
