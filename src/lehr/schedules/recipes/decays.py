"""Schedules that differ from the standard ones only in the shape of the decay."""

from __future__ import annotations

from ..base import Schedule
from ..lengths import Length
from ..parts import Exponential, Ramp
from .recipe import REQUIRED, Factor, Period, Rate, recipe, steps_left


@recipe
def polynomial(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    power: Rate = 2.0,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a power of the share of the run that is left.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \left(1 - \tfrac{t - W}{N - W}\right)^p

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        power: The power, p, above 0.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> polynomial(100, max_lr=1.0, power=2)(50)
    0.25
    """
    return Ramp(max_lr, min_lr, int(training_steps) - int(warmup_steps), f"polynomial({power!r})")


@recipe
def exponential(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate | None = None,
    *,
    decay_factor: Factor | None = None,
    decay_every: Period | None = None,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a geometric decay: one that takes the whole run, or one by a given factor.

    .. math:: \eta_t = \eta_\max \left(\eta_\min / \eta_\max\right)^{(t - W)/(N - W)}
        \quad\text{or}\quad \eta_t = \eta_\max \, f^{(t - W)/k}

    Args:
        training_steps: Steps of the run, N; None if it has no end, which a ``decay_factor`` allows.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N, above 0; None for ``max_lr / 100``. With a ``decay_factor`` it is the floor, by
            default 0.
        decay_factor: Factor per ``decay_every`` steps, f, above 0 and at most 1; None for that which reaches ``min_lr``
            at N. For a decay in steps use `step_decay`.
        decay_every: Steps that one ``decay_factor`` takes, k; None for 1.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> round(exponential(100, max_lr=1.0, min_lr=0.01)(50), 12)
    0.1
    >>> exponential(max_lr=1.0, decay_factor=0.5, decay_every=10)(20)
    0.25
    """
    left = steps_left(training_steps, warmup_steps)
    if decay_factor is not None:
        fall = Exponential(max_lr, decay_factor, int(decay_every or 1), length=left)
        return fall.clip(lo=min_lr) if min_lr else fall
    if left is None or decay_every is not None:
        missing = "decay_factor" if left is None else "decay_factor` beside `decay_every"
        raise ValueError(f"exponential needs `training_steps` or a `{missing}`, such as decay_factor=0.99")
    floor = max_lr / 100 if min_lr is None else min_lr
    if not floor:
        name = "max_lr" if min_lr is None else "min_lr"
        raise ValueError(
            f"exponential needs `{name}` above 0, got 0.0: a geometric decay never reaches 0; "
            f"give a small `min_lr`, or use linear, cosine or polynomial to reach 0"
        )
    return Ramp(max_lr, floor, left, "exponential")


@recipe
def rex(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then the reflected exponential: slow at first, steep at the end.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \frac{1 - p}{1 - p/2},
        \quad p = \tfrac{t - W}{N - W}

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        REX (Chen, Wolfe & Kyrillidis, 2021), https://arxiv.org/abs/2107.04197.

    >>> round(rex(100, max_lr=1.0)(50), 12)
    0.666666666667
    """
    return Ramp(max_lr, min_lr, int(training_steps) - int(warmup_steps), "rex")


@recipe
def k_decay(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    k: Rate,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a cosine whose time is warped: with k above 1 it stays high for longer.

    .. math:: \eta_t = \eta_\min + \tfrac12 (\eta_\max - \eta_\min)
        \left(1 + \cos\left(\pi \left(\tfrac{t - W}{N - W}\right)^k\right)\right)

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        k: The power of the share of the run, above 0; 1 is `cosine`.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        k-decay (Zhang & Li, 2020), https://arxiv.org/abs/2004.05909.

    >>> round(k_decay(100, max_lr=1.0, k=2)(50), 12)
    0.853553390593
    """
    return Ramp(max_lr, min_lr, int(training_steps) - int(warmup_steps), f"k-decay({k!r})")


@recipe
def tanh_decay(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    lower: float = -6.0,
    upper: float = 3.0,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a hyperbolic tangent down: high for long, then steep.

    .. math:: \eta_t = \eta_\min + \tfrac12 (\eta_\max - \eta_\min)
        \left(1 - \tanh\left(l (1 - p) + u \, p\right)\right), \quad p = \tfrac{t - W}{N - W}

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate before the decay; with the usual bounds the curve starts a hair below it.
        min_lr: Rate at step N, where the last 0.25 % of the way is a jump, as in the paper.
        lower: The argument of the tangent at step W, l.
        upper: The argument of the tangent at step N, u.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        Stochastic Gradient Descent with Hyperbolic-Tangent Decay (Hsueh et al., 2018),
        https://arxiv.org/abs/1806.01593.

    >>> round(tanh_decay(90, max_lr=1.0)(60), 12)
    0.5
    """
    return Ramp(max_lr, min_lr, int(training_steps) - int(warmup_steps), f"tanh({lower!r}, {upper!r})")
