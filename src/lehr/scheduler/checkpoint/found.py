"""The plan in a checkpoint of a whole run, without the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..plan import Plan
from .fields import from_dict

_MOST_DEEP = 4
_SIGNS = {"version", "schedule", "group_factors"}


def plan_in(checkpoint: object, *, name: str) -> Plan:
    """The schedules and the changes of the one Scheduler whose state is in a checkpoint.

    Args:
        checkpoint: What torch loaded.
        name: Its name, for errors.

    Raises:
        ValueError: It holds no state of a lehr.Scheduler, or several, or one that is corrupt.
    """
    states = list(_states(checkpoint, 0))
    if len(states) != 1:
        found = "no state" if not states else f"{len(states)} states"
        raise ValueError(
            f"{name} has {found} of a lehr.Scheduler, and one is needed: save scheduler.state_dict() in it"
        )
    return from_dict(states[0], {}).plan


def _states(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping) and set(value) >= _SIGNS:
        yield value
    elif depth < _MOST_DEEP:
        inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
        for inner in inside:
            yield from _states(inner, depth + 1)
