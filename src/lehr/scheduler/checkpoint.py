"""How a `State` is written into a checkpoint, and read back from one of this version or an older.

Keys are the same before and after training and values are plain numbers and strings, so the state
loads with ``weights_only=True`` and through torch.distributed.checkpoint.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from itertools import chain, groupby
from typing import Any

from .. import spec
from ..control import Change
from .packing import packed, unpacked
from .state import State
from .tracks import from_plain, to_plain

VERSION = 3
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
    "answered",
    "check",
)
_CAME_WITH: dict[int, dict[str, Any]] = {
    2: {"unit": "steps", "history": "[]", "watchers": "[]", "answered": 0},
    3: {"samples_per_step": 0},
}
"""The keys that a version brought, and what a state without them means."""


def to_dict(state: State) -> dict[str, Any]:
    """Plain numbers and strings, small for any number of groups with few distinct factors."""
    runs = [[factor, len(list(same))] for factor, same in groupby(state.group_factors)]
    history = [[c.position, c.time, c.what, c.why, [spec.to_dict(rest) for rest in c.rest]] for c in state.history]
    fields = {
        "version": VERSION,
        "position": state.position,
        "updates": state.updates,
        "unit": state.unit,
        "samples_per_step": state.samples_per_step,
        "schedule": packed(to_plain(state.schedules)),
        "group_factors": json.dumps(runs),
        "history": packed(history),
        "watchers": packed(state.watchers),
        "answered": state.answered,
    }
    return {**fields, "check": _check(fields)}


def from_dict(given: Any) -> State:
    """Read a state, refusing all that `to_dict` did not write.

    Raises:
        ValueError: The state is corrupt, foreign or of a version that this lehr does not know.
    """
    state = _current(given)
    position = state["position"]
    if type(position) is not int or not 0 <= position < 10**18:
        raise ValueError(f"the state's `position` must be a whole number of at least 0, got {position!r}")
    for count in ("updates", "answered", "samples_per_step"):
        if type(state[count]) is not int or state[count] < 0:
            raise ValueError(f"the state's `{count}` must be a whole number of at least 0, got {state[count]!r}")
    if not isinstance(state["unit"], str):
        raise ValueError(f"the state's `unit` must be a word, got {state['unit']!r}")
    schedules = _read("schedule", state, from_plain)
    history = _read("history", state, lambda rows: [_change(row, len(schedules)) for row in rows])
    watchers = _read("watchers", state, _watchers)
    factors = _factors(state["group_factors"])
    if given["version"] > 1 and (type(given["check"]) is not int or given["check"] != _check(given)):
        raise ValueError("the state is corrupt: its `check` does not fit the rest, so some byte of it has changed")
    counts = state["updates"], state["unit"], history, watchers, state["answered"], state["samples_per_step"]
    return State(position, schedules, factors, *counts)


def _current(state: Any) -> dict[str, Any]:
    """A state in the keys of today, whatever version wrote it."""
    if not isinstance(state, Mapping) or not {"version", "schedule"} <= set(state):
        raise ValueError(_foreign(state))
    version = state["version"]
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ValueError(
            f"the state is of version {version!r}, and this lehr reads the versions 1 to {VERSION}; "
            f"load it with the lehr that wrote it"
        )
    later = {key: value for came, added in _CAME_WITH.items() if came > version for key, value in added.items()}
    if version == 1:
        later |= {"updates": state.get("position"), "check": None}
    has = [key for key in KEYS if key not in later]
    if set(state) != set(has):
        raise ValueError(
            f"a state of version {version} has the keys {', '.join(has)}; got {', '.join(map(str, state))}"
        )
    return {**state, **later}


def _check(state: Mapping[str, Any]) -> int:
    """A checksum of all else: a number in which a byte was flipped is still a number."""
    return zlib.crc32(json.dumps([state[key] for key in KEYS[:-1] if key in state]).encode())


def _read(key: str, state: dict[str, Any], build: Any) -> Any:
    try:
        return build(unpacked(state[key]))
    except (
        TypeError,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
        zlib.error,
    ) as error:
        raise ValueError(f"the state's `{key}` is corrupt: {error}") from None


def _change(row: Any, tracks: int) -> Change:
    position, time, what, why, rest = row
    words = isinstance(what, str) and isinstance(why, str)
    if type(position) is not int or not 0 <= position < 10**18 or type(time) is not int or not words:
        raise ValueError(f"a change is a position, a time and two texts, got {row!r:.80}")
    if len(rest) != tracks:
        raise ValueError(f"a change has a schedule for each of {tracks}, got {len(rest)}")
    return Change(position, time, what, why, tuple(map(spec.from_dict, rest)))


def _watchers(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"they are a list of objects, got {rows!r:.80}")
    return rows


def _factors(text: Any) -> list[float]:
    try:
        runs = json.loads(text)
        factors = list(chain.from_iterable([float(factor)] * int(n) for factor, n in runs if n < 10**6))
    except (TypeError, ValueError, RecursionError, OverflowError):
        factors = []
    if not factors or not all(0 <= factor < math.inf for factor in factors):
        raise ValueError(f"the state's `group_factors` are corrupt: {text!r:.80}")
    return factors


def _foreign(state: Any) -> str:
    if not isinstance(state, Mapping):
        return f"a state is a dict with the keys {', '.join(KEYS)}; got {type(state).__name__}"
    has = ", ".join(map(str, state)) or "nothing"
    way_out = "give what Scheduler.state_dict() returned"
    if "last_epoch" in state:
        way_out = (
            f"this looks like the state of a torch scheduler, which holds no schedule: build the "
            f"schedule here and go to its position with step({state['last_epoch']!r})"
        )
    return f"this is no state of lehr's Scheduler, which has the keys {', '.join(KEYS)}: it has {has}; {way_out}"
