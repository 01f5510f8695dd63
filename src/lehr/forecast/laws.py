r"""Laws: formulas from a schedule to its loss curve.

All share one frame. With rates :math:`\eta_0, \eta_1, ...`, the loss after update t is

.. math:: L(t) = L_0 + P(t) + B \, (1 + z P(t)) \, V(t), \qquad P(t) = A \, S(t)^{-\alpha}

.. math:: V(t) = \sum_{k \le t} [N(\eta_k) - N(\eta_{k-1})] \; g_k(t), \qquad S(t) = \sum_{i \le t} \eta_i

S is progress (rate x updates), P the reducible loss without noise (nats), N the noise level that a
rate settles at (in units of rate), :math:`g_k` the share of that change which has come to pass, V
the noise present now. Warmup counts: before update 0 the rate is 0. A law says N and g; to add one,
write a class like those below and add it to `LAWS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from .knots import REFERENCE_RATE, SMALLEST_RATE, Array, Path, _log_rates

LIMITS = {"L0": (0.0, np.inf), "alpha": (0.05, 2.0), "kappa": (0.1, 2.0), "beta": (0.05, 5.0), "p": (0.1, 2.0)}
"""Where constants stop making sense: a kappa below 0 would undo what has relaxed."""


@dataclass(frozen=True)
class Relaxation:
    """A relaxed share g and what it changes by.

    Attributes:
        share: g, (pairs,).
        by_log_rate: Its derivative by ln of the rate after the change.
        by_gap: Its derivative by the area under the schedule since the change.
        by_parameter: Its derivative by each of the law's parameters that it depends on.
    """

    share: Array
    by_log_rate: Array
    by_gap: Array
    by_parameter: dict[str, Array]


class Formula(ABC):
    """A law without its constants, which come as one array in the order of `parameters`.

    Attributes:
        name: What `fit` calls it.
        parameters: Names of its constants; the first four are L0, ln A, alpha, ln B.
        row_error: Its relative error where it was fitted, for the bands.
        step_error: The share of a difference in loss that it gets wrong; see `intervals`.
    """

    name: str
    parameters: tuple[str, ...]
    row_error: float = 1e-3
    step_error: float = 0.1

    @property
    def limits(self) -> tuple[Array, Array]:
        """The least and the largest value of each constant, (p,) each."""
        limits = [LIMITS.get(name, (-np.inf, np.inf)) for name in self.parameters]
        return np.array([low for low, _ in limits]), np.array([high for _, high in limits])

    @abstractmethod
    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        """The noise level N, its derivative by the rate, and those by parameters."""

    @abstractmethod
    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        """The share of a change that has come to pass, ``gap`` of area and ``steps`` later."""

    def _of(self, theta: Array, name: str) -> float:
        return float(theta[self.parameters.index(name)])

    def _coupling(self, theta: Array) -> float:
        return float(np.exp(self._of(theta, "ln z"))) if "ln z" in self.parameters else 0.0

    def value(self, theta: Array, path: Path) -> Array:
        """The loss at each position of the path, (n,), in nats."""
        return self.evaluate(theta, path)[0]

    def jacobian(self, theta: Array, path: Path) -> Array:
        """Its derivative by each parameter, (n, parameters)."""
        return self.evaluate(theta, path)[1]

    def evaluate(self, theta: Array, path: Path) -> tuple[Array, Array]:
        """The loss (n,) and its derivative by each parameter (n, parameters)."""
        floor, log_b = theta[0], theta[3]
        power, scale, z = self.power(theta, path.progress), np.exp(log_b), self._coupling(theta)
        noise, by_parameter = self.noise(theta, path)
        gain = scale * (1 + z * power)
        by_power = 1 + scale * z * noise
        columns = {
            "L0": np.ones_like(power),
            "ln A": by_power * power,
            "alpha": -by_power * power * np.log(path.progress),
            "ln B": gain * noise,
            "ln z": scale * z * power * noise,
            **{name: gain * column for name, column in by_parameter.items()},
        }
        jacobian = np.stack([columns[name] for name in self.parameters], axis=1)
        return floor + power + gain * noise, jacobian

    def power(self, theta: Array, progress: Array) -> Array:
        """The reducible loss without noise, P."""
        return np.asarray(np.exp(theta[1] - theta[2] * np.log(progress)))

    def noise(self, theta: Array, path: Path) -> tuple[Array, dict[str, Array]]:
        """The noise present, V (n,), and its derivatives by parameters."""
        before, _, before_by = self.level(theta, path.before)
        after, _, after_by = self.level(theta, path.after)
        weight = (after - before)[path.cell]
        relaxed = self.relaxation(theta, path.log_rate, path.gap, path.log_gap, path.steps)
        by = {name: path.sums(weight * slope) for name, slope in relaxed.by_parameter.items()}
        for name in after_by:
            by[name] = path.sums((after_by[name] - before_by[name])[path.cell] * relaxed.share)
        return path.sums(weight * relaxed.share), by

    def state(self, theta: Array, path: Path) -> Array:
        """Where training stands, (n, 3), each as a share of the loss.

        The reducible loss, the noise present, and the noise that the present rate would settle at.
        """
        power = self.power(theta, path.progress)
        gain = np.exp(theta[3]) * (1 + self._coupling(theta) * power)
        noise, _ = self.noise(theta, path)
        settled, _, _ = self.level(theta, path.rate)
        parts = np.stack([power, gain * noise, gain * settled], axis=1)
        return np.asarray(parts / (theta[0] + power + gain * noise)[:, None])

    def final(self, theta: Array, rates: Array) -> tuple[float, Array]:
        """The loss after the last update and its derivative by every rate, (updates,): O(updates).

        The sum is the exact one, over every update.
        """
        rates = np.maximum(rates, SMALLEST_RATE)
        gap = np.cumsum(rates[::-1])[::-1]
        relaxed = self.relaxation(theta, _log_rates(rates), gap, np.log(gap), np.arange(len(rates), 0.0, -1.0))
        level, slope, _ = self.level(theta, rates)
        change = np.diff(level, prepend=0.0)
        noise = float(change @ relaxed.share)
        progress = gap[:1]
        power, scale, z = float(self.power(theta, progress)[0]), float(np.exp(theta[3])), self._coupling(theta)
        noise_by = slope * -np.diff(relaxed.share, append=0.0)
        noise_by += np.cumsum(change * relaxed.by_gap) + change * relaxed.by_log_rate / rates
        power_by = -theta[2] * power / float(progress[0])
        loss = float(theta[0]) + power + scale * (1 + z * power) * noise
        return loss, (1 + scale * z * noise) * power_by + scale * (1 + z * power) * noise_by


class KWW(Formula):
    r"""A stretched exponential, as of a glass that is cooled: the law lehr forecasts with.

    .. math:: N(\eta) = \eta_0 (\eta / \eta_0)^p, \qquad
        g_k = 1 - \exp\left(-\left(C \, (\eta_k / \eta_0)^{-\gamma} \, (S(t) - S_{k-1})\right)^\kappa\right)

    Nine constants: L0 (nats), ln A, alpha, ln B, ln C, kappa, gamma, p, ln z;
    :math:`\eta_0` is `REFERENCE_RATE`.

    References:
        The stretched exponential of relaxation: Kohlrausch, 1854; Williams and Watts, 1970,
        https://doi.org/10.1039/TF9706600080. Two terms: see `MPL`.
    """

    name = "kww"
    parameters = ("L0", "ln A", "alpha", "ln B", "ln C", "kappa", "gamma", "p", "ln z")
    row_error = 5e-4
    step_error = 0.05

    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        p, log = self._of(theta, "p"), _log_rates(rate)
        level = np.where(rate > 0, REFERENCE_RATE * np.exp(p * log), 0.0)
        return level, p * level / np.maximum(rate, SMALLEST_RATE), {"p": level * log}

    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        log_c, kappa, gamma = theta[4:7]
        time = log_c - gamma * log_rate + log_gap
        x = np.exp(kappa * time)
        left = np.exp(-x)
        pace = x * left
        slope = kappa * pace
        by = {"ln C": slope, "kappa": pace * time, "gamma": -slope * log_rate}
        return Relaxation(1 - left, -gamma * slope, slope / gap, by)


class MPL(Formula):
    r"""The multi-power law.

    .. math:: N(\eta) = \eta, \qquad g_k = 1 - \left(1 + C \, (\eta_k / \eta_0)^{-\gamma}
        \, (S(t) - S_{k-1})\right)^{-\beta}, \qquad z = 0

    Seven constants: L0 (nats), ln A, alpha, ln B, ln C, beta, gamma. As in `KWW`, and unlike the
    paper, the warmup is part of the sum.

    References:
        Luo et al., 2025, https://arxiv.org/abs/2503.12811
    """

    name = "mpl"
    parameters = ("L0", "ln A", "alpha", "ln B", "ln C", "beta", "gamma")

    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        return rate, np.ones_like(rate), {}

    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        log_c, beta, gamma = theta[4:7]
        x = np.exp(log_c - gamma * log_rate + log_gap)
        log = np.log1p(x)
        left = np.exp(-beta * log)
        slope = beta * left * x / (1 + x)
        by = {"ln C": slope, "beta": left * log, "gamma": -slope * log_rate}
        return Relaxation(1 - left, -gamma * slope, slope / gap, by)


class Momentum(Formula):
    r"""The law whose annealing is an exponential average over updates.

    .. math:: N(\eta) = \eta, \qquad g_k = 1 - \lambda^{t - k + 1}, \qquad z = 0

    Five constants: L0 (nats), ln A, alpha, ln B and ln tau, where
    :math:`\lambda = e^{-1 / \tau}` and tau is in updates.

    References:
        Scaling Law with Learning Rate Annealing (Tissue et al., 2024), https://arxiv.org/abs/2408.11029
    """

    name = "momentum"
    parameters = ("L0", "ln A", "alpha", "ln B", "ln tau")
    step_error = 0.15

    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        return rate, np.ones_like(rate), {}

    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        time = steps * np.exp(-theta[4])
        left = np.exp(-time)
        zero = np.zeros_like(left)
        return Relaxation(1 - left, zero, zero, {"ln tau": -left * time})


LAWS: dict[str, Formula] = {law.name: law for law in (KWW(), MPL(), Momentum())}
"""Every law by its name."""


def get(law: Any) -> Formula:
    """The law of that name, or the law itself.

    Raises:
        ValueError: There is none.

    >>> get("kww").parameters[-1]
    'ln z'
    """
    if isinstance(law, Formula):
        return law
    if law in LAWS:
        return LAWS[law]
    raise ValueError(f"there is no law {law!r}; there are {', '.join(LAWS)}")
