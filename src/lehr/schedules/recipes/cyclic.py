"""Schedules in cycles, and the range test."""

from __future__ import annotations

from ..base import Schedule
from ..combinators import sequence
from ..cycles import cycles_before
from ..lengths import Length
from ..parts import Exponential, Ramp
from .recipe import REQUIRED, Factor, Period, Rate, after_warmup, recipe


def _ended(schedule: Schedule, training_steps: Length | None, final: float) -> Schedule:
    """``schedule`` until the end of the run, if it has one, and ``final`` from there on."""
    if training_steps is None:
        return schedule
    return schedule.cut(0, int(training_steps)).then(Ramp(final, final, 0))


@recipe
def cosine_restarts(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    cycle_steps: Period,
    length_factor: Rate = 1.0,
    height_factor: Rate = 1.0,
) -> Schedule:
    r"""Linear warmup, then one cosine decay after another, each of which starts again at the top.

    Cycle i, from 0, is :math:`T_i = T_0 \, l^i` steps long; :math:`\tau` steps into it

    .. math:: \eta = \eta_\min + \tfrac12 (\eta_\max - \eta_\min) \, h^i
        \left(1 + \cos(\pi \tau / T_i)\right)

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        warmup_steps: Steps of the warmup.
        max_lr: Top of the first cycle.
        min_lr: Bottom of every cycle.
        cycle_steps: Steps of the first cycle, T₀; ``"25%"`` makes four in a run without warmup.
        length_factor: Length of each cycle over that of the cycle before, l, at least 1.
        height_factor: Height above ``min_lr`` of each cycle over that of the cycle before, h, above 0;
            above 1 the cycles grow beyond ``max_lr``, and the run needs an end.

    References:
        SGDR (Loshchilov & Hutter, 2017), https://arxiv.org/abs/1608.03983.

    >>> schedule = cosine_restarts(max_lr=1.0, cycle_steps=10, length_factor=2)
    >>> [round(schedule(t), 12) for t in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    if length_factor < 1:
        raise ValueError(f"cosine_restarts needs `length_factor` of at least 1, got {length_factor!r}")
    fall = Ramp(max_lr - min_lr, 0, int(cycle_steps), "cosine")
    left = None if training_steps is None else int(training_steps) - int(warmup_steps)
    if left is None and height_factor > 1:
        raise ValueError(
            f"cosine_restarts needs `training_steps` where `height_factor` is above 1, got {height_factor!r}: "
            f"its rates would grow for ever"
        )
    times = None if left is None or height_factor <= 1 else cycles_before(left, int(cycle_steps), length_factor)
    cycles = fall.repeat(times, length_factor=length_factor, height_factor=height_factor)
    rates = cycles + min_lr if min_lr else cycles
    return after_warmup(warmup_steps, max_lr, *((_ended(rates, left, min_lr),) if left != 0 else ()))


@recipe
def one_cycle(
    training_steps: Length,
    warmup_steps: Length = "30%",
    max_lr: Rate = REQUIRED,
    min_lr: Rate | None = None,
    *,
    start_lr: Rate | None = None,
    ramps: int = 2,
    shape: str = "cosine",
) -> Schedule:
    r"""Up from a low rate to the peak, then down to a far lower one, in two ramps or three.

    .. math:: \eta_s \to \eta_\max \to \eta_\min \quad\text{or}\quad
        \eta_s \to \eta_\max \to \eta_s \to \eta_\min

    Args:
        training_steps: Steps of the run.
        warmup_steps: Steps of the ramp up; of three ramps the second is as long.
        max_lr: The peak rate.
        min_lr: Rate at the end; None for ``start_lr / 10_000``.
        start_lr: Rate at step 0, :math:`\eta_s`; None for ``max_lr / 25``.
        ramps: 2 or 3.
        shape: Shape of every ramp, any of `Ramp`.

    References:
        Super-Convergence (Smith & Topin, 2018), https://arxiv.org/abs/1708.07120.

    >>> schedule = one_cycle(100, 30, max_lr=1.0)
    >>> schedule(0), schedule(30), schedule(100)
    (0.04, 1.0, 4e-06)
    """
    up, total = int(warmup_steps), int(training_steps)
    low = max_lr / 25 if start_lr is None else start_lr
    final = low / 10_000 if min_lr is None else min_lr
    if ramps not in (2, 3):
        raise ValueError(f"one_cycle needs 2 or 3 for `ramps`, got {ramps!r}")
    if low > max_lr:
        raise ValueError(f"one_cycle needs `start_lr` of at most `max_lr`, got {low!r} and {max_lr!r}")
    if up * (ramps - 1) > total:
        raise ValueError(
            f"one_cycle with {ramps} ramps needs `warmup_steps` of at most {total // (ramps - 1)}, "
            f"got warmup_steps={up}, training_steps={total}; shorten the warmup or lengthen the run"
        )
    rise = Ramp(low, max_lr, up, shape)
    if ramps == 2:
        return sequence(rise, Ramp(max_lr, final, total - up, shape))
    return sequence(rise, Ramp(max_lr, low, up, shape), Ramp(low, final, total - 2 * up, shape))


def _triangle(
    training_steps: Length | None,
    max_lr: float,
    min_lr: float,
    cycle_steps: Length,
    height_factor: float = 1.0,
    envelope: Schedule | None = None,
) -> Schedule:
    half = int(cycle_steps) / 2
    up = Ramp(0, max_lr - min_lr, half)
    waves = up.then(Ramp(max_lr - min_lr, 0, half)).repeat(height_factor=height_factor)
    if envelope is not None:
        waves = waves * envelope
    return _ended(waves + min_lr if min_lr else waves, training_steps, min_lr)


@recipe
def triangular(
    training_steps: Length | None = None, *, max_lr: Rate, min_lr: Rate = 0.0, cycle_steps: Period
) -> Schedule:
    r"""Linear up and linear down, again and again.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min)
        \left(1 - \left|2 \, (t / T \bmod 1) - 1\right|\right)

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        max_lr: Rate at the middle of each cycle.
        min_lr: Rate at the start and the end of each cycle.
        cycle_steps: Steps of a cycle, T: half of them up, the other half down.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> [triangular(max_lr=1.0, cycle_steps=20)(t) for t in (0, 5, 10, 20, 30)]
    [0.0, 0.5, 1.0, 0.0, 1.0]
    """
    return _triangle(training_steps, max_lr, min_lr, cycle_steps)


@recipe
def triangular2(
    training_steps: Length | None = None, *, max_lr: Rate, min_lr: Rate = 0.0, cycle_steps: Period
) -> Schedule:
    r"""`triangular`, each cycle half as high above ``min_lr`` as the one before.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \, 2^{-i}
        \left(1 - \left|2 \, (t / T \bmod 1) - 1\right|\right), \quad i = \lfloor t / T \rfloor

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        max_lr: Rate at the middle of the first cycle.
        min_lr: Rate at the start and the end of each cycle.
        cycle_steps: Steps of a cycle, T.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> [triangular2(max_lr=1.0, cycle_steps=20)(t) for t in (10, 30, 50)]
    [1.0, 0.5, 0.25]
    """
    return _triangle(training_steps, max_lr, min_lr, cycle_steps, height_factor=0.5)


@recipe
def exp_range(
    training_steps: Length | None = None,
    *,
    max_lr: Rate,
    min_lr: Rate = 0.0,
    cycle_steps: Period,
    decay_factor: Factor = 0.9999,
) -> Schedule:
    r"""`triangular` under an envelope that falls with every step.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \, \gamma^t
        \left(1 - \left|2 \, (t / T \bmod 1) - 1\right|\right)

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        max_lr: Rate at the middle of each cycle, before the envelope.
        min_lr: Rate at the start and the end of each cycle.
        cycle_steps: Steps of a cycle, T.
        decay_factor: Factor of the envelope per step, γ, above 0 and at most 1.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> round(exp_range(max_lr=1.0, cycle_steps=20, decay_factor=0.5)(10), 9)
    0.000976562
    """
    envelope = Exponential(1.0, decay_factor, length=None if training_steps is None else int(training_steps))
    return _triangle(training_steps, max_lr, min_lr, cycle_steps, envelope=envelope)


@recipe
def range_test(training_steps: Length, *, max_lr: Rate, min_lr: Rate = 1e-7, shape: str = "exponential") -> Schedule:
    r"""From a rate that is too low to one that is too high, to find a peak rate between them.

    .. math:: \eta_t = \eta_\min (\eta_\max / \eta_\min)^{t / N}

    Train with it for a few hundred steps, plot the loss over the rate, and choose a peak rate
    somewhat below the one at which the loss starts to rise.

    Args:
        training_steps: Steps of the test, N.
        max_lr: Rate at the end.
        min_lr: Rate at the start.
        shape: ``"exponential"``, ``"linear"``, or any other of `Ramp`.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> round(range_test(100, min_lr=1e-6, max_lr=1.0)(50), 12)
    0.001
    """
    if shape == "exponential" and not min_lr:
        raise ValueError(
            "an exponential range_test needs `min_lr` above 0, got 0.0: a geometric curve cannot start at 0; "
            'give a small `min_lr`, or shape="linear"'
        )
    return Ramp(min_lr, max_lr, int(training_steps), shape)
