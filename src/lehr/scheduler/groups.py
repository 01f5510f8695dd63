"""The param groups of optimizers, as they are at the moment they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Group = dict[str, Any]
Chosen = int | str | None
"""The index or the name of one group, or None for all."""


def all_groups(optimizers: Sequence[Any]) -> list[Group]:
    """The param groups of some optimizers, one after the other.

    Raises:
        ValueError: One has no `param_groups`, or an empty list of them.
    """
    found: list[Group] = []
    for optimizer in optimizers:
        groups = getattr(optimizer, "param_groups", None)
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise ValueError(
                f"the optimizer must have `param_groups`, a list of dicts, as every torch optimizer "
                f"has; got {type(optimizer).__name__}"
            )
        if not groups:
            raise ValueError("the optimizer has no param groups: give it parameters first")
        found += groups
    if any(group.get("lr", 0) is None or "lr" not in group for group in found):
        index = next(i for i, group in enumerate(found) if group.get("lr") is None)
        raise ValueError(f"param group {index} needs a finite number for 'lr', got None")
    return found


def chosen_groups(optimizers: Sequence[Any], chosen: Chosen) -> list[Group]:
    """Those of them that have this index or name."""
    groups = all_groups(optimizers)
    if chosen is None:
        return groups
    return [group for index, group in enumerate(groups) if chosen in (index, group.get("name"))]
