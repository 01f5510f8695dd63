"""The keys of a checkpoint, and how a state of an earlier version is said in those of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import checks

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


def current(state: object) -> dict[str, Any]:
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


def checked_keys(state: Mapping[str, Any]) -> list[str]:
    """The keys in the order in which the checksum takes them, under the names that the state has for them."""
    old = {new: old for pairs in RENAMED.values() for old, new in pairs.items()}
    return [key if key in state else old.get(key, key) for key in KEYS[: KEYS.index("check")]]


def _foreign(state: object) -> str:
    if not isinstance(state, Mapping):
        return f"a state is a dict with the keys {', '.join(KEYS)}; got {type(state).__name__}"
    has = ", ".join(map(checks.shown, state)) or "nothing"
    way_out = "give what Scheduler.state_dict() returned"
    if "last_epoch" in state:
        way_out = (
            "this looks like the state of a torch scheduler: Scheduler.replacing(state, optimizer=optimizer) goes on "
            f"from it; or build the schedule here and go to its position, step({checks.shown(state['last_epoch'])})"
        )
    return f"the state is not one of lehr's Scheduler, which has the keys {', '.join(KEYS)}: it has {has}; {way_out}"
