"""A run's position and plan to and from the plain dict that a checkpoint holds, in every version so far.

Keys are the same before and after training and values are plain numbers and strings, so the state loads with
``weights_only=True`` and through torch.distributed.checkpoint.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import Any, TypeVar

from .. import spec
from ..control import Change, steps
from ..schedules import checks
from .bindings import Binding, names
from .plan import Plan, Schedules

Value = TypeVar("Value")

VERSION = 5
KEYS = (
    "version",
    "position",
    "updates",
    "unit",
    "samples_per_step",
    "schedule",
    "group_factors",
    "history",
    "watchers",
    "commands",
    "pending",
    "check",
    "times",
)
"""The keys in their order. The values before `check` are the same on every rank, and it is their checksum: of a state
that many ranks save, torch.distributed.checkpoint takes one key from one rank and the next from another. So `times`,
the clock of one machine, has a checksum of its own."""
ADDED: dict[int, dict[str, Any]] = {
    2: {"unit": "steps", "history": "[]", "watchers": "[]", "commands": 0},
    3: {"samples_per_step": 0},
    4: {"pending": 0},
    5: {"times": "null"},
}
"""The keys that each version added, and what a state without them means."""
RENAMED: dict[int, dict[str, str]] = {4: {"answered": "commands"}}
"""The keys that each version renamed."""
INTEGERS = ("updates", "samples_per_step", "commands")
TEXTS = ("unit", "schedule", "group_factors", "history", "watchers", "times")
MOST_GROUPS = 1_000_000
MOST_POSITION = 2 * checks.LONGEST
"""Upper limit of a saved position: one update beyond the largest that `Scheduler.step` takes."""
LONGEST_TEXT = 16_000_000


class StateMismatchError(ValueError):
    """The checkpoint's plan or group factors differ from the code's.

    Attributes:
        differences: One line for each setting, with both values.
    """

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        listed = "".join(f"\n  {line}" for line in differences)
        super().__init__(
            f"the checkpoint was written under other settings than the code has:{listed}\n"
            f"choose with load_state_dict(state, keep='checkpoint') or keep='code', or, where a trainer loads the "
            f"state, with Scheduler(..., keep='checkpoint') or keep='code'"
        )


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        position: Position of the next update.
        plan: What drives what, and what has changed.
        factors: The factor of each param group, by binding.
        updates: Updates made so far.
        watchers: The state of each `Plateau` and `Greedy`.
        commands: How many commands of the control file were dealt with.
        pending: Units by which the position is ahead of the calls of `advance`: those of an update after which
            `advance` had not been called yet.
    """

    position: float
    plan: Plan
    factors: list[list[float]]
    updates: int = 0
    watchers: list[dict[str, Any]] = field(default_factory=list)
    commands: int = 0
    pending: float = 0

    def differences(self, code: State) -> list[str]:
        """What the checkpoint (this) and the code say differently, a line for each setting."""
        lines = self.plan.differences(code.plan)
        ours, theirs = [list(chain.from_iterable(state.factors)) for state in (code, self)]
        if len(ours) != len(theirs):
            lines.append(f"param groups: checkpoint {len(theirs)}, code {len(ours)}")
        elif not all(map(math.isclose, ours, theirs)):
            lines.append(f"group factors: checkpoint {theirs}, code {ours}")
        return lines

    def in_the_order_of(self, code: State) -> State:
        """The same state with its schedules and factors in the order of the code's."""
        plan = self.plan.in_the_order_of(code.plan)
        if plan is self.plan or len(self.factors) != len(self.plan.initial):
            return self
        by_binding = dict(zip(self.plan.initial, self.factors, strict=True))
        return replace(self, plan=plan, factors=[by_binding[binding] for binding in plan.initial])

    def at_equal_samples(self, samples_per_step: int, keeps_changes: bool) -> State:
        """The same state where steps of another size have consumed as many samples, to the nearest step.

        Raises:
            ValueError: The plan has changes, whose positions count the old steps.
        """
        theirs = self.plan.samples_per_step
        if not theirs or not samples_per_step or theirs == samples_per_step:
            return self
        if self.plan.changes and keeps_changes:
            raise ValueError(
                f"the checkpoint holds changes made at steps of {theirs} samples, and the code's steps have "
                f"{samples_per_step}: say keep='code' to drop the changes, or use a schedule in samples, whose "
                f"positions stay the same"
            )
        position = round(self.position * theirs / samples_per_step)
        return replace(self, position=position, plan=replace(self.plan, samples_per_step=samples_per_step))

    def check_that_it_fits(self, code: State) -> None:
        """Refuse to take over this state in code that drives something else.

        Raises:
            ValueError: The bindings, the unit or the number of param groups differ.
        """
        mine, theirs = self.plan, code.plan
        if list(mine.initial) != list(theirs.initial) or mine.unit != theirs.unit:
            raise ValueError(
                f"the checkpoint drives {names(mine.initial)} in {mine.unit} and the code {names(theirs.initial)} in "
                f"{theirs.unit}: keep='checkpoint' needs the same; keep='code' does not"
            )
        has, needs = (sum(map(len, state.factors)) for state in (self, code))
        if has != needs:
            raise ValueError(
                f"the checkpoint has {has} param groups and the optimizer {needs}: keep='checkpoint' needs as many; "
                f"keep='code' does not"
            )


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
        "schedule": _compressed(_to_plain(plan.initial)),
        "group_factors": json.dumps(runs),
        "history": _compressed(history),
        "watchers": _compressed(state.watchers),
        "commands": state.commands,
        "pending": state.pending,
    }
    times = [change.time for change in plan.changes]
    return {**fields, "check": _checksum(fields), "times": _compressed([_crc(times), times])}


