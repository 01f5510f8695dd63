"""The multi-power law."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..rates import Array
from .formula import COMMON, PACE, SLOWING, Belief, LossFormula, Relaxation


class MPL(LossFormula):
    r"""The multi-power law.

    .. math:: N(\eta) = \eta, \qquad g_k = 1 - \left(1 + C \, \eta_k^{-\gamma}
        \, (S(t) - S_{k-1})\right)^{-\beta}, \qquad z = 0

    Seven constants: L0, ln A, alpha, ln B, ln C, beta, gamma. As in `KWW`, and unlike in the
    paper, the warmup is part of the sum.

    References:
        Luo et al., 2025, https://arxiv.org/abs/2503.12811
    """

    name = "mpl"
    beliefs: ClassVar = {**COMMON, "ln C": PACE, "beta": Belief(0.5, 0.05, 0.0, 0.04, 0.05, 5.0), "gamma": SLOWING}
    inflation = 2.6

    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        log_c, beta, gamma = theta[4:7]
        x = np.exp(log_c - gamma * log_rate + log_gap)
        log = np.log1p(x)
        left = np.exp(-beta * log)
        slope = beta * left * x / (1 + x)
        by = {"ln C": slope, "beta": left * log, "gamma": -slope * log_rate}
        return Relaxation(1 - left, -gamma * slope, slope / gap, by)
