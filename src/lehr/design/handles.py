"""The handles of a schedule: points of its curve that can be moved, and what a move changes in its spec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .. import spec
from ..schedules import Schedule
from ..schedules.recipes import RECIPES

Spec = dict[str, Any]


@dataclass(frozen=True)
class Handle:
    """A point that can be moved.

    Attributes:
        name: Its name, which `moved` takes.
        label: What it is, in words.
        x: Its step.
        y: Its rate.
        moves: ``"x"``, ``"y"`` or ``"xy"``: in which directions.
    """

    name: str
    label: str
    x: float
    y: float
    moves: str


def handles_of(schedule: Schedule) -> list[Handle]:
    """The handles of a recipe: the ends of its phases; of parts joined by ``then``: where they meet.

    >>> import lehr
    >>> [(handle.name, handle.x, handle.y) for handle in handles_of(lehr.wsd(100, 10, max_lr=1.0))]
    [('warmup_steps', 10, 1.0), ('training_steps', 100, 0.0), ('decay_steps', 80, 1.0)]
    """
    given = spec.to_dict(schedule)
    if given["schedule"] in RECIPES:
        return list(_of_recipe(given, schedule))
    parts = given.get("parts") if given["schedule"] == "Then" else [given]
    return list(_of_parts(parts)) if parts and all(map(_is_simple, parts)) else []


def moved(schedule: Schedule, name: str, x: float, y: float) -> Schedule:
    """The schedule with a handle at another place, as near to it as the schedule allows: else moved in one direction
    only, else where it was.

    Raises:
        ValueError: It has no such handle.
    """
    handles = {handle.name: handle for handle in handles_of(schedule)}
    if name not in handles:
        raise ValueError(f"the schedule has no handle {name!r}, only {', '.join(handles) or 'none'}")
    handle = handles[name]
    for step, rate in ((x, y), (x, handle.y), (handle.x, y)):
        given = spec.to_dict(schedule)
        change = _move_in_recipe if given["schedule"] in RECIPES else _move_in_parts
        change(given, handle, max(0, round(step)), max(0.0, float(f"{rate:.4g}")))
        with suppress(ValueError):
            return spec.from_dict(given)
    return schedule


# Recipes.


def _of_recipe(given: Spec, schedule: Schedule) -> Iterator[Handle]:
    steps, warmup = given.get("training_steps"), given.get("warmup_steps", 0)
    high, low = given.get("max_lr"), given.get("min_lr")
    both = "xy" if high is not None else "x"
    if "warmup_steps" in given:
        yield Handle("warmup_steps", "end of the warmup", warmup, schedule(warmup), both)
    elif high is not None:
        yield Handle("max_lr", "peak", 0, high, "y")
    if steps:
        yield Handle("training_steps", "end of the run", steps, schedule(steps), "x" if low is None else "xy")
        if "decay_steps" in given and given["schedule"] != "step_decay":
            at = steps - given["decay_steps"]
            yield Handle("decay_steps", "start of the cooldown", at, schedule(at), "x")
    if given.get("cycle_steps"):
        at = warmup + given["cycle_steps"]
        yield Handle("cycle_steps", "end of the first cycle", at, schedule(at), "x")
    for index, at in enumerate(given.get("milestones", ())):
        yield Handle(f"milestones.{index}", f"milestone {index + 1}", at, schedule(at), "x")


def _move_in_recipe(given: Spec, handle: Handle, step: int, rate: float) -> None:
    steps, warmup = given.get("training_steps"), given.get("warmup_steps", 0)
    if handle.name == "training_steps":
        least = max(warmup + 1, given.get("decay_steps", 0) + warmup, *given.get("milestones", (0,)))
        given["training_steps"] = max(step, least, 1)
        if "min_lr" in given:
            given["min_lr"] = min(rate, given["max_lr"])
    elif handle.name == "decay_steps":
        given["decay_steps"] = min(max(given["training_steps"] - step, 1), given["training_steps"] - warmup)
    elif handle.name == "cycle_steps":
        given["cycle_steps"] = max(step - warmup, 1)
    elif handle.name.startswith("milestones."):
        index, places = int(handle.name.partition(".")[2]), given["milestones"]
        least = places[index - 1] + 1 if index else warmup
        most = places[index + 1] - 1 if index + 1 < len(places) else steps or step
        places[index] = min(max(step, least), most)
    else:
        if "warmup_steps" in given:
            most = (steps or max(step, 1)) - given.get("decay_steps", 0 if steps is None else 1)
            given["warmup_steps"] = min(step, max(most, 0))
        if "max_lr" in given:
            given["max_lr"] = max(rate, given.get("min_lr") or 0.0, 1e-12)


# Parts that follow each other.


def _is_simple(part: Spec) -> bool:
    return part["schedule"] in ("Ramp", "Constant") and part.get("length") is not None


def _levels(part: Spec) -> tuple[str, str]:
    """The settings that say its first and its last rate."""
    return ("rate", "rate") if part["schedule"] == "Constant" else ("start", "end")


def _of_parts(parts: list[Spec]) -> Iterator[Handle]:
    first, at = parts[0], 0
    yield Handle("parts.start", "start", 0, first[_levels(first)[0]], "y")
    for index, part in enumerate(parts):
        at += part["length"]
        yield Handle(f"parts.{index}", f"end of part {index + 1}", at, part[_levels(part)[1]], "xy")


def _move_in_parts(given: Spec, handle: Handle, step: int, rate: float) -> None:
    parts = given["parts"] if given["schedule"] == "Then" else [given]
    if handle.name == "parts.start":
        _set_level(parts, -1, rate)
        return
    index = int(handle.name.partition(".")[2])
    start = sum(part["length"] for part in parts[:index])
    end = start + parts[index]["length"]
    following = parts[index + 1] if index + 1 < len(parts) else None
    most = end + following["length"] - 1 if following else step
    place = min(max(step, start + 1), max(most, start + 1))
    if following:
        following["length"] -= place - end
    parts[index]["length"] = place - start
    _set_level(parts, index, rate)


def _set_level(parts: list[Spec], index: int, rate: float) -> None:
    """Give the point after a part another rate: the part's end, and the start of the next one if they meet there.

    A constant has one rate, so its other end moves with it.
    """
    before = parts[index] if index >= 0 else None
    after = parts[index + 1] if index + 1 < len(parts) else None
    meet = before is None or after is None or before[_levels(before)[1]] == after[_levels(after)[0]]
    if before is not None:
        old = before[_levels(before)[1]]
        before[_levels(before)[1]] = rate
        if before["schedule"] == "Constant" and index > 0 and parts[index - 1][_levels(parts[index - 1])[1]] == old:
            _set_level(parts[:index], index - 1, rate)
    if after is not None and meet:
        old = after[_levels(after)[0]]
        after[_levels(after)[0]] = rate
        beyond = parts[index + 2] if index + 2 < len(parts) else None
        if after["schedule"] == "Constant" and beyond is not None and beyond[_levels(beyond)[0]] == old:
            beyond[_levels(beyond)[0]] = rate
