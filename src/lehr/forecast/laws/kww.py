"""Stretched-exponential (KWW) relaxation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..rates import SMALLEST_RATE, Array, log_rates
from .formula import COMMON, PACE, SLOWING, Belief, LossFormula, Relaxation


class KWW(LossFormula):
    r"""Stretched-exponential (KWW) relaxation: the law that lehr forecasts with by default.

    .. math:: N(\eta) = \eta^p, \qquad
        g_k = 1 - \exp\left(-\left(C \, \eta_k^{-\gamma} \, (S(t) - S_{k-1})\right)^\kappa\right),
        \qquad P(t) = A \, (S(t) + S_0)^{-\alpha}

    Ten constants: L0, ln A, alpha, ln B, ln C, kappa, gamma, p, ln z, ln S0. :math:`S_0` is what the
    first steps are worth beyond their area: without it the loss would fall from infinity.

    References:
        The stretched exponential of relaxation: Kohlrausch, 1854; Williams and Watts, 1970,
        https://doi.org/10.1039/TF9706600080. Two terms: see `MPL`.
    """

    name = "kww"
    beliefs: ClassVar = {
        **COMMON,
        "ln C": PACE,
        "kappa": Belief(0.45, 0.05, 0.13, 0.04, 0.1, 2.0),  # below 0 a cooldown would raise the loss
        "gamma": SLOWING,
        "p": Belief(0.57, 0.02, -0.1, 0.016, 0.1, 2.0),
        "ln z": Belief(-0.1, 0.16, -0.45, 0.12),
        "ln S0": Belief(-3.0, 0.36, -0.8, 0.16, -6.0, 3.0),
    }

    def level(self, theta: Array, rate: Array) -> tuple[Array, Array, dict[str, Array]]:
        p, log = self._of(theta, "p"), log_rates(rate)
        level = np.where(rate > 0, np.exp(p * log), 0.0)
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
