"""The three standard schedules, and those that differ from them only in the shape of the decay."""

from __future__ import annotations

from ..base import Schedule
from ..lengths import Length
from ..parts import Constant, Ramp
from .recipe import REQUIRED, Rate, after_warmup, recipe


@recipe
def constant(
    training_steps: Length | None = None, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate = 0.0
) -> Schedule:
    r"""``max_lr`` at every step: :math:`\eta_t = \eta_\max`.

    Args:
        training_steps: Steps of the run, N; None if it has no end.
        warmup_steps: Ignored, so that the three standard schedules take the same settings; for a
            constant with a warmup use `constant_with_warmup`.
        max_lr: The rate.
        min_lr: Ignored, for the same reason.

    >>> constant(100, max_lr=0.1)(50)
    0.1
    """
    return Constant(max_lr, None if training_steps is None else int(training_steps))


@recipe
def constant_with_warmup(
    training_steps: Length | None = None, warmup_steps: Length = 0, max_lr: Rate = REQUIRED
) -> Schedule:
    r"""Linear warmup, then ``max_lr``.

    .. math:: \eta_t = \min(1, \max(1, t) / W) \, \eta_\max

    Args:
        training_steps: Steps of the run, N; None if it has no end.
        warmup_steps: Steps of the warmup, W.
        max_lr: The rate from step W on.

    >>> constant_with_warmup(100, 10, max_lr=0.1)(5)
    0.05
    """
    hold = None if training_steps is None else int(training_steps) - int(warmup_steps)
    return after_warmup(warmup_steps, max_lr, Constant(max_lr, hold))


def _decay(n: Length, warmup: Length, max_lr: float, min_lr: float, shape: str) -> Schedule:
    return after_warmup(warmup, max_lr, Ramp(max_lr, min_lr, int(n) - int(warmup), shape))


@recipe
def linear(training_steps: Length, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate = 0.0) -> Schedule:
    r"""Linear warmup, then a straight line down.

    .. math:: \eta_t = \eta_\max - \frac{t - W}{N - W} (\eta_\max - \eta_\min)

    Args:
        training_steps: Steps of the run, N; the rate is ``min_lr`` from N on.
        warmup_steps: Steps of the warmup, W; before W the rate is max(1, t)/W · ``max_lr``.
        max_lr: Rate at step W.
        min_lr: Rate at step N.

    >>> [linear(10, 2, max_lr=1.0)(t) for t in (0, 1, 2, 6, 10)]
    [0.5, 0.5, 1.0, 0.5, 0.0]
    """
    return _decay(training_steps, warmup_steps, max_lr, min_lr, "linear")


@recipe
def cosine(training_steps: Length, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate = 0.0) -> Schedule:
    r"""Linear warmup, then half a cosine down.

    .. math::
        \eta_t = \eta_\min + \tfrac12 (\eta_\max - \eta_\min)
                 \left(1 + \cos\left(\pi \tfrac{t - W}{N - W}\right)\right)

    Args:
        training_steps: Steps of the run, N; the rate is ``min_lr`` from N on.
        warmup_steps: Steps of the warmup, W; before W the rate is max(1, t)/W · ``max_lr``.
        max_lr: Rate at step W.
        min_lr: Rate at step N.

    References:
        SGDR (Loshchilov & Hutter, 2017), https://arxiv.org/abs/1608.03983, without its restarts.

    >>> schedule = cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4)
    >>> schedule(0), schedule(1000), round(schedule(50_500), 12), schedule(100_000)
    (1e-06, 0.001, 0.00055, 0.0001)
    """
    return _decay(training_steps, warmup_steps, max_lr, min_lr, "cosine")


@recipe
def polynomial(
    training_steps: Length, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate = 0.0, *, power: Rate = 2.0
) -> Schedule:
    r"""Linear warmup, then a power of the share of the run that is left.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \left(1 - \tfrac{t - W}{N - W}\right)^p

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        power: The power, p, above 0.

    >>> polynomial(100, max_lr=1.0, power=2)(50)
    0.25
    """
    return _decay(training_steps, warmup_steps, max_lr, min_lr, f"polynomial({power!r})")


@recipe
def exponential(
    training_steps: Length, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate | None = None
) -> Schedule:
    r"""Linear warmup, then a geometric decay that takes the whole run.

    .. math:: \eta_t = \eta_\max \left(\eta_\min / \eta_\max\right)^{(t - W)/(N - W)}

    For a decay by a given factor, or one that never ends, use the part `Exponential`.

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N, above 0; None for ``max_lr / 100``.

    >>> round(exponential(100, max_lr=1.0, min_lr=0.01)(50), 12)
    0.1
    """
    floor = max_lr / 100 if min_lr is None else min_lr
    if not floor:
        name = "max_lr" if min_lr is None else "min_lr"
        raise ValueError(
            f"exponential needs `{name}` above 0, got 0.0: a geometric decay never reaches 0; "
            f"give a small `min_lr`, or use linear, cosine or polynomial to reach 0"
        )
    return _decay(training_steps, warmup_steps, max_lr, floor, "exponential")


@recipe
def rex(training_steps: Length, warmup_steps: Length = 0, max_lr: Rate = REQUIRED, min_lr: Rate = 0.0) -> Schedule:
    r"""Linear warmup, then the reflected exponential: slow at first, steep at the end.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \frac{1 - p}{1 - p/2},
        \quad p = \tfrac{t - W}{N - W}

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.

    References:
        REX (Chen, Wolfe & Kyrillidis, 2021), https://arxiv.org/abs/2107.04197.

    >>> round(rex(100, max_lr=1.0)(50), 12)
    0.666666666667
    """
    return _decay(training_steps, warmup_steps, max_lr, min_lr, "rex")
