"""`State` to and from a plain dict.

Keys are the same before and after training and values are plain numbers and strings, so the state loads with
``weights_only=True`` and through torch.distributed.checkpoint.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping
from itertools import chain, groupby
from typing import Any, TypeVar

from ... import spec
from ...control import Change, steps
from ...schedules import checks
from ..bindings import Binding
from ..plan import Plan, Schedules
from .state import State
from .text import LONGEST_TEXT, checksum, compressed, crc, decompressed
from .versions import VERSION, current

Value = TypeVar("Value")

INTEGERS = ("updates", "samples_per_step", "commands")
TEXTS = ("unit", "schedule", "group_factors", "history", "watchers", "times")
MOST_GROUPS = 1_000_000
MOST_POSITION = 2 * checks.LONGEST
"""Upper limit of a saved position: one update beyond the largest that `Scheduler.step` takes."""


def to_dict(state: State) -> dict[str, Any]:
    """Plain numbers and strings, small for any number of groups with few distinct factors."""
    plan = state.plan
    runs = [[factor, len(list(same))] for factor, same in groupby(chain.from_iterable(state.factors))]
    history = [
        [c.position, c.what, c.why, [None if rest is None else spec.to_dict(rest) for rest in c.rest]]
        + [c.merged] * (c.merged > 0)
        for c in plan.changes
    ]
    fields = {
        "version": VERSION,
        "position": state.position,
        "updates": state.updates,
        "unit": plan.unit,
        "samples_per_step": plan.samples_per_step,
        "schedule": compressed(_to_plain(plan.initial)),
        "group_factors": json.dumps(runs),
        "history": compressed(history),
        "watchers": compressed(state.watchers),
        "commands": state.commands,
        "pending": state.pending,
    }
    times = [change.time for change in plan.changes]
    return {**fields, "check": checksum(fields), "times": compressed([crc(times), times])}


def from_dict(given: object, groups: Mapping[Binding, int]) -> State:
    """Read a state, refusing all that `to_dict` did not write.

    Args:
        given: The dict of a checkpoint.
        groups: The number of param groups that each schedule of the code drives.

    Raises:
        ValueError: The state is corrupt, foreign, or of a version that this lehr does not know.
    """
    state = current(given)
    _check_types(state)
    if state["check"] is not None and state["check"] != checksum(given):
        raise ValueError("the state is corrupt: checksum mismatch, some byte of it has changed")
    initial = _read("schedule", state, _from_plain)
    times = _read("times", state, _times)
    changes = _read("history", state, lambda rows: _changes(rows, times, len(initial)))
    watchers = _read("watchers", state, _watchers)
    factors = _split(_factors(state["group_factors"]), [groups.get(binding, 0) for binding in initial])
    try:
        plan = Plan(initial, changes, state["unit"], state["samples_per_step"])
    except ValueError as error:
        raise ValueError(f"the state's `schedule` is corrupt: {error}") from None
    return State(state["position"], plan, factors, state["updates"], watchers, state["commands"], state["pending"])


def _check_types(state: Mapping[str, Any]) -> None:
    """Hold every value to its type and size before anything is computed from it."""
    for key in INTEGERS:
        if type(state[key]) is not int or not 0 <= state[key] < checks.LONGEST:
            raise ValueError(f"the state's `{key}` must be an integer of at least 0, got {checks.shown(state[key])}")
    for key in TEXTS:
        if type(state[key]) is not str or len(state[key]) > LONGEST_TEXT:
            raise ValueError(f"the state's `{key}` must be text, got {checks.shown(state[key])}")
    kinds = (int, float) if state["unit"] == "epochs" else (int,)
    for key in ("position", "pending"):
        if type(state[key]) not in kinds or not 0 <= state[key] < MOST_POSITION:
            what = "a number" if float in kinds else "an integer"
            raise ValueError(f"the state's `{key}` must be {what} of at least 0, got {checks.shown(state[key])}")
    if state["check"] is not None and type(state["check"]) is not int:
        raise ValueError(f"the state's `check` must be an integer, got {checks.shown(state['check'])}")


def _read(key: str, state: Mapping[str, Any], build: Callable[[Any], Value]) -> Value:
    try:
        return build(decompressed(state[key]))
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
        raise ValueError(f"the state's `{key}` is corrupt: {error}") from None


def _times(data: Any) -> Any:
    if data is None:  # before version 5, when each change had its own
        return None
    check, times = data
    if check != crc(times):
        raise ValueError("checksum mismatch")
    return times


def _changes(rows: Any, times: Any, bindings: int) -> tuple[Change, ...]:
    if times is None:
        return tuple(_change(row, bindings) for row in rows)
    return tuple(_change([row[0], made, *row[1:]], bindings) for row, made in zip(rows, times, strict=True))


def _change(row: Any, bindings: int) -> Change:
    position, made, what, why, rest, merged = row if len(row) == 6 else [*row, 0]
    texts = isinstance(what, str) and isinstance(why, str)
    if type(position) not in (int, float) or not 0 <= position < MOST_POSITION or type(made) is not int or not texts:
        raise ValueError(f"a change is a position, a time and two texts, got {checks.shown(row)}")
    if len(rest) != bindings:
        raise ValueError(f"a change has a schedule for each of {bindings}, got {len(rest)}")
    schedules = tuple(None if row is None else spec.from_dict(row) for row in rest)
    merged = checks.integer("merged", merged, owner="a change", least=0)
    if merged and not all(rest is None or steps.is_stepped(rest) for rest in schedules):
        raise ValueError(f"{merged} changes in one are a schedule times its factors, got {checks.shown(schedules)}")
    return Change(position, made, what, why, schedules, merged)


def _watchers(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"they must be a list of objects, got {checks.shown(rows)}")
    return rows


def _factors(text: str) -> list[float]:
    try:
        runs = [(float(factor), int(count)) for factor, count in json.loads(text)]
        if any(count < 1 for _, count in runs) or sum(count for _, count in runs) > MOST_GROUPS:
            raise ValueError
    except (TypeError, ValueError, RecursionError, OverflowError):
        runs = []
    if not runs or not all(0 <= factor < math.inf for factor, _ in runs):
        raise ValueError(f"the state's `group_factors` are corrupt: {checks.shown(text)}")
    return [factor for factor, count in runs for _ in range(count)]


def _split(factors: list[float], counts: list[int]) -> list[list[float]]:
    """The factors by binding, or in one list where the number of groups is another than the code's."""
    if not all(counts) or sum(counts) != len(factors):
        return [factors]
    rest = iter(factors)
    return [[next(rest) for _ in range(count)] for count in counts]


def _to_plain(schedules: Schedules) -> Any:
    """Schedules as plain data: a spec, or a list of what each drives with its spec."""
    if list(schedules) == [Binding("lr", None)]:
        return spec.to_dict(schedules[Binding("lr", None)])
    return [{"key": key, "group": group, **spec.to_dict(item)} for (key, group), item in schedules.items()]


def _from_plain(data: Any) -> Schedules:
    if not isinstance(data, list):
        return {Binding("lr", None): spec.from_dict(data)}
    found: Schedules = {}
    for row in data:
        known = isinstance(row, dict) and isinstance(row.get("key"), str)
        if not known or not isinstance(row.get("group"), int | str | None):
            raise ValueError(f"each schedule needs a `key` and a `group`, got {checks.shown(row)}")
        item = {key: value for key, value in row.items() if key not in ("key", "group")}
        found[Binding(row["key"], row["group"])] = spec.from_dict(item)
    if not found:
        raise ValueError("it has no schedule")
    return found
