"""Schedules that can go on without an end."""

from __future__ import annotations

from ..base import Schedule
from ..lengths import Length
from ..parts import PowerLaw
from .cooldown import default_timescale
from .recipe import REQUIRED, Period, Rate, recipe, steps_left


@recipe
def inverse_sqrt(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    timescale: Period | None = None,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then the inverse square root of the step.

    .. math:: \eta_t = \eta_\max \sqrt{\tfrac{\tau}{t - W + \tau}}, \text{ never below } \eta_\min

    Args:
        training_steps: Steps of the run, after which the rate holds; None if it has no end.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: The floor.
        timescale: Steps τ; None for W, or 10,000 without a warmup.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        Scaling Vision Transformers (Zhai et al., 2022), https://arxiv.org/abs/2106.04560.

    >>> inverse_sqrt(warmup_steps=100, max_lr=1.0)(400)
    0.5
    """
    left = steps_left(training_steps, warmup_steps)
    fall = PowerLaw(max_lr, -0.5, default_timescale(timescale, warmup_steps), left)
    return fall.clip(lo=min_lr) if min_lr else fall


@recipe
def inverse_time(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    timescale: Period,
    stairs: Period | None = None,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Warmup, then the inverse of the step, smoothly or in steps.

    .. math:: \eta_t = \frac{\eta_\max}{1 + (t - W) / \tau}, \text{ never below } \eta_\min

    Args:
        training_steps: Steps of the run, after which the rate holds; None if it has no end.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: The floor.
        timescale: Steps τ, after which the rate is half of ``max_lr``; Keras's ``decay_steps / decay_rate``.
        stairs: Steps for which each rate is held; None for a smooth decay.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        A Stochastic Approximation Method (Robbins & Monro, 1951), https://doi.org/10.1214/aoms/1177729586.

    >>> [inverse_time(max_lr=1.0, timescale=100)(t) for t in (0, 100, 300)]
    [1.0, 0.5, 0.25]
    """
    fall: Schedule = PowerLaw(max_lr, -1.0, int(timescale))
    if stairs is not None:
        fall = fall.stairs(int(stairs))
    left = steps_left(training_steps, warmup_steps)
    cut = fall if left is None else fall.cut(0, left)
    return cut.clip(lo=min_lr) if min_lr else cut


@recipe
def noam(
    training_steps: Length | None = None, warmup_steps: Length = 4000, *, model_dim: int, factor: Rate = 1.0
) -> Schedule:
    r"""The schedule of the original Transformer.

    .. math:: \eta_t = f \, d^{-1/2} \min\left(t^{-1/2},\; t \, W^{-3/2}\right), \quad t \ge 1

    Its peak, at step W, is :math:`f / \sqrt{d W}`; step 0 gets the rate of step 1.

    Args:
        training_steps: Steps of the run, after which the rate holds; None if it has no end.
        warmup_steps: Steps of the warmup, W, at least 1.
        model_dim: Width of the model, d.
        factor: Multiplies every rate, f.

    References:
        Attention Is All You Need (Vaswani et al., 2017), https://arxiv.org/abs/1706.03762.

    >>> round(noam(warmup_steps=4000, model_dim=512)(4000), 9)
    0.000698771
    """
    if not int(warmup_steps):
        raise ValueError("noam needs `warmup_steps` of at least 1, got 0; without a warmup use inverse_sqrt")
    peak = factor / (model_dim * int(warmup_steps)) ** 0.5
    return inverse_sqrt(training_steps, warmup_steps, max_lr=peak)
