"""Schedules that start again and again."""

from __future__ import annotations

import math

from ..base import Schedule
from ..cycles import cycles_before
from ..lengths import Length
from ..parts import Constant, Ramp
from ..tables import Table
from .recipe import REQUIRED, Period, Rate, joined, recipe, steps_left, warmup

MOST_NODES = 10**6


def ended(schedule: Schedule, training_steps: Length | None, final: float) -> Schedule:
    """``schedule`` until the end of the run, if it has one, and ``final`` from there on."""
    if training_steps is None:
        return schedule
    return schedule.cut(0, int(training_steps)).then(Ramp(final, final, 0))


def first_cycle(
    name: str, cycle_steps: Length | None, cycles: int | None, left: int | None, length_factor: float = 1.0
) -> float:
    """The length of the first cycle: as it is given, or such that so many cycles take the steps that are left."""
    if (cycle_steps is None) == (cycles is None):
        both = "both" if cycles else "none"
        raise ValueError(f"{name} needs either `cycle_steps` or `cycles`, the number of cycles in the run; got {both}")
    if cycles is None:
        return int(cycle_steps or 0)
    if left is None:
        raise ValueError(f"{name} needs `training_steps` to divide by `cycles`; or give `cycle_steps`")
    return (left or 1) / sum(length_factor**i for i in range(cycles))


@recipe
def cosine_restarts(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    cycle_steps: Period | None = None,
    cycles: int | None = None,
    length_factor: Rate = 1.0,
    height_factor: Rate = 1.0,
    peak_factor: Rate = 1.0,
    cycle_warmup_steps: Length = 0,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
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
        cycles: The number of cycles after the warmup, in place of ``cycle_steps``.
        length_factor: Length of each cycle over that of the cycle before, l, at least 1.
        height_factor: Height above ``min_lr`` of each cycle over that of the cycle before, h, above 0;
            above 1 the cycles grow beyond ``max_lr``, and the run needs an end.
        peak_factor: Top of each cycle over that of the cycle before, above 0 and at most 1, in place of
            ``height_factor``; no rate falls below ``min_lr``.
        cycle_warmup_steps: Steps of a linear warmup at the start of each cycle, of which they are a part; they grow
            with the cycle.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    References:
        SGDR (Loshchilov & Hutter, 2017), https://arxiv.org/abs/1608.03983.

    >>> schedule = cosine_restarts(max_lr=1.0, cycle_steps=10, length_factor=2)
    >>> [round(schedule(t), 12) for t in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    left = steps_left(training_steps, warmup_steps)
    _check_factors(left, length_factor, height_factor, peak_factor)
    first = first_cycle("cosine_restarts", cycle_steps, cycles, left, length_factor)
    times = None if left is None or height_factor <= 1 else cycles_before(left, first, length_factor)
    if left == 0:
        return Constant(max_lr, 0)
    if peak_factor == 1:
        falls = _cycle(max_lr - min_lr, first, cycle_warmup_steps)
        waves = falls.repeat(times, length_factor=length_factor, height_factor=height_factor)
        return ended(waves + min_lr if min_lr else waves, left, min_lr)
    share = _cycle(1.0, first, cycle_warmup_steps)
    tops = (share * max_lr).repeat(length_factor=length_factor, height_factor=peak_factor)
    bottoms = ((1 - share) * min_lr).repeat(length_factor=length_factor)
    return ended((tops + bottoms).clip(lo=min_lr) if min_lr else tops, left, min_lr)


def _cycle(height: float, steps: float, warmup_steps: Length) -> Schedule:
    rise = int(warmup_steps)
    if rise > steps:
        raise ValueError(
            f"cosine_restarts needs `cycle_warmup_steps` of at most the steps of a cycle, got {rise} and {steps:g}"
        )
    return joined(warmup(rise, height), Ramp(height, 0, steps - rise, "cosine"))


def _check_factors(left: int | None, length_factor: float, height_factor: float, peak_factor: float) -> None:
    if length_factor < 1:
        raise ValueError(f"cosine_restarts needs `length_factor` of at least 1, got {length_factor!r}")
    if left is None and height_factor > 1:
        raise ValueError(
            f"cosine_restarts needs `training_steps` where `height_factor` is above 1, got {height_factor!r}: "
            f"its rates would grow for ever"
        )
    if not 0 < peak_factor <= 1:
        raise ValueError(f"cosine_restarts needs `peak_factor` above 0 and at most 1, got {peak_factor!r}")
    if peak_factor != 1 and height_factor != 1:
        raise ValueError(
            f"cosine_restarts needs either `height_factor` or `peak_factor`, got {height_factor!r} and {peak_factor!r}"
        )


@recipe
def chebyshev(
    training_steps: Length, *, max_lr: Rate, min_lr: Rate | None = None, cycle_steps: Period | None = None
) -> Schedule:
    r"""The steps of Chebyshev's iteration in fractal order: a few large rates among many small ones.

    With n steps in a cycle, M = 1/``min_lr`` and m = 1/``max_lr``, the rates are those of

    .. math:: \eta_j = \left(\tfrac{M + m}{2} - \tfrac{M - m}{2} \cos\tfrac{(j + 1/2)\pi}{n}\right)^{-1},
        \quad j = \sigma(t \bmod n)

    where σ is the fractal permutation of the paper; where n is no power of 2, that of the next one, without what is
    beyond n.

    Args:
        training_steps: Steps of the run, N.
        max_lr: A bound of all rates; 1 over the smallest curvature of the loss.
        min_lr: A bound of all rates, above 0; 1 over the largest curvature. None for ``max_lr / 20``.
        cycle_steps: Steps of a cycle, n, at most a million; None for the whole run, after which its last rate holds.

    References:
        Acceleration via Fractal Learning Rate Schedules (Agarwal, Goel & Zhang, 2021),
        https://arxiv.org/abs/2103.01338.

    >>> [round(chebyshev(4, max_lr=1.0, min_lr=0.25)(t), 3) for t in range(4)]
    [0.898, 0.257, 0.519, 0.325]
    """
    low = max_lr / 20 if min_lr is None else min_lr
    if not low:
        name = "max_lr" if min_lr is None else "min_lr"
        raise ValueError(f"chebyshev needs `{name}` above 0, got 0.0: it is 1 over a curvature of the loss")
    steps = int(training_steps)
    n = min(int(cycle_steps or steps), steps)
    if n > MOST_NODES:
        raise ValueError(f"chebyshev needs `cycle_steps` of at most {MOST_NODES:,}, got {n:,}; the cycles are repeated")
    middle, half = (1 / low + 1 / max_lr) / 2, (1 / low - 1 / max_lr) / 2
    order = [0]
    while len(order) < n:
        order = [j for first in order for j in (first, 2 * len(order) - 1 - first)]
    rates = (1 / (middle - half * math.cos((j + 0.5) * math.pi / n)) for j in order if j < n)
    nodes = Table(tuple(rates))
    return nodes if n == steps else nodes.repeat().cut(0, steps)
