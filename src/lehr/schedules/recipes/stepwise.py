"""Schedules that change at certain steps and are constant between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .. import checks
from ..base import Schedule
from ..lengths import Length
from ..parts import Constant, Exponential
from .recipe import REQUIRED, Factor, Period, Rate, joined, recipe, steps_left


@recipe
def step_decay(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    min_lr: Rate = 0.0,
    *,
    decay_steps: Period,
    decay_factor: Factor = 0.1,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a factor after every so many steps.

    .. math:: \eta_t = \eta_\max \, f^{\lfloor (t - W) / k \rfloor}, \text{ never below } \eta_\min

    Args:
        training_steps: Steps of the run, after which the rate holds; None if it has no end.
        warmup_steps: Steps of the warmup, W.
        max_lr: Rate before the first drop.
        min_lr: The floor.
        decay_steps: Steps between two drops, k.
        decay_factor: Factor at each drop, f, above 0 and at most 1.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> [step_decay(max_lr=1.0, decay_steps=30, decay_factor=0.5)(t) for t in (29, 30, 60)]
    [1.0, 0.5, 0.25]
    """
    left = steps_left(training_steps, warmup_steps)
    stairs = Exponential(max_lr, decay_factor, int(decay_steps), staircase=True, length=left)
    return stairs.clip(lo=min_lr) if min_lr else stairs


@recipe
def multistep(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    max_lr: Rate = REQUIRED,
    *,
    milestones: tuple[Length, ...],
    decay_factor: Factor = 0.1,
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a factor at each milestone.

    .. math:: \eta_t = \eta_\max \, f^{\#\{m \,:\, m \le t\}}

    Args:
        training_steps: Steps of the run; None if it has no end.
        warmup_steps: Steps of the warmup; no milestone lies in it.
        max_lr: Rate before the first milestone.
        milestones: Steps of the run at which the rate drops, in order, or shares of the run; one
            that is given twice counts twice.
        decay_factor: Factor at each milestone, f, above 0 and at most 1.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> [multistep(90, max_lr=1.0, milestones=[30, 60])(t) for t in (29, 30, 60)]
    [1.0, 0.1, 0.010000000000000002]
    """
    levels = [max_lr * decay_factor**i for i in range(len(milestones) + 1)]
    return _levels("multistep", levels, milestones, training_steps, warmup_steps)


@recipe
def piecewise_constant(
    training_steps: Length | None = None,
    warmup_steps: Length = 0,
    *,
    milestones: tuple[Length, ...],
    rates: tuple[Rate, ...],
    warmup_start_lr: Rate | None = None,
    warmup_shape: str = "linear",
) -> Schedule:
    r"""Linear warmup, then a constant rate between each two milestones, of any height.

    .. math:: \eta_t = r_i, \quad i = \#\{m \,:\, m \le t\}

    Args:
        training_steps: Steps of the run; None if it has no end.
        warmup_steps: Steps of the warmup to the first rate; no milestone lies in it.
        milestones: Steps of the run at which the rate changes, in order, or shares of the run.
        rates: The rate before the first milestone, and that from each milestone on: one more than there are
            milestones.
        warmup_start_lr: Rate at step 0; None for the rate of step 1, so that no step is wasted.
        warmup_shape: Shape of the warmup, any of `Ramp`.

    >>> [piecewise_constant(milestones=[30, 60], rates=[1.0, 0.2, 0.5])(t) for t in (29, 30, 60)]
    [1.0, 0.2, 0.5]
    """
    if len(rates) != len(milestones) + 1:
        raise ValueError(
            f"piecewise_constant needs one more of `rates` than of `milestones`, got {len(rates)} and {len(milestones)}"
        )
    return _levels("piecewise_constant", rates, milestones, training_steps, warmup_steps)


def _levels(
    name: str,
    levels: Sequence[float],
    milestones: Sequence[Length],
    training_steps: Length | None,
    warmup_steps: Length,
) -> Schedule:
    """A level from the end of the warmup on, and another from each milestone on."""
    steps = tuple(int(step) for step in milestones)
    end = None if training_steps is None else int(training_steps)
    edges = [int(warmup_steps), *steps, *([end] if end is not None else [])]
    if not steps or any(b < a for a, b in pairwise(edges)):
        raise ValueError(
            f"{name} needs at least one of `milestones`, in order, after the warmup and within "
            f"the run, got {checks.shown(steps)} for warmup_steps={warmup_steps}, training_steps={training_steps}"
        )
    stairs = [Constant(r, b - a) for r, (a, b) in zip(levels, pairwise(edges), strict=False)]
    last = [] if end is not None and len(stairs) == len(levels) else [Constant(levels[-1])]
    return joined(*stairs, *last)
