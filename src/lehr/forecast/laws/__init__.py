r"""Laws: formulas from a schedule to its loss curve.

All have one form. With rates :math:`\eta_0, \eta_1, ...`, the loss after update t is

.. math:: L(t) = L_0 + P(t) + B \, (1 + z P(t)) \, V(t), \qquad P(t) = A \, S(t)^{-\alpha}

.. math:: V(t) = \sum_{k \le t} [N(\eta_k) - N(\eta_{k-1})] \; g_k(t), \qquad S(t) = \sum_{i \le t} \eta_i

S is the progress, P the reducible loss without noise, N the noise level that a rate settles at,
:math:`g_k` the share of that change which has taken effect, and V the noise present now. The warmup is
part of the sum: before update 0 the rate is 0.

Everything is in the units of the run, in which setups are alike: rates are shares of the run's peak, S
counts 1,000 updates at the peak, and losses are in *falls*: what the longest run lost after its first
tenth. `LossModel` adds these units.

A law defines N and g. To add a law, write a file with a class, as for those in this package, and add it
to `LAWS`.
"""

from __future__ import annotations

from ...schedules import checks
from .formula import Belief as Belief
from .formula import LossFormula as LossFormula
from .formula import Relaxation as Relaxation
from .kww import KWW as KWW
from .momentum import Momentum as Momentum
from .mpl import MPL as MPL

LAWS: dict[str, LossFormula] = {law.name: law for law in (KWW(), MPL(), Momentum())}
"""Every law by its name."""


def get(law: str | LossFormula) -> LossFormula:
    """The formula with that name, or the formula itself.

    Raises:
        ValueError: There is no such law.

    >>> get("kww").parameters[-1]
    'ln S0'
    """
    if isinstance(law, LossFormula):
        return law
    if not isinstance(law, str) or law not in LAWS:
        raise ValueError(checks.unknown("law", law, LAWS))
    return LAWS[law]
