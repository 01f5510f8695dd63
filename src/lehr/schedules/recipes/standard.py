"""The three standard schedules."""

from __future__ import annotations

from ..base import Schedule
from ..lengths import Length
from ..parts import Constant, Ramp
from .recipe import REQUIRED, Rate, recipe, steps_left


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
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    *,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then ``max_lr``.

    .. math:: \eta_t = \min(1, \max(1, t) / W) \, \eta_\max

    Args:
        training_steps: Steps of the run, N; None if it has no end.
        warmup_steps: Steps of the warmup, W.
        max_lr: The rate from step W on.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> constant_with_warmup(100, 10, max_lr=0.1)(5)
    0.05
    """
    return Constant(max_lr, steps_left(training_steps, warmup_steps))


@recipe
def linear(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a straight line down.

    .. math:: \eta_t = \eta_\max - \frac{t - W}{N - W} (\eta_\max - \eta_\min)

    Args:
        training_steps: Steps of the run, N; the rate is ``min_lr`` from N on.
        warmup_steps: Steps of the warmup, W; before W the rate is max(1, t)/W · ``max_lr``.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> [linear(10, 2, max_lr=1.0)(t) for t in (0, 1, 2, 6, 10)]
    [0.5, 0.5, 1.0, 0.5, 0.0]
    """
    return Ramp(max_lr, min_lr, int(training_steps) - int(warmup_steps), "linear")


@recipe
def cosine(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    num_cycles: Rate = 0.5,
    exponent: Rate = 1.0,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then half a cosine down.

    .. math::
        \eta_t = \eta_\min + \tfrac12 (\eta_\max - \eta_\min)
                 \left(1 + \cos\left(\pi \tfrac{t - W}{N - W}\right)\right)

    Args:
        training_steps: Steps of the run, N; the rate is ``min_lr`` from N on.
        warmup_steps: Steps of the warmup, W; before W the rate is max(1, t)/W · ``max_lr``.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        num_cycles: Whole turns of the cosine from W to N. With 1.5 the rate comes up again before it falls to
            ``min_lr``; only 0.5, 1.5, 2.5, … end there.
        exponent: Power of the term in brackets over 2, as in optax; above 0.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        SGDR (Loshchilov & Hutter, 2017), https://arxiv.org/abs/1608.03983, without its restarts.

    >>> schedule = cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4)
    >>> schedule(0), schedule(1000), round(schedule(50_500), 12), schedule(100_000)
    (1e-06, 0.001, 0.00055, 0.0001)
    """
    steps = int(training_steps) - int(warmup_steps)
    if not num_cycles or not exponent:
        raise ValueError(f"cosine needs `num_cycles` and `exponent` above 0, got {num_cycles!r} and {exponent!r}")
    shape = "cosine" if num_cycles == 0.5 else f"cosine({2 * num_cycles:g})"
    comes_down = num_cycles % 1 == 0.5
    if exponent == 1 and comes_down:
        return Ramp(max_lr, min_lr, steps, shape)
    half = (steps or 1) / (2 * num_cycles)
    waves = Ramp(1, 0, half, "cosine").then(Ramp(0, 1, half, "cosine")).repeat()
    share = Ramp(1, 0, steps, shape) if comes_down else waves.cut(0, steps)
    return (share if exponent == 1 else share**exponent) * (max_lr - min_lr) + min_lr
