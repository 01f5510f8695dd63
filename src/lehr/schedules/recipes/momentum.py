"""A momentum that moves against the rate."""

from __future__ import annotations

from dataclasses import replace

from .. import checks
from ..base import Schedule
from ..combinators import Then, sequence
from ..parts import Ramp


def with_momentum(
    schedule: Schedule, low: float = 0.85, high: float = 0.95, *, key: str = "momentum"
) -> dict[str, Schedule]:
    r"""The rate together with a momentum that mirrors it, as a mapping that `lehr.Scheduler` takes.

    The momentum is ``low`` where the rate is at its peak, and ``high`` where it is at its lowest:

    .. math:: \mu_t = h - (h - l) \frac{\eta_t - \eta_\min}{\eta_\max - \eta_\min}

    A schedule made of ramps, such as `one_cycle`, is mirrored ramp by ramp, as in torch's ``OneCycleLR``: the
    momentum is ``high`` at the end of each ramp that does not end at the peak.

    Args:
        schedule: A schedule that ends, or a cyclic one such as `triangular`.
        low: The lowest momentum.
        high: The highest.
        key: The hyperparameter: ``"momentum"`` of SGD, ``"betas[0]"`` of Adam.

    Raises:
        ValueError: ``low`` is above ``high``, or the rate never changes.

    References:
        A Disciplined Approach to Neural Network Hyper-Parameters (Smith, 2018), https://arxiv.org/abs/1803.09820.

    >>> from lehr import one_cycle
    >>> both = with_momentum(one_cycle(100, 30, max_lr=1.0), key="betas[0]")
    >>> [round(both["betas[0]"](t), 12) for t in (0, 30, 100)]
    [0.95, 0.85, 0.95]
    """
    low, high = (checks.number(name, v, owner="with_momentum") for name, v in (("low", low), ("high", high)))
    if low > high:
        raise ValueError(f"with_momentum needs `low` of at most `high`, got {low!r} and {high!r}")
    bottom, peak = schedule._bounds
    if bottom == peak:
        raise ValueError(f"with_momentum needs a rate that changes, got {checks.shown(schedule)}")
    body = schedule._body
    ramps = [part for part in body.parts if isinstance(part, Ramp)] if isinstance(body, Then) else []
    if isinstance(body, Then) and len(ramps) == len(body.parts):
        levels = {peak: low}
        mirrored = sequence(*(replace(r, start=levels.get(r.start, high), end=levels.get(r.end, high)) for r in ramps))
    else:
        mirrored = high - (schedule - bottom) * ((high - low) / (peak - bottom))
    return {"lr": schedule, key: mirrored}
