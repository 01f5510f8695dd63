"""Schedules that hold a rate, or let it fall slowly, and end with a cooldown."""

from __future__ import annotations

from ..base import Schedule
from ..lengths import Length
from ..parts import Constant, PowerLaw, Ramp
from .recipe import REQUIRED, Period, Rate, joined, recipe


def _hold_steps(name: str, training_steps: Length, **phases: Length) -> int:
    """Return the steps that the other phases leave, or refuse phases that do not fit."""
    total, taken = int(training_steps), sum(int(steps) for steps in phases.values())
    if taken > total:
        summands = " + ".join(f"{phase}={steps}" for phase, steps in phases.items())
        raise ValueError(
            f"{name} needs its phases to fit into `training_steps`, got {summands} = {taken} > {total}; "
            f"shorten one of them or lengthen the run"
        )
    return total - taken


def _cooldown(name: str, start: float, min_lr: float, steps: Length, shape: str) -> Schedule:
    if shape == "exponential" and not min_lr:
        raise ValueError(
            f"{name} with an exponential cooldown needs `min_lr` above 0, got {min_lr!r}: a geometric decay "
            f"never reaches 0; give a small `min_lr`, or another shape"
        )
    return Ramp(start, min_lr, int(steps), shape)


def _held(
    name: str,
    training_steps: Length,
    warmup_steps: Length,
    max_lr: float,
    min_lr: float,
    decay_steps: Length,
    decay_shape: str,
) -> Schedule:
    """A constant and a cooldown."""
    hold = _hold_steps(name, training_steps, warmup_steps=warmup_steps, decay_steps=decay_steps)
    stable = Constant(max_lr, hold)
    if not int(decay_steps):
        return stable
    return joined(stable, _cooldown(name, max_lr, min_lr, decay_steps, decay_shape))


@recipe
def wsd(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    decay_steps: Length = "20%",
    decay_shape: str = "1-sqrt",
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Warmup, a constant (the stable phase), a cooldown at the end.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \, w\left(\tfrac{t - (N - D)}{D}\right)
        \quad \text{for } t \ge N - D

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup.
        max_lr: Rate of the stable phase.
        min_lr: Rate at step N; above 0 if the shape is ``"exponential"``.
        decay_steps: Steps of the cooldown, D.
        decay_shape: Shape of the cooldown, w: ``"linear"``, ``"cosine"``, ``"1-sqrt"``,
            ``"exponential"`` or any other shape of `Ramp`.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        MiniCPM (Hu et al., 2024), https://arxiv.org/abs/2404.06395; the 1-sqrt cooldown:
        Hägele et al., 2024, https://arxiv.org/abs/2405.18392.

    >>> schedule = wsd(100, 10, max_lr=1.0, decay_steps=20, decay_shape="linear")
    >>> [schedule(t) for t in (5, 10, 80, 90, 100)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    return _held("wsd", training_steps, warmup_steps, max_lr, min_lr, decay_steps, decay_shape)


@recipe
def trapezoid(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    decay_steps: Length = "20%",
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, a constant, a linear cooldown: `wsd` with ``decay_shape="linear"``.

    .. math:: \eta_t = \eta_\max - \tfrac{t - (N - D)}{D} (\eta_\max - \eta_\min)
        \quad \text{for } t \ge N - D

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup.
        max_lr: Rate of the constant phase.
        min_lr: Rate at step N.
        decay_steps: Steps of the cooldown, D.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        Scaling Vision Transformers (Zhai et al., 2022), https://arxiv.org/abs/2106.04560.

    >>> trapezoid(100, 10, max_lr=1.0, decay_steps=20)(90)
    0.5
    """
    return _held("trapezoid", training_steps, warmup_steps, max_lr, min_lr, decay_steps, "linear")


@recipe
def power(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    exponent: float = -0.5,
    timescale: Period | None = None,
    decay_steps: Length = "10%",
    decay_shape: str = "linear",
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Warmup, a decay as a power of the step, a cooldown at the end.

    .. math:: \eta_t = \eta_\max \left(\tfrac{t - W + \tau}{\tau}\right)^a
        \quad \text{for } W \le t < N - D

    Args:
        training_steps: Steps of the run, N.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate at step W.
        min_lr: Rate at step N.
        exponent: The power, a, at most 0.
        timescale: Steps τ; None for W, or 10,000 without a warmup.
        decay_steps: Steps of the cooldown, D.
        decay_shape: Shape of the cooldown, any of `Ramp`.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        Power Scheduler (Shen et al., 2024), https://arxiv.org/abs/2408.13359.

    >>> schedule = power(1000, 100, max_lr=1.0, decay_steps=100)
    >>> schedule(400), schedule(1000)
    (0.5, 0.0)
    """
    fall = _hold_steps("power", training_steps, warmup_steps=warmup_steps, decay_steps=decay_steps)
    power_law = PowerLaw(max_lr, exponent, default_timescale(timescale, warmup_steps), fall)
    body = power_law.clip(lo=min_lr) if min_lr else power_law
    if not int(decay_steps):
        return body
    return joined(body, _cooldown("power", body(fall), min_lr, decay_steps, decay_shape))


def default_timescale(timescale: Length | None, warmup_steps: Length) -> int:
    """Return the timescale of a power law: the given one, or the warmup, or 10,000."""
    return int(timescale if timescale is not None else warmup_steps or 10_000)


@recipe
def infinite(
    training_steps: Length,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    constant_lr: Rate | None = None,
    cooldown_steps: Length = "20%",
    cooldown_shape: str = "cosine",
    decay_steps: Length = "10%",
    decay_shape: str = "1-sqrt",
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Warmup, a cooldown to a constant that can be held for any time, a decay at the end.

    .. math:: \eta_\max \to \eta_c \text{ over } C \text{ steps}; \quad \eta_c; \quad
        \eta_c \to \eta_\min \text{ over the last } D \text{ steps}

    Args:
        training_steps: Steps of the run.
        warmup_steps: Steps of the warmup.
        max_lr: Rate at the end of the warmup.
        min_lr: Rate at the end of the run.
        constant_lr: The constant rate, :math:`\eta_c`; None for half of ``max_lr``.
        cooldown_steps: Steps from ``max_lr`` to ``constant_lr``, C.
        cooldown_shape: Shape of this cooldown, any of `Ramp`.
        decay_steps: Steps of the last decay, D.
        decay_shape: Shape of the last decay, any of `Ramp`.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        Simple and Scalable Strategies to Continually Pre-train Large Language Models
        (Ibrahim et al., 2024), https://arxiv.org/abs/2403.08763.

    >>> schedule = infinite(100, 10, max_lr=1.0, constant_lr=0.25, cooldown_steps=20, decay_steps=10)
    >>> [round(schedule(t), 12) for t in (10, 30, 90, 100)]
    [1.0, 0.25, 0.25, 0.0]
    """
    level = max_lr / 2 if constant_lr is None else constant_lr
    if not min_lr <= level <= max_lr:
        raise ValueError(
            f"infinite needs `constant_lr` between `min_lr` and `max_lr`, got {level!r} "
            f"outside {min_lr!r} to {max_lr!r}"
        )
    phases = {"warmup_steps": warmup_steps, "cooldown_steps": cooldown_steps, "decay_steps": decay_steps}
    hold = _hold_steps("infinite", training_steps, **phases)
    return joined(
        Ramp(max_lr, level, int(cooldown_steps), cooldown_shape),
        Constant(level, hold),
        _cooldown("infinite", level, min_lr, decay_steps, decay_shape),
    )
