"""ignite's parameter schedulers, read from their attributes: ignite need not be imported again.

They are attached to ``ITERATION_STARTED``, so event t is just before update t.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..schedules import Constant, Ramp, Schedule, checks

KNOWN = (
    "LinearCyclicalScheduler",
    "CosineAnnealingScheduler",
    "PiecewiseLinear",
    "ConcatScheduler",
    "ParamGroupScheduler",
)
_NO_SCHEDULE = {
    "LRScheduler": "wraps a scheduler of torch: import that one with from_torch, and join what comes before it with "
    "`then`",
    "ReduceLROnPlateauScheduler": "depends on a metric: use lehr.Plateau(scheduler, factor=..., patience=...)",
}
"""A class of ignite that has no schedule of its own -> what to do."""
MOST_CYCLES = 1000


def from_ignite(scheduler: Any, *, training_steps: int | None = None) -> Schedule:
    """The values that a parameter scheduler of ignite writes, whatever its parameter is.

    It takes ``LinearCyclicalScheduler``, ``CosineAnnealingScheduler``, ``PiecewiseLinear``, ``ConcatScheduler`` and
    what ``create_lr_scheduler_with_warmup`` returns for one of them.

    Args:
        scheduler: The scheduler, before its first event.
        training_steps: Events for which cycles are needed, where ignite rounds their lengths, or where values grow
            from cycle to cycle: there the schedule is made of so many cycles.

    Raises:
        ValueError: The scheduler is of another class, has begun, has param groups with different values, or wraps a
            scheduler of torch.

    References:
        ``ignite/handlers/param_scheduler.py`` of pytorch-ignite 0.5.5.

    >>> import torch
    >>> from ignite.handlers import LinearCyclicalScheduler
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = from_ignite(LinearCyclicalScheduler(optimizer, "lr", 0.0, 1.0, cycle_size=4))
    >>> [schedule(t) for t in range(6)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """
    kind = type(scheduler).__name__
    if not type(scheduler).__module__.startswith("ignite.") or kind not in KNOWN:
        raise ValueError(_refusal(scheduler))
    if getattr(scheduler, "event_index", 0) != 0:
        raise ValueError(
            f"ignite's {kind} has begun, at event {scheduler.event_index}: import it before its first event"
        )
    if kind == "ParamGroupScheduler":
        return _of_groups([from_ignite(part, training_steps=training_steps) for part in scheduler.schedulers])
    if kind == "ConcatScheduler":
        parts = [from_ignite(part, training_steps=training_steps) for part in scheduler.schedulers]
        first = [part.cut(0, length) for part, length in zip(parts[:-1], scheduler.durations, strict=True)]
        return first[0].then(*first[1:], parts[-1])
    if kind == "PiecewiseLinear":
        return _piecewise(scheduler.milestones, scheduler.values)
    return _cycles(scheduler, kind == "CosineAnnealingScheduler", training_steps)


def _refusal(scheduler: Any) -> str:
    """Why a scheduler is not read."""
    kind, module = type(scheduler).__name__, type(scheduler).__module__
    if module in ("torch.optim.lr_scheduler", "torch.optim.swa_utils"):
        return f"{kind} is a scheduler of torch: import it with from_torch"
    if module.startswith("ignite.") and kind in _NO_SCHEDULE:
        return f"ignite's {kind} {_NO_SCHEDULE[kind]}"
    if module.startswith("ignite.") and kind.endswith("StateScheduler"):
        return f"ignite's {kind} writes a value into the engine's state, and no hyperparameter of an optimizer"
    return checks.unknown("scheduler of ignite", kind, KNOWN)


def _of_groups(schedules: list[Schedule]) -> Schedule:
    if any(schedule != schedules[0] for schedule in schedules):
        raise ValueError(
            "ignite's ParamGroupScheduler has different values for its param groups: import each of its `schedulers`"
        )
    return schedules[0]


def _piecewise(at: list[int], values: list[float]) -> Schedule:
    lines = [Ramp(a, b, stop - start) for (start, a), (stop, b) in pairwise(zip(at, values, strict=True))]
    return Constant(values[0], at[0]).then(*lines, Constant(values[-1], 0))


def _cycles(scheduler: Any, cosine: bool, events: int | None) -> Schedule:
    """Cycles, whose two ends and whose length change by factors of their own."""
    start, end, mult = float(scheduler.start_value), float(scheduler.end_value), float(scheduler.cycle_mult)
    start_mult, end_mult = float(scheduler.start_value_mult), float(scheduler.end_value_mult)
    size, warmup = scheduler.cycle_size, scheduler.warmup_duration
    there_and_back = not cosine and not scheduler.monotonic

    def cycle(start: float, end: float, following: float, size: int, warmup: int) -> Schedule:
        """From start to end, and back if it is a whole wave; then, over the warmup, to the next cycle's start."""
        if there_and_back:
            return Ramp(start, end, size / 2).then(Ramp(end, start, size / 2))
        return Ramp(start, end, size, "cosine" if cosine else "linear").then(Ramp(end, following, warmup))

    if mult.is_integer() and mult >= 1 and max(start_mult, end_mult) <= 1 and min(start_mult, end_mult) > 0:
        if start_mult == end_mult:
            one = cycle(start, end, start * start_mult, size, warmup)
            return one.repeat(length_factor=mult, height_factor=start_mult)
        from_start = cycle(start, 0.0, start * start_mult, size, warmup)
        from_end = cycle(0.0, end, 0.0, size, warmup)
        return from_start.repeat(length_factor=mult, height_factor=start_mult) + from_end.repeat(
            length_factor=mult, height_factor=end_mult
        )
    return _counted_cycles(cycle, scheduler, events)


def _counted_cycles(cycle: Any, scheduler: Any, events: int | None) -> Schedule:
    """The cycles one by one, each rounded down to whole events, up to the last one that begins in the run."""
    owner = f"ignite's {type(scheduler).__name__}"
    if events is None:
        raise ValueError(f"{owner} has cycles that grow or are rounded: give the events of the run as training_steps=")
    stop = checks.integer("training_steps", events, owner=owner)
    start, end, size, warmup = (
        scheduler.start_value,
        scheduler.end_value,
        scheduler.cycle_size,
        scheduler.warmup_duration,
    )
    parts: list[Schedule] = []
    begin = 0
    while begin < stop:
        if not size or len(parts) >= MOST_CYCLES:
            raise ValueError(
                f"{owner} comes to {'a cycle of length 0' if not size else f'more than {MOST_CYCLES} cycles'}"
            )
        following = start * scheduler.start_value_mult
        parts.append(cycle(start, end, following, size, warmup))
        begin, start, end = begin + size + warmup, following, end * scheduler.end_value_mult
        size, warmup = int(size * scheduler.cycle_mult), int(warmup * scheduler.cycle_mult)
    return parts[0].then(*parts[1:])
