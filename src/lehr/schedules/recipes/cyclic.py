"""Schedules in cycles, and the range test."""

from __future__ import annotations

from ..base import Schedule
from ..combinators import sequence
from ..lengths import Length
from ..parts import Exponential, Ramp
from .recipe import REQUIRED, Factor, Period, Rate, joined, recipe
from .restarts import ended, first_cycle


@recipe
def one_cycle(
    training_steps: Length,
    warmup_steps: Length = "30%",
    max_lr: Rate = REQUIRED,
    min_lr: Rate | None = None,
    *,
    start_lr: Rate | None = None,
    ramps: int = 2,
    fall_steps: Length | None = None,
    shape: str = "cosine",
) -> Schedule:
    r"""Up from a low rate to the peak, then down to a far lower one, in two ramps or three.

    .. math:: \eta_s \to \eta_\max \to \eta_\min \quad\text{or}\quad
        \eta_s \to \eta_\max \to \eta_s \to \eta_\min

    Args:
        training_steps: Steps of the run.
        warmup_steps: Steps of the ramp up.
        max_lr: The peak rate.
        min_lr: Rate at the end; None for ``start_lr / 10_000``.
        start_lr: Rate at step 0, :math:`\eta_s`; None for ``max_lr / 25``.
        ramps: 2 or 3.
        fall_steps: Of three ramps, the steps of the second; None for ``warmup_steps``.
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
    if ramps == 2 and fall_steps is not None:
        raise ValueError("one_cycle needs 3 for `ramps` where `fall_steps` is given: it is the length of the second")
    down = total - up if ramps == 2 else up if fall_steps is None else int(fall_steps)
    if up + down > total:
        raise ValueError(
            f"one_cycle with {ramps} ramps needs the first {ramps - 1} to fit into the run, got warmup_steps={up}, "
            f"training_steps={total}{'' if ramps == 2 else f' and {down} steps down'}; shorten them or lengthen the run"
        )
    rise = Ramp(low, max_lr, up, shape)
    if ramps == 2:
        return sequence(rise, Ramp(max_lr, final, down, shape))
    return sequence(rise, Ramp(max_lr, low, down, shape), Ramp(low, final, total - up - down, shape))


def _triangle(
    name: str,
    training_steps: Length | None,
    max_lr: float,
    min_lr: float,
    cycle_steps: Length | None,
    cycles: int | None,
    rise_steps: Length | None,
    height_factor: float = 1.0,
    envelope: Schedule | None = None,
) -> Schedule:
    total = None if training_steps is None else int(training_steps)
    cycle = first_cycle(name, cycle_steps, cycles, total)
    up = cycle / 2 if rise_steps is None else int(rise_steps)
    if up > cycle:
        raise ValueError(f"{name} needs `rise_steps` of at most `cycle_steps`, got {up} and {cycle:g}")
    height = max_lr - min_lr
    waves = joined(Ramp(0, height, up), Ramp(height, 0, cycle - up)).repeat(height_factor=height_factor)
    if envelope is not None:
        waves = waves * envelope
    return ended(waves + min_lr if min_lr else waves, training_steps, min_lr)


@recipe
def triangular(
    training_steps: Length | None = None,
    *,
    max_lr: Rate,
    min_lr: Rate = 0.0,
    cycle_steps: Period | None = None,
    cycles: int | None = None,
    rise_steps: Length | None = None,
) -> Schedule:
    r"""Linear up and linear down, again and again.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min)
        \left(1 - \left|2 \, (t / T \bmod 1) - 1\right|\right)

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        max_lr: Rate at the middle of each cycle.
        min_lr: Rate at the start and the end of each cycle.
        cycle_steps: Steps of a cycle, T.
        cycles: Their number, in place of ``cycle_steps``.
        rise_steps: Steps up in each cycle; None for half of the cycle.
        cycles: Their number, in place of ``cycle_steps``.
        rise_steps: Steps up in each cycle; None for half of the cycle.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> [triangular(max_lr=1.0, cycle_steps=20)(t) for t in (0, 5, 10, 20, 30)]
    [0.0, 0.5, 1.0, 0.0, 1.0]
    """
    return _triangle("triangular", training_steps, max_lr, min_lr, cycle_steps, cycles, rise_steps)


@recipe
def triangular2(
    training_steps: Length | None = None,
    *,
    max_lr: Rate,
    min_lr: Rate = 0.0,
    cycle_steps: Period | None = None,
    cycles: int | None = None,
    rise_steps: Length | None = None,
) -> Schedule:
    r"""`triangular`, each cycle half as high above ``min_lr`` as the one before.

    .. math:: \eta_t = \eta_\min + (\eta_\max - \eta_\min) \, 2^{-i}
        \left(1 - \left|2 \, (t / T \bmod 1) - 1\right|\right), \quad i = \lfloor t / T \rfloor

    Args:
        training_steps: Steps of the run; the rate is ``min_lr`` from there on. None if it has no end.
        max_lr: Rate at the middle of the first cycle.
        min_lr: Rate at the start and the end of each cycle.
        cycle_steps: Steps of a cycle, T.
        cycles: Their number, in place of ``cycle_steps``.
        rise_steps: Steps up in each cycle; None for half of the cycle.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> [triangular2(max_lr=1.0, cycle_steps=20)(t) for t in (10, 30, 50)]
    [1.0, 0.5, 0.25]
    """
    return _triangle("triangular2", training_steps, max_lr, min_lr, cycle_steps, cycles, rise_steps, height_factor=0.5)


@recipe
def exp_range(
    training_steps: Length | None = None,
    *,
    max_lr: Rate,
    min_lr: Rate = 0.0,
    cycle_steps: Period | None = None,
    cycles: int | None = None,
    rise_steps: Length | None = None,
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
        cycles: Their number, in place of ``cycle_steps``.
        rise_steps: Steps up in each cycle; None for half of the cycle.
        decay_factor: Factor of the envelope per step, γ, above 0 and at most 1.

    References:
        Cyclical Learning Rates (Smith, 2017), https://arxiv.org/abs/1506.01186.

    >>> round(exp_range(max_lr=1.0, cycle_steps=20, decay_factor=0.5)(10), 9)
    0.000976562
    """
    envelope = Exponential(1.0, decay_factor, length=None if training_steps is None else int(training_steps))
    return _triangle("exp_range", training_steps, max_lr, min_lr, cycle_steps, cycles, rise_steps, envelope=envelope)


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