def from_dict(given: object, groups: Mapping[Binding, int]) -> State:
    """Read a state, refusing all that `to_dict` did not write.

    Args:
        given: The dict of a checkpoint.
        groups: The number of param groups that each schedule of the code drives.

    Raises:
        ValueError: The state is corrupt, foreign, or of a version that this lehr does not know.
    """
    state = _current(given)
    _check_types(state)
    if state["check"] is not None and state["check"] != _checksum(given):
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


def _current(state: object) -> dict[str, Any]:
    """A state in the keys of today, whatever version wrote it."""
    if not isinstance(state, Mapping) or not {"version", "schedule"} <= set(state):
        raise ValueError(_foreign(state))
    version = state["version"]
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ValueError(
            f"the state is of version {checks.shown(version)}, and this lehr reads the versions 1 to {VERSION}; "
            f"load it with the lehr that wrote it"
        )
    later = {key: value for added, keys in ADDED.items() if added > version for key, value in keys.items()}
    if version == 1:
        later |= {"updates": state.get("position"), "check": None}
    old_names = {new: old for came, pairs in RENAMED.items() if came > version for old, new in pairs.items()}
    has = [old_names.get(key, key) for key in KEYS if key not in later]
    if set(state) != set(has):
        raise ValueError(
            f"a state of version {version} has the keys {', '.join(has)}; got {', '.join(map(checks.shown, state))}"
        )
    read = {key: state[old_names.get(key, key)] for key in KEYS if key not in later}
    return {**read, **later}


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


def _checksum(state: Any) -> int:
    """A checksum of the values before it: a number in which a byte was flipped is still a number."""
    return _crc([state[key] for key in _order(state) if key in state])


def _crc(data: Any) -> int:
    return zlib.crc32(json.dumps(data).encode())


def _order(state: Mapping[str, Any]) -> list[str]:
    """The keys in the order in which the checksum takes them, under the names that the state has for them."""
    old = {new: old for pairs in RENAMED.values() for old, new in pairs.items()}
    return [key if key in state else old.get(key, key) for key in KEYS[: KEYS.index("check")]]


def _read(key: str, state: Mapping[str, Any], build: Callable[[Any], Value]) -> Value:
    try:
        return build(_decompressed(state[key]))
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError, OverflowError, zlib.error) as error:
        raise ValueError(f"the state's `{key}` is corrupt: {error}") from None


def _times(data: Any) -> Any:
    if data is None:  # before version 5, when each change had its own
        return None
    check, times = data
    if check != _crc(times):
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


def _foreign(state: object) -> str:
    if not isinstance(state, Mapping):
        return f"a state is a dict with the keys {', '.join(KEYS)}; got {type(state).__name__}"
    has = ", ".join(map(checks.shown, state)) or "nothing"
    way_out = "give what Scheduler.state_dict() returned"
    if "last_epoch" in state:
        way_out = (
            f"this looks like the state of a torch scheduler, which holds no schedule: build the schedule here and go "
            f"to its position with step({checks.shown(state['last_epoch'])})"
        )
    return f"the state is not one of lehr's Scheduler, which has the keys {', '.join(KEYS)}: it has {has}; {way_out}"


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


_COMPRESSED = "zlib:"
_COMPRESS_FROM = 1_000


def _compressed(data: Any) -> str:
    """Data as JSON text, compressed where it is long: a thousand changes of a run are much alike."""
    text = json.dumps(data, allow_nan=False)
    if len(text) < _COMPRESS_FROM:
        return text
    return _COMPRESSED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _decompressed(text: str) -> Any:
    if text.startswith(_COMPRESSED):
        stream = zlib.decompressobj()
        text = stream.decompress(base64.b64decode(text[len(_COMPRESSED) :], validate=True), LONGEST_TEXT).decode()
        if stream.unconsumed_tail or not stream.eof:
            raise ValueError("it is cut short, or larger than any state")
    return json.loads(text)
