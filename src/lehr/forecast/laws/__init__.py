r"""Laws: formulas from a schedule to its loss curve.

All share one frame. With rates :math:`\eta_0, \eta_1, ...`, the loss after update t is

.. math:: L(t) = L_0 + P(t) + B \, (1 + z P(t)) \, V(t), \qquad P(t) = A \, S(t)^{-\alpha}

.. math:: V(t) = \sum_{k \le t} [N(\eta_k) - N(\eta_{k-1})] \; g_k(t), \qquad S(t) = \sum_{i \le t} \eta_i

S is progress (rate x updates), P the reducible loss without noise (nats), N the noise level that a
rate settles at (in units of rate), :math:`g_k` the share of that change which has come to pass, V
the noise present now. Warmup counts: before update 0 the rate is 0. A law says N and g; to add one,
write a file with a class like those beside this one, and add it to `LAWS`.
"""

from __future__ import annotations

from typing import Any

from .formula import Belief as Belief
from .formula import Formula as Formula
from .formula import Relaxation as Relaxation
from .kww import KWW as KWW
from .momentum import Momentum as Momentum
from .mpl import MPL as MPL

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
