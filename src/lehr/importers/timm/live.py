"""`from_timm`: the schedule of a live scheduler of timm."""

from __future__ import annotations

import math
from typing import Any

from ...schedules import Constant, Ramp, Schedule, Table, checks
from ...schedules.combinators import sequence
from ..after import check_after
from ..building import spliced
from .schedules import BUILDERS, Source


def from_timm(
    scheduler: Any, *, group: int | None = None, after: str = "hold", tabulate: int | None = None
) -> Schedule:
    """The schedule of a scheduler of timm.

    The position is the t that ``step(t)`` gets, an epoch, or with ``t_in_epochs=False`` the t that ``step_update(t)``
    gets, an update. Position 0 has the rate that the constructor writes: timm's loops call neither before the first
    epoch, so that noise and a milestone of 1 begin at position 1.

    Args:
        scheduler: A scheduler of ``timm.scheduler``, in any state: its schedule does not depend on it.
        group: The index of the param group. None where all have the same rate and ``lr_scale``.
        after: timm finds the cycle by a logarithm, and at some exact restarts it finds the one before. ``"hold"``
            restarts there and warns, ``"peer"`` has timm's rate, that of the end of a cycle.
        tabulate: Positions for which to write down each rate of a scheduler that lehr does not know, or noise that
            has no end. After them the rate holds, without noise.

    Raises:
        ValueError: It is not a scheduler of timm or follows a metric, its groups differ and ``group`` is not given, or
            ``tabulate`` is needed.

    References:
        timm/scheduler of release 1.0.31: https://github.com/huggingface/pytorch-image-models.

    A scheduler ``CosineLRScheduler(optimizer, t_initial=100, warmup_t=5, warmup_prefix=True)`` becomes
    ``Ramp(0.0, lr, 5).then(Ramp(lr, 0.0, 100, "cosine"))``.
    """
    check_after(after)
    sources = [Source(scheduler, index, after) for index in range(_groups(scheduler))]
    if group is None:
        differing = [source for source in sources if (source.base, source.scale) != (sources[0].base, sources[0].scale)]
        if differing:
            raise ValueError(
                f"the param groups have schedules of their own: group 0 has the rate {sources[0].base:g}, group "
                f"{differing[0].group} has {differing[0].base:g}; say which with group=, or import each"
            )
        group = 0
    checks.integer("group", group, owner="from_timm", least=0, most=len(sources) - 1)
    schedule = _with_noise(sources[group], _rates(sources[group], tabulate), tabulate)
    return _begun(sources[group], schedule)


def _groups(scheduler: Any) -> int:
    """The number of param groups, if it is a scheduler that has a schedule."""
    owner = type(scheduler).__name__
    if owner == "PlateauLRScheduler":
        raise ValueError(
            f"{owner} follows a metric, so it is not a schedule: use lehr.Plateau(scheduler, factor=..., patience=...) "
            f"beside the warmup, lehr.constant_with_warmup(...)"
        )
    if not callable(getattr(scheduler, "_get_lr", None)) or not hasattr(scheduler, "base_values"):
        raise ValueError(f"from_timm needs a scheduler of timm.scheduler, got {checks.shown(scheduler)}")
    return len(scheduler.base_values)


def _rates(source: Source, tabulate: int | None) -> Schedule:
    """The rates without noise."""
    if source.owner in BUILDERS and type(source.scheduler).__module__.startswith("timm."):
        body = BUILDERS[source.owner](source)
        return _after_warmup(source, body)
    if tabulate is None:
        raise ValueError(
            f"{source.owner} is not one of {', '.join(BUILDERS)}; give tabulate=N to write down its first N rates"
        )
    steps = checks.integer("tabulate", tabulate, owner="from_timm")
    return Table(tuple(source.scheduler._get_lr(t)[source.group] * source.scale for t in range(steps)))


def _after_warmup(source: Source, body: Schedule) -> Schedule:
    warmup = source.warmup
    if not warmup:
        return body
    if not source.is_prefix:
        body = body.cut(warmup)
    # A tanh under its warmup is below the rate that the others warm up to.
    peak = body(0) if source.owner == "TanhLRScheduler" and not source.is_prefix else source.base
    return sequence(Ramp(source.level("warmup_lr_init"), peak, warmup), body)


def _with_noise(source: Source, schedule: Schedule, tabulate: int | None) -> Schedule:
    """The schedule times 1 + noise, which timm draws for each position from a seed of its own."""
    span = source.scheduler.noise_range_t
    if span is None:
        return schedule
    first, stop = span if isinstance(span, list | tuple) else (span, tabulate)
    if stop is None:
        raise ValueError(
            f"the noise of {source.owner} begins at {first} and has no end, and a table of it has one; give tabulate=N "
            f"for noise up to position N"
        )
    begin, end = max(0, math.ceil(first)), math.ceil(stop)
    if begin >= end:
        return schedule
    noise = Table(tuple(1.0 + source.scheduler._calculate_noise(t) for t in range(begin, end)))
    return schedule * sequence(Constant(1.0, begin), noise, Constant(1.0))


def _begun(source: Source, schedule: Schedule) -> Schedule:
    """The schedule with the rate that the constructor writes at position 0."""
    first = source.level("warmup_lr_init") if getattr(source.scheduler, "warmup_t", 0) else source.base
    return schedule if schedule(0) == first else spliced(schedule, {0: first})
