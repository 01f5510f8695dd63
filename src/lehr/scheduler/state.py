"""What a checkpoint holds of a scheduler, and what is read back from one.

Keys are the same before and after training and values are plain numbers and strings, so the state
loads with ``weights_only=True`` and through torch.distributed.checkpoint.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

from .. import spec
from ..schedules import Schedule

VERSION = 1
KEYS = ("version", "position", "schedule", "group_factors")


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
    """Where a run stands: its position, the schedule it follows, a factor for each group."""

    position: int
    schedule: Schedule
    group_factors: list[float]

    def to_dict(self) -> dict[str, int | str]:
        """Plain numbers and strings, small for any number of groups with few distinct factors."""
        runs = [[factor, len(list(same))] for factor, same in groupby(self.group_factors)]
        return {
            "version": VERSION,
            "position": self.position,
            "schedule": spec.to_json(self.schedule),
            "group_factors": json.dumps(runs),
        }

    @classmethod
    def from_dict(cls, state: Any) -> State:
        """Read a state, refusing all that `to_dict` did not write.

        Raises:
            ValueError: The state is corrupt, foreign or of another version.
        """
        if not isinstance(state, Mapping) or not {"version", "schedule"} <= set(state):
            raise ValueError(_foreign(state))
        if state["version"] != VERSION or isinstance(state["version"], bool):
            raise ValueError(
                f"the state is of version {state['version']!r}, and this lehr reads version {VERSION}; "
                f"load it with the lehr that wrote it"
            )
        if set(state) != set(KEYS):
            raise ValueError(f"a state has the keys {', '.join(KEYS)}; got {', '.join(map(str, state))}")
        position = state["position"]
        if type(position) is not int or position < 0:
            raise ValueError(f"the state's `position` must be a whole number of at least 0, got {position!r}")
        try:
            schedule = spec.from_json(state["schedule"])
        except ValueError as error:
            raise ValueError(f"the state's `schedule` is corrupt: {error}") from None
        return cls(position, schedule, _factors(state["group_factors"]))

    def differences(self, code: State) -> list[str]:
        """What the checkpoint (this) and the code say differently, a line for each setting."""
        lines = spec.differences(self.schedule, code.schedule, names=("checkpoint", "code"))
        ours, theirs = code.group_factors, self.group_factors
        if len(ours) != len(theirs):
            lines.append(f"param groups: checkpoint {len(theirs)}, code {len(ours)}")
        elif not all(map(math.isclose, ours, theirs)):
            lines.append(f"group factors: checkpoint {theirs}, code {ours}")
        return lines


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
