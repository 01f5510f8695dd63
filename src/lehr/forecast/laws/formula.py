"""What all laws share: the loss from a schedule and constants, its derivatives, and prior beliefs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ..rates import SMALLEST_RATE, Array, log_rates
from ..trajectory import CLOCK, Trajectory


class Belief(NamedTuple):
    """What is believed of a constant before any run is seen."""

    centre: float  # a round number near it
    spread: float  # its standard deviation between setups
    slope: float  # its change where the peak is e times as high
    slope_spread: float  # the standard deviation of that
    low: float = -50.0  # the lowest value that has a meaning
    high: float = 50.0  # the highest value that has a meaning


FARTHEST_FLOOR = 1e4  # L0, from 0, in falls of the loss
COMMON = {
    "ln A": Belief(0.3, 0.2, -0.25, 0.03),
    "alpha": Belief(0.54, 0.016, 0.0, 0.012, 0.05, 2.0),
    "ln B": Belief(-0.85, 0.2, 0.4, 0.03),
}
"""The constants that every law has."""
PACE, SLOWING = Belief(2.1, 0.14, 0.9, 0.12), Belief(-0.45, 0.04, 0.0, 0.03, -5.0, 5.0)
"""For ln C and gamma, where a law counts relaxation in summed rates."""


@dataclass(frozen=True)
class Relaxation:
    """A relaxed share g and its derivatives, (pairs,) each."""

    share: Array
    by_log_rate: Array  # by ln of the rate after the change
    by_gap: Array  # by the area under the schedule since the change
    by_parameter: dict[str, Array]  # by each parameter of the law that it depends on


class LossFormula(ABC):
    """A law without its constants, which are passed as one array in the order of `parameters`.

    Attributes:
        name: Its name in `fit`.
        beliefs: Its constants, in order, and what is believed of each; the first three are those of
            `COMMON`. L0, of which nothing is believed, comes before them.
        inflation: How many times as uncertain forecasts are as a fit says; see `bands`.
    """

    name: str
    beliefs: ClassVar[Mapping[str, Belief]]
    inflation: float = 3.0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of its constants."""
        return ("L0", *self.beliefs)

    @property
    def limits(self) -> tuple[Array, Array]:
        """The least and the largest value of each constant, (p,) each."""
        low = [-FARTHEST_FLOOR, *(belief.low for belief in self.beliefs.values())]
        return np.array(low), np.array([FARTHEST_FLOOR, *(belief.high for belief in self.beliefs.values())])

    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        """The noise level N, its derivative by the rate, and those by parameters. Here N is the rate itself."""
        return rate, np.ones_like(rate), {}

    @abstractmethod
    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        """The share g of a change of the rate that has taken effect, ``gap`` of area and ``steps`` updates later."""

    def _of(self, theta: Array, name: str) -> float:
        return float(theta[self.parameters.index(name)])

    def _exp(self, theta: Array, name: str) -> float:
        """The exponential of a constant; 0 if the law does not have it."""
        return float(np.exp(self._of(theta, name))) if name in self.parameters else 0.0

    def value(self, theta: Array, trajectory: Trajectory) -> Array:
        """The loss at each position of the trajectory, (n,), in falls."""
        return self.evaluate(theta, trajectory)[0]

    def evaluate(self, theta: Array, trajectory: Trajectory) -> tuple[Array, Array]:
        """The loss (n,) and its derivative by each parameter (n, parameters)."""
        floor, log_b = theta[0], theta[3]
        power, scale, z = self.power(theta, trajectory.progress), np.exp(log_b), self._exp(theta, "ln z")
        start = self._exp(theta, "ln S0")
        clock = trajectory.progress + start
        noise, by_parameter = self.noise(theta, trajectory)
        gain = scale * (1 + z * power)
        by_power = 1 + scale * z * noise
        columns = {
            "L0": np.ones_like(power),
            "ln A": by_power * power,
            "alpha": -by_power * power * np.log(clock),
            "ln B": gain * noise,
            "ln z": scale * z * power * noise,
            "ln S0": -by_power * power * theta[2] * start / clock,
            **{name: gain * column for name, column in by_parameter.items()},
        }
        jacobian = np.stack([columns[name] for name in self.parameters], axis=1)
        return floor + power + gain * noise, jacobian

    def power(self, theta: Array, progress: Array) -> Array:
        """The reducible loss without noise, P."""
        return np.asarray(np.exp(theta[1] - theta[2] * np.log(progress + self._exp(theta, "ln S0"))))

    def noise(self, theta: Array, trajectory: Trajectory) -> tuple[Array, dict[str, Array]]:
        """The noise present, V (n,), and its derivatives by parameters."""
        before, _, before_by = self.level(theta, trajectory.before)
        after, _, after_by = self.level(theta, trajectory.after)
        weight = (after - before)[trajectory.cell]
        relaxed = self.relaxation(theta, trajectory.log_rate, trajectory.gap, trajectory.log_gap, trajectory.steps)
        by = {name: trajectory.sums(weight * slope) for name, slope in relaxed.by_parameter.items()}
        for name in after_by:
            by[name] = trajectory.sums((after_by[name] - before_by[name])[trajectory.cell] * relaxed.share)
        return trajectory.sums(weight * relaxed.share), by

    def final(self, theta: Array, rates: Array) -> tuple[float, Array]:
        """The loss after the last update, an exact sum, and its derivative by every rate, (updates,): O(updates).

        Rates are shares of the peak, the loss is in falls.
        """
        rates = np.maximum(rates, SMALLEST_RATE)
        gap = np.cumsum(rates[::-1])[::-1] / CLOCK
        relaxed = self.relaxation(theta, log_rates(rates), gap, np.log(gap), np.arange(len(rates), 0.0, -1.0))
        level, slope, _ = self.level(theta, rates)
        change = np.diff(level, prepend=0.0)
        noise = float(change @ relaxed.share)
        clock = float(gap[0]) + self._exp(theta, "ln S0")
        power, scale, z = float(self.power(theta, gap[:1])[0]), float(np.exp(theta[3])), self._exp(theta, "ln z")
        noise_by = slope * -np.diff(relaxed.share, append=0.0)
        noise_by += np.cumsum(change * relaxed.by_gap) / CLOCK + change * relaxed.by_log_rate / rates
        power_by = -theta[2] * power / clock / CLOCK
        loss = float(theta[0]) + power + scale * (1 + z * power) * noise
        return loss, (1 + scale * z * noise) * power_by + scale * (1 + z * power) * noise_by
