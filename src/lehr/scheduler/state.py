"""What a checkpoint holds of a scheduler, and what is read back from one.

Keys are the same before and after training and values are plain numbers and strings, so the state
loads with ``weights_only=True`` and through torch.distributed.checkpoint.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import Any

from .. import spec
from ..control import Change
from ..schedules import Schedule
from .groups import Chosen
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
_PACKED = "zlib:"
_PACK_FROM = 1_000
_LARGEST = 4_000_000

Schedules = dict[tuple[str, Chosen], Schedule]


class StateMismatchError(ValueError):
    """The checkpoint's schedule or group factors differ from the code's.

    Attributes:
        differences: One line for each setting, with both values.
    """

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        listed = "".join(f"\n  {line}" for line in differences)
        super().__init__(
            f"the checkpoint was written under other settings than the code has:{listed}\n"
            f"say load_state_dict(state, keep='checkpoint') or keep='code' to choose"
        )


@dataclass(frozen=True)
class State:
    """Where a run stands: its position, the schedules it began with, and what changed since."""

    position: int
    schedules: Schedules
    group_factors: list[float]
    updates: int = 0
    unit: str = "steps"
    history: list[Change] = field(default_factory=list)
    watchers: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0
    samples_per_step: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, small for any number of groups with few distinct factors."""
        runs = [[factor, len(list(same))] for factor, same in groupby(self.group_factors)]
        history = [[c.position, c.time, c.what, c.why, [spec.to_dict(rest) for rest in c.rest]] for c in self.history]
        state = {
            "version": VERSION,
            "position": self.position,
            "updates": self.updates,
            "unit": self.unit,
            "samples_per_step": self.samples_per_step,
            "schedule": _packed(to_plain(self.schedules)),
            "group_factors": json.dumps(runs),
            "history": _packed(history),
            "watchers": _packed(self.watchers),
            "answered": self.answered,
        }
        return {**state, "check": _check(state)}

    @classmethod
    def from_dict(cls, state: Any) -> State:
        """Read a state, refusing all that `to_dict` did not write.

        Raises:
            ValueError: The state is corrupt, foreign or of a version that this lehr does not know.
        """
        given, state = state, _current(state)
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
        return cls(position, schedules, factors, *counts)

    def in_the_order_of(self, code: State, groups: dict[tuple[str, Chosen], int]) -> State:
        """The same, with the schedules in the code's order: a mapping has none.

        Args:
            code: The state of the code.
            groups: The number of param groups of each schedule.
        """
        own, theirs = list(self.schedules), list(code.schedules)
        if own == theirs or set(own) != set(theirs) or len(self.group_factors) != sum(groups.values()):
            return self
        factors = iter(self.group_factors)
        of_each = {track: [next(factors) for _ in range(groups[track])] for track in own}
        history = [replace(c, rest=tuple(c.rest[own.index(track)] for track in theirs)) for c in self.history]
        return replace(
            self,
            schedules={track: self.schedules[track] for track in theirs},
            group_factors=[factor for track in theirs for factor in of_each[track]],
            history=history,
        )

    def at_equal_samples(self, samples_per_step: int, keeps_history: bool) -> State:
        """The same, where steps of another size have consumed as many samples; to the nearest step.

        Raises:
            ValueError: It holds changes of the run, whose positions count the old steps.
        """
        if not self.samples_per_step or not samples_per_step or self.samples_per_step == samples_per_step:
            return self
        if self.history and keeps_history:
            raise ValueError(
                f"the checkpoint holds changes of the run at steps of {self.samples_per_step} samples, and the code's "
                f"have {samples_per_step}: say keep='code' to drop them, or use a schedule in samples, whose positions "
                f"stay what they are"
            )
        position = round(self.position * self.samples_per_step / samples_per_step)
        return replace(self, position=position, samples_per_step=samples_per_step)

    def differences(self, code: State) -> list[str]:
        """What the checkpoint (this) and the code say differently, a line for each setting."""
        lines = []
        for track in {**self.schedules, **code.schedules}:
            prefix = (
                ""
                if len(code.schedules) == 1
                else f"{track[0]}{'' if track[1] is None else f' of group {track[1]!r}'}: "
            )
            if track not in self.schedules or track not in code.schedules:
                lines.append(f"{prefix or track[0]}only in the {'checkpoint' if track in self.schedules else 'code'}")
                continue
            rows = spec.differences(self.schedules[track], code.schedules[track], names=("checkpoint", "code"))
            lines += [prefix + row for row in rows]
        if self.unit != code.unit:
            lines.append(f"unit: checkpoint {self.unit!r}, code {code.unit!r}")
        ours, theirs = code.group_factors, self.group_factors
        if len(ours) != len(theirs):
            lines.append(f"param groups: checkpoint {len(theirs)}, code {len(ours)}")
        elif not all(map(math.isclose, ours, theirs)):
            lines.append(f"group factors: checkpoint {theirs}, code {ours}")
        return lines


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


def _packed(data: Any) -> str:
    """JSON, squeezed where it is long: a thousand changes of a run are much alike."""
    text = json.dumps(data, allow_nan=False)
    if len(text) < _PACK_FROM:
        return text
    return _PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _read(key: str, state: dict[str, Any], build: Any) -> Any:
    text = state[key]
    try:
        if not isinstance(text, str):
            raise TypeError(f"it is a {type(text).__name__}")
        if text.startswith(_PACKED):
            squeezed = zlib.decompressobj()
            text = squeezed.decompress(base64.b64decode(text[len(_PACKED) :], validate=True), _LARGEST).decode()
            if squeezed.unconsumed_tail or not squeezed.eof:
                raise ValueError("it is cut short, or larger than any state")
        return build(json.loads(text))
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
