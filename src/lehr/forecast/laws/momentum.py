"""The momentum law: annealing as an exponential average over updates."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..rates import Array
from .formula import COMMON, Belief, LossFormula, Relaxation


class Momentum(LossFormula):
    r"""The momentum law: annealing as an exponential average over updates.

    .. math:: N(\eta) = \eta, \qquad g_k = 1 - \lambda^{t - k + 1}, \qquad z = 0

    Five constants: L0, ln A, alpha, ln B and ln tau, where
    :math:`\lambda = e^{-1 / \tau}` and tau is in updates.

    References:
        Scaling Law with Learning Rate Annealing (Tissue et al., 2024), https://arxiv.org/abs/2408.11029
    """

    name = "momentum"
    beliefs: ClassVar = {**COMMON, "ln tau": Belief(6.0, 0.28, -0.9, 0.12)}
    inflation = 2.1

    def relaxation(self, theta: Array, log_rate: Array, gap: Array, log_gap: Array, steps: Array) -> Relaxation:
        time = steps * np.exp(-theta[4])
        left = np.exp(-time)
        zero = np.zeros_like(left)
        return Relaxation(1 - left, zero, zero, {"ln tau": -left * time})
