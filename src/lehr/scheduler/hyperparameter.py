"""One number of a param group, however it is held: as a float, in a tensor, or inside a pair such as ``betas``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import torch

from .groups import Group

_KEY = re.compile(r"(\w+)(?:\[(\d+)\])?")


class Hyperparameter:
    """What param groups hold under a key such as ``lr`` or ``betas[0]``.

    Raises:
        ValueError: The key is no name of a hyperparameter.
    """

    def __init__(self, key: str) -> None:
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"a hyperparameter is named like 'lr', 'weight_decay' or 'betas[0]', got {key!r}")
        self.key, self._name = key, match[1]
        self._index = int(match[2]) if match[2] else None

    def read(self, group: Group, name: int | str = 0) -> Any:
        """What a group holds.

        Args:
            group: The group.
            name: Its index or name, for the message.

        Raises:
            ValueError: It holds nothing under the key.
        """
        if self._name not in group:
            has = ", ".join(key for key in group if key != "params")
            raise ValueError(f"param group {name!r} has no {self._name!r}; it has {has}")
        held = group[self._name]
        if self._index is None:
            return held
        if not isinstance(held, tuple | list) or self._index >= len(held):
            raise ValueError(f"param group {name!r} has no {self.key!r}: its {self._name!r} is {held!r}")
        return held[self._index]

    def number(self, group: Group) -> float:
        """What a group holds, as a float."""
        return number(self.read(group))

    def check(self, group: Group, name: int | str) -> None:
        """Refuse what cannot be written to.

        Raises:
            ValueError: The group holds no finite number, nor a tensor that a number can be put into.
        """
        held = self.read(group, name)
        if isinstance(held, torch.Tensor):
            if not held.is_floating_point() or held.numel() != 1 or held.is_inference():
                raise ValueError(
                    f"{self.key!r} of param group {name!r} is a tensor that cannot hold a rate: it needs one "
                    f"floating-point element made outside inference mode, got {held!r}"
                )
        elif isinstance(held, bool) or not isinstance(held, int | float) or not math.isfinite(held):
            raise ValueError(f"param group {name!r} needs a finite number for {self.key!r}, got {held!r}")

    def put(self, group: Group, value: float) -> None:
        """Write a value: a tensor is filled in place, and stays the one that it is."""
        old = self.read(group)
        if isinstance(old, torch.Tensor):
            with torch.no_grad():
                old.fill_(value)
        elif self._index is None:
            group[self._name] = value
        else:
            held = list(group[self._name])
            held[self._index] = value
            group[self._name] = type(group[self._name])(held)

    def separate(self, groups: Iterable[Group]) -> None:
        """Give each group a tensor of its own: one that several share would end with one value."""
        seen: set[int] = set()
        for group in groups:
            held = self.read(group)
            if isinstance(held, torch.Tensor):
                if held.data_ptr() in seen and self._index is None:
                    group[self._name] = held = held.detach().clone()
                seen.add(held.data_ptr())


def number(held: Any) -> float:
    """A number or a tensor of one element, as a float."""
    return float(held.item() if isinstance(held, torch.Tensor) else held)


def holds(held: Any, value: float) -> bool:
    """Whether that is what writing a value leaves: a tensor rounds it to its own precision."""
    if isinstance(held, torch.Tensor):
        return bool(held.item() == torch.tensor(value, dtype=held.dtype).item())
    return float(held) == value
