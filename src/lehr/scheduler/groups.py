"""The present param groups of one or more optimizers, and the hyperparameters in them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from ..control.acts import GroupKey
from ..schedules import checks

Group = dict[str, Any]


class Optimizer(Protocol):
    """Anything with param groups: a torch optimizer, or what wraps one."""

    @property
    def param_groups(self) -> list[Group]: ...


def all_groups(optimizers: Sequence[Optimizer]) -> list[Group]:
    """The param groups of all optimizers, one after the other.

    Raises:
        ValueError: An optimizer has no `param_groups`, or an empty list of them, or a group without a rate.
    """
    found: list[Group] = []
    for optimizer in optimizers:
        groups = getattr(optimizer, "param_groups", None)
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise ValueError(
                f"the optimizer must have `param_groups`, a list of dicts, as every torch optimizer has; "
                f"got {type(optimizer).__name__}"
            )
        if not groups:
            raise ValueError("the optimizer has no param groups: give it parameters first")
        found += groups
    for index, group in enumerate(found):
        if group.get("lr") is None:
            raise ValueError(f"param group {index} needs a finite number for 'lr', got None")
    return found


def groups_of(optimizers: Sequence[Optimizer], chosen: GroupKey) -> list[Group]:
    """All groups, or those with this index or name. What they hold is not checked."""
    if len(optimizers) == 1 and chosen is None:
        return optimizers[0].param_groups
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    if chosen is None:
        return groups
    return [group for index, group in enumerate(groups) if chosen in (index, group.get("name"))]


def listed(groups: Sequence[Group]) -> str:
    """The names of groups for a message; the index of one without a name."""
    return ", ".join(repr(group.get("name", index)) for index, group in enumerate(groups))


_KEY = re.compile(r"(\w+)(?:\[(\d+)\])?")


class Hyperparameter:
    """What param groups hold under a key such as ``lr`` or ``betas[0]``: a float, a tensor, or one of a pair.

    Raises:
        ValueError: The key is no name of a hyperparameter.
    """

    def __init__(self, key: str) -> None:
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"a hyperparameter has a name such as 'lr', 'weight_decay' or 'betas[0]', got {key!r}")
        self.key, self.name = key, match[1]
        self._index = int(match[2]) if match[2] else None

    def read(self, group: Group, label: int | str = 0) -> Any:
        """What a group holds.

        Args:
            group: The group.
            label: Its index or name, for the message.

        Raises:
            ValueError: The group holds nothing under the key.
        """
        if self.name not in group:
            has = ", ".join(key for key in group if key != "params")
            raise ValueError(f"param group {label!r} has no {self.name!r}; it has {has}")
        held = group[self.name]
        if self._index is None:
            return held
        if not isinstance(held, tuple | list) or self._index >= len(held):
            raise ValueError(f"param group {label!r} has no {self.key!r}: its {self.name!r} is {checks.shown(held)}")
        return held[self._index]

    def number(self, group: Group) -> float:
        """What a group holds, as a float."""
        return number(self.read(group))

    def check(self, group: Group, label: int | str) -> None:
        """Refuse a group that cannot be written to.

        Raises:
            ValueError: The group holds no finite number, nor a tensor that a number can be written into.
        """
        held = self.read(group, label)
        if isinstance(held, torch.Tensor):
            if not held.is_floating_point() or held.numel() != 1 or held.is_inference():
                raise ValueError(
                    f"{self.key!r} of param group {label!r} is a tensor that cannot hold a rate: it needs one "
                    f"floating-point element and must be made outside inference mode, got {held!r}"
                )
        elif isinstance(held, bool) or not isinstance(held, int | float) or not math.isfinite(held):
            raise ValueError(f"param group {label!r} needs a finite number for {self.key!r}, got {checks.shown(held)}")

    def put(self, group: Group, value: float) -> None:
        """Write a value. A tensor is filled in place and stays the same object."""
        held = group[self.name]
        if self._index is not None:
            inner = list(held)
            inner[self._index] = _filled(inner[self._index], value)
            group[self.name] = type(held)(inner)
        else:
            group[self.name] = _filled(held, value)

    def separate(self, groups: Sequence[Group]) -> None:
        """Give each group a tensor of its own: groups that share one would all end with the last value."""
        seen: set[int] = set()
        for group in groups:
            held = group[self.name]
            if isinstance(held, torch.Tensor):
                if held.data_ptr() in seen:
                    group[self.name] = held = held.detach().clone()
                seen.add(held.data_ptr())


def _filled(held: object, value: float) -> object:
    if not isinstance(held, torch.Tensor):
        return value
    with torch.no_grad():
        return held.fill_(value)


def largest(held: object) -> float:
    """The largest number that can take the place of a value: a tensor keeps its type, torch takes others as float32."""
    return torch.finfo(held.dtype if isinstance(held, torch.Tensor) else torch.float32).max


def number(held: Any) -> float:
    """A number, or a tensor of one element, as a float."""
    return float(held.item() if isinstance(held, torch.Tensor) else held)


def holds(held: Any, value: float) -> bool:
    """Whether writing ``value`` leaves ``held``: a tensor rounds it to its own precision."""
    if isinstance(held, torch.Tensor):
        return bool(held.item() == torch.tensor(value, dtype=held.dtype).item())
    return float(held) == value
