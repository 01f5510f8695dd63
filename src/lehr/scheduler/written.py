"""What a write left in the param groups, for the next one to see whether it still stands."""

from __future__ import annotations

import torch

from .groups import Group, Optimizer

FEW = 8
"""Groups up to which each is looked at before a write; of more, the first and the last."""


class Written:
    """What the last write left, for the next to see whether it still stands.

    Attributes:
        groups: The list of param groups if each holds the very object `last` as its rate; else None.
        count: The number of groups at that time.
        few: The same if they are few, and each is looked at before the next write; else -1.
        last: The value that was written.
        top: The largest rate that was written.
        into: The list of param groups of the first optimizer at that time; loading a state replaces it.
        start: The rate of the fastest group before the first write of any Scheduler.
    """

    __slots__ = ("count", "few", "groups", "into", "last", "start", "top")

    def __init__(self, start: float) -> None:
        self.groups: list[Group] | None = None
        self.count = self.few = 0
        self.last: float | None = None
        self.top = self.start = start
        self.into: list[Group] | None = None

    def stands(self) -> bool:
        """Whether `groups` still holds what was written; of many groups the first and the last are looked at."""
        groups, last = self.groups or [], self.last
        if len(groups) != self.count:
            return False
        return all(group["lr"] is last for group in (groups if self.few > 0 else (groups[0], groups[-1])))


class Part:
    """The groups of one of several optimizers, by their index among all that a writer writes to."""

    __slots__ = ("_count", "_list", "groups")

    def __init__(self, groups: list[Group], slots: dict[int, int]) -> None:
        self._list, self._count = groups, len(groups)
        self.groups = {slots[id(group)]: group for group in groups if id(group) in slots}

    def is_of(self, optimizer: Optimizer) -> bool:
        """Whether the optimizer still has the same list of as many groups."""
        return self._list is optimizer.param_groups and len(self._list) == self._count


class Held:
    """A value in a group as a write left it. A tensor counts the writes into it, so it need not be read."""

    __slots__ = ("_value", "_version")

    def __init__(self, value: object) -> None:
        self._value = value
        self._version = value._version if isinstance(value, torch.Tensor) else None

    def is_still(self, value: object) -> bool:
        """Whether a group that holds ``value`` still holds what was written."""
        if isinstance(value, torch.Tensor):
            return value is self._value and value._version == self._version
        return value is self._value or (self._version is None and value == self._value)
