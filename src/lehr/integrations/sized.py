"""A Scheduler of the length that a trainer knows."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from ..scheduler import Scheduler
from ..scheduler.group_scale import GroupScale
from ..scheduler.scheduler import ENOUGH
from ..schedules import Schedule, checks
from ..schedules.lengths import Length
from ..schedules.recipes import RECIPES, get
from ..schedules.recipes.options import RecipeOptions
from ..warn import warn

if TYPE_CHECKING:
    from ..scheduler.groups import Optimizer

Planned: TypeAlias = str | Schedule | Mapping[Any, Any] | Callable[[int], Schedule]
"""The name of a recipe; a Schedule, or a mapping of schedules; or a function from the number of steps to a Schedule."""


OnBuild: TypeAlias = Callable[[Scheduler], object]
"""Called with a Scheduler when it has been built and no checkpoint has been loaded, to attach what belongs to it."""


class SchedulerSettings(RecipeOptions, total=False):
    """What `Scheduler` takes beside the optimizer and the schedule."""

    training_steps: Length | None
    warmup_steps: Length | None
    max_lr: float | None
    min_lr: float | None
    group_scale: GroupScale | None
    unit: str
    per_update: float | None
    samples_per_step: int | None
    control_file: str | os.PathLike[str] | None
    keep: str | None


def check_planned(schedule: Planned) -> None:
    """Refuse the name of no recipe, before the trainer has begun its work."""
    if isinstance(schedule, str):
        get(schedule)


def takes(schedule: Planned, setting: str) -> bool:
    """Whether the schedule is the name of a recipe that has this setting."""
    return isinstance(schedule, str) and setting in inspect.signature(get(schedule)).parameters


def sized_scheduler(
    optimizer: Optimizer,
    schedule: Planned,
    length: object,
    of: str,
    settings: SchedulerSettings,
    on_build: OnBuild | None = None,
    unit: str = "steps",
) -> Scheduler:
    """A Scheduler whose length is that of the run, unless the settings have another.

    Args:
        optimizer: The optimizer that updates.
        schedule: What it follows.
        length: How long the run is, as the trainer knows it.
        of: What knows it, for messages.
        settings: For the Scheduler.
        on_build: Called with the Scheduler.
        unit: What the trainer's length counts. A schedule in another unit does not get it.

    Raises:
        ValueError: The trainer does not know the length and the schedule needs one, or the Scheduler refuses something.
    """
    known = checks.whole(length)
    if known is not None and known < 1:
        known = None
    if callable(schedule) and not isinstance(schedule, Schedule):
        schedule = _called(schedule, _needed(known, length, of, unit))
    if settings.get("unit", "steps") == unit and _lacks_length(schedule, settings):
        settings = {**settings, "training_steps": _needed(known, length, of, unit)}
    scheduler = Scheduler(optimizer, schedule, **settings)
    if scheduler.unit == unit and known is not None:
        _compare_lengths(scheduler, known, of)
    if on_build is not None:
        on_build(scheduler)
    return scheduler


def _needed(known: int | None, length: object, of: str, unit: str) -> int:
    if known is None:
        raise ValueError(
            f"{of} does not know how many {unit} it trains (it says {checks.shown(length)}): limit its {unit}, or give "
            f"`training_steps`"
        )
    return known


def _lacks_length(schedule: Planned, settings: SchedulerSettings) -> bool:
    """Whether it is a recipe that needs a length and has none. One that may be endless needs it for shares alone."""
    if not isinstance(schedule, str) or settings.get("training_steps") is not None:
        return False
    parameter = inspect.signature(get(schedule)).parameters.get("training_steps")
    return parameter is not None and (parameter.default is not None or _has_share(settings))


def _has_share(settings: SchedulerSettings) -> bool:
    """Whether a setting is a share of the run, such as ``"2%"``."""
    values = chain.from_iterable(value if isinstance(value, list | tuple) else [value] for value in settings.values())
    return any(isinstance(value, str) and value.endswith("%") for value in values)


def _called(schedule: Callable[[int], Schedule], steps: int) -> Schedule:
    for name, recipe in RECIPES.items():
        if schedule is recipe:
            raise ValueError(f"give the recipe by its name, {name!r}, with its settings beside it")
    built = schedule(steps)
    if not isinstance(built, Schedule):
        raise ValueError(
            f"a function given as a schedule takes the number of steps and returns a Schedule, and not a rate: got "
            f"{checks.shown(built)} for {steps} steps"
        )
    return built


def _compare_lengths(scheduler: Scheduler, steps: int, of: str) -> None:
    """Warn at the start of what would otherwise be found at the end."""
    length = scheduler.training_steps
    if length is not None and not ENOUGH * length <= steps <= length:
        unit = scheduler.unit
        warn(
            f"the schedule has {length} {unit} and {of} makes {steps}: "
            + ("its end is not reached" if steps < length else "its final rate holds for the rest")
            + "; to take the length from the trainer, leave out `training_steps`, or give a function of the length"
        )
