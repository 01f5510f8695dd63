"""What drives what: each hyperparameter of an optimizer's param groups has one schedule, and one Scheduler."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

from ..control.acts import GroupKey
from ..schedules import Schedule, checks, recipes
from ..schedules.recipes import Recipe
from .group_scale import GroupScale
from .groups import Group, Hyperparameter, Optimizer, all_groups, holds, listed
from .writer import Writer
from .written import Written


class HasSchedule(Protocol):
    """Anything with a schedule, such as the optimum of a forecast."""

    @property
    def schedule(self) -> Schedule: ...


class Binding(NamedTuple):
    """What one schedule drives: a hyperparameter of one param group, or of all groups under None."""

    key: str
    group: GroupKey

    @property
    def name(self) -> str:
        """How messages call it: ``lr``, or ``lr of group 'head'``."""
        return self.key if self.group is None else f"{self.key} of group {self.group!r}"


class Bound(NamedTuple):
    """What the arguments of a Scheduler say."""

    schedules: dict[Binding, Schedule]
    writers: dict[Binding, Writer]
    max_lr_is_given: bool


def bind(
    schedule: object, settings: dict[str, Any], optimizers: Sequence[Optimizer], scale: GroupScale | None
) -> Bound:
    """Each schedule that the arguments of a Scheduler give, with what it drives and what writes it.

    Raises:
        ValueError: A name, a setting or a group is unknown, or a group is left without a schedule.
    """
    groups = all_groups(optimizers)
    schedule = getattr(schedule, "schedule", schedule)  # what has found one, such as a forecast's optimum
    if isinstance(schedule, Mapping):
        _check_no_settings(settings, schedule)
        schedules, max_lr_is_given = _of_mapping(schedule, groups), True
    else:
        built, max_lr_is_given = _one(schedule, settings, optimizers, groups)
        schedules = {Binding("lr", None): built}
    scaled = Binding("lr", None)
    if scale is not None and scaled not in schedules:
        raise ValueError(f"group_scale scales one rate for all groups, and the schedules drive {names(schedules)}")
    writers = {binding: Writer(optimizers, *binding, scale if binding == scaled else "same") for binding in schedules}
    return Bound(schedules, writers, max_lr_is_given)


def _one(
    schedule: object, settings: dict[str, Any], optimizers: Sequence[Optimizer], groups: list[Group]
) -> tuple[Schedule, bool]:
    if isinstance(schedule, Schedule):
        _check_no_settings(settings, schedule)
        return schedule, True
    build = recipes.get(schedule)
    if "max_lr" in settings or not _takes_max_lr(build):
        return build(**settings), True
    lr = Hyperparameter("lr")
    top = max(lr.number(group) for group in groups)
    _check_that_nobody_wrote(optimizers, top)
    return build(**settings, max_lr=top), False


@cache
def _takes_max_lr(recipe: Callable[..., Schedule]) -> bool:
    return "max_lr" in inspect.signature(recipe).parameters


def _check_no_settings(settings: dict[str, Any], schedule: object) -> None:
    if settings:
        what = "a Schedule" if isinstance(schedule, Schedule) else "a mapping of schedules"
        names = ", ".join(f"`{name}`" for name in settings)
        raise ValueError(
            f"{names} cannot be combined with {what}, which already has its settings: give them where it is built"
        )


def _of_mapping(schedule: Mapping[Any, Any], groups: list[Group]) -> dict[Binding, Schedule]:
    """The schedules of a mapping by hyperparameter, by group, or by hyperparameter and group."""
    if not schedule:
        raise ValueError("a mapping of schedules needs at least one schedule, got {}")
    names = {group.get("name") for group in groups} - {None} | set(range(len(groups)))
    by_group = [key for key in schedule if key in names]
    if by_group and len(by_group) < len(schedule):
        raise ValueError(f"a mapping names param groups or hyperparameters, not both: {', '.join(map(repr, schedule))}")
    found = {}
    for key, value in ({"lr": schedule} if by_group else schedule).items():
        if not isinstance(key, str):
            raise ValueError(f"unknown param group {checks.shown(key)}; Available: {listed(groups)}")
        Hyperparameter(key)  # refuses what is no name of one
        chosen = _by_group(key, value, groups) if isinstance(value, Mapping) else {None: value}
        for group, item in chosen.items():
            found[Binding(key, group)] = _schedule(key, item)
    return found


def _schedule(key: str, value: object) -> Schedule:
    if isinstance(value, Schedule):
        return value
    hint = "a name is taken as the only schedule, not in a mapping" if isinstance(value, str) else "got no Schedule"
    raise ValueError(
        f"{key!r} needs a Schedule, got {checks.shown(value)}; {hint}: build it with its recipe, such as "
        f"lehr.cosine(100_000, max_lr=1e-3)"
    )


def _by_group(key: str, schedules: Mapping[Any, Any], groups: list[Group]) -> dict[GroupKey, Any]:
    """A schedule for each group, by name or index; every group has exactly one."""
    known = [{index, group.get("name")} - {None} for index, group in enumerate(groups)]
    for chosen in schedules:
        if not any(chosen in names for names in known):
            raise ValueError(f"{key}: unknown param group {checks.shown(chosen)}; Available: {listed(groups)}")
    for index, names in enumerate(known):
        meant = [chosen for chosen in schedules if chosen in names]
        if len(meant) != 1:
            name, has = groups[index].get("name", index), " and ".join(map(repr, meant)) or "none"
            raise ValueError(f"{key}: each param group needs one schedule, and group {name!r} has {has}")
    return {chosen: schedules[chosen] for names in known for chosen in schedules if chosen in names}


def check_warmups(schedules: Mapping[Binding, Schedule | None], unit: str, per_update: float | None) -> None:
    """Refuse a recipe's warmup within epochs: its first rate, ``max_lr / warmup_steps``, would hold for a whole one.

    Raises:
        ValueError: A recipe counts epochs and has a warmup, and not every update is one epoch.
    """
    if unit != "epochs" or per_update == 1:
        return
    for schedule in schedules.values():
        warmup = schedule.settings().get("warmup_steps") if isinstance(schedule, Recipe) else None
        if warmup:
            raise ValueError(
                f"`warmup_steps` of {schedule!r} counts whole epochs, so with unit='epochs' the rate would not rise "
                f"during the first one; give per_update=1 if the rate is set once an epoch, or write the warmup as a "
                f"part: lehr.Ramp(1e-5, 1e-3, {warmup}).then(lehr.cosine(8, max_lr=1e-3))"
            )


def names(bindings: Iterable[Binding]) -> str:
    """The bindings for a message."""
    return ", ".join(binding.name for binding in bindings)


# Which Scheduler drives an optimizer. Nothing here keeps an optimizer or a Scheduler alive.

_schedulers: weakref.WeakKeyDictionary[Any, weakref.WeakSet[Any]] = weakref.WeakKeyDictionary()
_bindings: weakref.WeakKeyDictionary[Any, list[Binding]] = weakref.WeakKeyDictionary()
_written: weakref.WeakKeyDictionary[Any, Written] = weakref.WeakKeyDictionary()


def attach(scheduler: Any, optimizers: Sequence[Optimizer], writers: Mapping[Binding, Writer]) -> None:
    """Note what a Scheduler drives.

    Raises:
        ValueError: Another Scheduler that is alive and attached drives the same.
    """
    for optimizer in optimizers:
        for other in _noted(optimizer):
            both = sorted({b.key for b in writers} & {b.key for b in _bindings.get(other, [])})
            if both:
                raise ValueError(
                    f"{type(optimizer).__name__} already has a Scheduler for {', '.join(both)}, at position "
                    f"{other.position}: two would overwrite each other. Combine the schedules (a.then(b), a * b), or "
                    f"call detach() on the first"
                )
    _bindings[scheduler] = list(writers)
    for optimizer in optimizers:
        _noted(optimizer).add(scheduler)
        for binding, writer in writers.items():
            if binding.key == "lr":
                _note_written(optimizer, writer.written)


def detach(scheduler: Any) -> None:
    """Forget what a Scheduler drives."""
    _bindings.pop(scheduler, None)


def schedulers_of(optimizer: Optimizer) -> list[Any]:
    """The Schedulers that drive something of an optimizer."""
    return [scheduler for scheduler in _noted(optimizer) if scheduler in _bindings]


def _noted(optimizer: Optimizer) -> weakref.WeakSet[Any]:
    try:
        return _schedulers.setdefault(optimizer, weakref.WeakSet())
    except TypeError:  # a wrapper that cannot be referenced weakly
        return weakref.WeakSet()


def _note_written(optimizer: Optimizer, written: Written) -> None:
    try:
        earlier = _written.get(optimizer)
        if earlier is not None and _still_holds(optimizer, earlier):
            written.start = earlier.start
        _written[optimizer] = written
    except TypeError:
        pass


def _still_holds(optimizer: Optimizer, earlier: Written) -> bool:
    """Whether the optimizer holds what an earlier Scheduler wrote, and no state was loaded since."""
    wrote = earlier.top if earlier.groups is None or earlier.last is None else earlier.last
    groups = optimizer.param_groups
    return groups is earlier.into and any(holds(group["lr"], wrote) for group in groups)


def _check_that_nobody_wrote(optimizers: Sequence[Optimizer], top: float) -> None:
    """Refuse to take the rate that an earlier Scheduler left for the peak of a new one."""
    for optimizer in optimizers:
        try:
            earlier = _written.get(optimizer)
        except TypeError:
            continue
        if earlier is not None and top != earlier.start and _still_holds(optimizer, earlier):
            raise ValueError(
                f"`max_lr` is not given, and the optimizer's rate, {top:g}, is what an earlier Scheduler wrote, not a "
                f"peak (before it the rate was {earlier.start:g}): give max_lr=..., or set the rate in the param groups"
            )
