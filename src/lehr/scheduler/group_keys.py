"""Which param groups of a Scheduler are meant: by index or by name, where each has a schedule of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..control.acts import GroupKey
from ..schedules import checks
from .groups import Group, Optimizer, all_groups, listed
from .plan import Plan

Groups = GroupKey | Sequence[GroupKey]
"""One param group or several; None for all."""
BoundsOfGroups = float | Sequence[float] | Mapping[int | str, float]
"""A number for all param groups, or one for each."""


class HasGroups(Protocol):
    """What is asked of a Scheduler here."""

    _plan: Plan

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers that update."""

    @property
    def group_factors(self) -> list[float]:
        """The factor of each param group."""


def rate_keys(scheduler: HasGroups) -> list[GroupKey]:
    """The param groups that have a schedule of the rate, each as the Scheduler calls it; None for one for all."""
    return [binding.group for binding in scheduler._plan.initial if binding.key == "lr"]


def chosen_keys(scheduler: HasGroups, groups: Groups, owner: str) -> tuple[GroupKey, ...] | None:
    """The chosen param groups, each as the Scheduler calls it; None for all.

    Raises:
        ValueError: None is chosen, one is unknown or chosen twice, or they have no schedules of their own.
    """
    if groups is None:
        return None
    chosen = list(groups) if isinstance(groups, list | tuple) else [groups]
    keys = tuple(_key(scheduler, group, "groups", owner) for group in chosen)
    if not keys or len(set(keys)) < len(keys):
        raise ValueError(f"{owner} needs each of its param groups once in `groups`, got {checks.shown(groups)}")
    return keys


def bounds_by_key(
    scheduler: HasGroups, name: str, bounds: object, chosen: Sequence[GroupKey] | None, owner: str
) -> Any:
    """A bound for each of the chosen param groups; what is neither a list nor a mapping is left as it is.

    Raises:
        ValueError: There are more or fewer bounds than groups, one is unknown, or they have no schedules of their own.
    """
    if isinstance(bounds, str) or not isinstance(bounds, Mapping | Sequence):
        return bounds
    keys = rate_keys(scheduler) if chosen is None else chosen
    if isinstance(bounds, Mapping):
        by_key = [(_key(scheduler, group, name, owner), bound) for group, bound in bounds.items()]
    else:
        _check_schedule_for_each(scheduler, name, owner)
        by_key = list(zip(keys, bounds, strict=False))
    if len(by_key) != len(bounds) or sorted(map(repr, keys)) != sorted(repr(key) for key, _ in by_key):
        raise ValueError(
            f"{owner} needs a bound in `{name}` for each of the {len(keys)} param groups "
            f"{', '.join(map(repr, keys))}, got {checks.shown(bounds)}"
        )
    return dict(by_key)


def _key(scheduler: HasGroups, group: object, name: str, owner: str) -> GroupKey:
    _check_schedule_for_each(scheduler, name, owner)
    groups = all_groups(scheduler.optimizers)
    for index, names in enumerate((index, found.get("name")) for index, found in enumerate(groups)):
        if not isinstance(group, bool) and isinstance(group, int | str) and group in names:
            return next(key for key in rate_keys(scheduler) if key in (index, groups[index].get("name")))
    raise ValueError(f"{owner}: unknown param group {checks.shown(group)} in `{name}`; Available: {listed(groups)}")


def _check_schedule_for_each(scheduler: HasGroups, name: str, owner: str) -> None:
    if rate_keys(scheduler) == [None]:
        groups, factors = all_groups(scheduler.optimizers), scheduler.group_factors
        raise ValueError(
            f"{owner} needs a schedule for each param group for `{name}` by group, and this Scheduler has one for "
            f"all: build it with lehr.Scheduler(optimizer, {_mapping(groups, factors)})"
        )


def _mapping(groups: list[Group], factors: list[float]) -> str:
    """The mapping that gives each group the rate that it has now."""
    shown = [
        f"{group.get('name', index)!r}: schedule{'' if factor == 1 else f' * {factor:g}'}"
        for index, (group, factor) in enumerate(zip(groups, factors, strict=False))
    ]
    return f"{{{', '.join(shown[:6])}{', ...' if len(shown) > 6 else ''}}}"
