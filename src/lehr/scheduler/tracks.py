"""Which schedule drives which hyperparameter of which groups."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import spec
from ..schedules import Schedule, recipes
from ..schedules.recipes import Recipe
from .groups import Chosen, Group, all_groups
from .hyperparameter import Hyperparameter
from .scaling import GroupScale
from .writer import Writer


@dataclass
class Track:
    """One schedule, what it drives, and the writer that does it."""

    schedule: Schedule
    key: str
    chosen: Chosen
    writer: Writer

    @property
    def name(self) -> str:
        """How messages and states call it: ``lr``, or ``lr of group 'head'``."""
        return self.key if self.chosen is None else f"{self.key} of group {self.chosen!r}"

    def write(self, position: float) -> None:
        self.writer.write(self.schedule(position))

    def rates(self, position: float) -> list[float]:
        return self.writer.expected(self.schedule(position))


def tracks_of(
    schedule: Any, settings: dict[str, Any], optimizers: Sequence[Any], scale: GroupScale | None
) -> tuple[list[Track], bool]:
    """The tracks that the constructor's arguments say, and whether they say their peak.

    Raises:
        ValueError: A name, a setting or a group is unknown, or a group is left without a schedule.
    """
    groups = all_groups(optimizers)
    if not isinstance(schedule, Mapping):
        built, peak_is_said = _one(schedule, settings, _fastest(groups))
        return [Track(built, "lr", None, Writer(optimizers, "lr", None, scale))], peak_is_said
    _no_settings(settings, schedule)
    if not schedule:
        raise ValueError("a mapping of schedules needs at least one, got {}")
    names = {group.get("name") for group in groups} - {None} | set(range(len(groups)))
    by_group = [key for key in schedule if key in names]
    if by_group and len(by_group) < len(schedule):
        raise ValueError(f"a mapping names groups or hyperparameters, not both: {', '.join(map(repr, schedule))}")
    nested = {"lr": schedule} if by_group else schedule
    tracks = []
    for key, value in nested.items():
        if not isinstance(key, str):
            raise ValueError(f"there is no param group {key!r}; there are {_listed(groups)}")
        Hyperparameter(key)  # refuses what is no name of one
        chosen = _by_group(key, value, groups) if isinstance(value, Mapping) else {None: value}
        for group, one in chosen.items():
            if not isinstance(one, Schedule):
                raise ValueError(
                    f"{key!r} needs a Schedule, got {one!r}; build it with a recipe, such as lehr.cosine(...)"
                )
            own = scale if key == "lr" and group is None else "same"
            tracks.append(Track(one, key, group, Writer(optimizers, key, group, own)))
    return tracks, True


def _fastest(groups: list[Group]) -> float:
    lr = Hyperparameter("lr")
    return max(lr.number(group) for group in groups)


def _by_group(key: str, schedules: Mapping[Any, Any], groups: list[Group]) -> dict[Chosen, Any]:
    """A schedule for each group, by name or index; every group has one, and only one."""
    known = [{index, group.get("name")} - {None} for index, group in enumerate(groups)]
    for chosen in schedules:
        if not any(chosen in names for names in known):
            raise ValueError(f"there is no param group {chosen!r}; there are {_listed(groups)}")
    for index, names in enumerate(known):
        said = [chosen for chosen in schedules if chosen in names]
        if len(said) != 1:
            found = " and ".join(map(repr, said)) or "none"
            name = groups[index].get("name", index)
            raise ValueError(f"{key}: each param group needs one schedule, and group {name!r} has {found}")
    in_order = [chosen for names in known for chosen in schedules if chosen in names]
    return {chosen: schedules[chosen] for chosen in in_order}


def _listed(groups: list[Group]) -> str:
    return ", ".join(repr(group.get("name", index)) for index, group in enumerate(groups))


def _no_settings(given: dict[str, Any], schedule: Any) -> None:
    if given:
        what = "a Schedule has" if isinstance(schedule, Schedule) else "schedules have"
        raise ValueError(
            f"{what} settings of their own, got {', '.join(given)} beside {schedule!r}; give them where it is built"
        )


def _one(schedule: Any, given: dict[str, Any], top: float) -> tuple[Schedule, bool]:
    if isinstance(schedule, Schedule):
        _no_settings(given, schedule)
        return schedule, True
    build = recipes.get(schedule)
    if "max_lr" in given or "max_lr" not in inspect.signature(build).parameters:
        return build(**given), True
    return build(**given, max_lr=top), False


def with_max_lr_of(saved: Schedule, code: Schedule) -> Schedule:
    """The code's schedule under the checkpoint's peak, where the code left the peak to the optimizer.

    On resume the optimizer's rate is that of the middle of the run, not the peak.
    """
    if isinstance(saved, Recipe) and isinstance(code, Recipe) and "max_lr" in saved.settings():
        return recipes.get(code.name)(**{**code.settings(), "max_lr": saved.settings()["max_lr"]})
    return code


def to_plain(schedules: dict[tuple[str, Chosen], Schedule]) -> Any:
    """Schedules as plain data: a spec, or a list of what each drives with its spec."""
    if list(schedules) == [("lr", None)]:
        return spec.to_dict(schedules["lr", None])
    return [{"key": key, "group": group, **spec.to_dict(one)} for (key, group), one in schedules.items()]


def from_plain(data: Any) -> dict[tuple[str, Chosen], Schedule]:
    """The reverse of `to_plain`.

    Raises:
        ValueError: It is not what `to_plain` gives.
    """
    if not isinstance(data, list):
        return {("lr", None): spec.from_dict(data)}
    found: dict[tuple[str, Chosen], Schedule] = {}
    for row in data:
        if (
            not isinstance(row, dict)
            or not isinstance(row.get("key"), str)
            or not isinstance(row.get("group"), int | str | None)
        ):
            raise ValueError(f"each schedule needs a `key` and a `group`, got {row!r:.80}")
        found[row["key"], row["group"]] = spec.from_dict({k: v for k, v in row.items() if k not in ("key", "group")})
    return found
