"""The one who writes: a value into one hyperparameter of param groups, as the groups are at that moment."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from .warn import warn

Group = dict[str, Any]
GroupScale = str | Sequence[float] | Mapping[Any, float]
Chosen = int | str | None
"""The index or the name of one group, or None for all."""

FEW = 8
"""Groups up to which each is looked at before a write; of more, the last one."""

_KEY = re.compile(r"(\w+)(?:\[(\d+)\])?")


class Writer:
    """Writes ``value × factor`` into one hyperparameter of the groups of one or more optimizers.

    Groups are looked up at each write, since wrappers and `load_state_dict` replace them. A tensor
    is filled in place. Nothing else of the optimizers is touched.

    Attributes:
        plain: The groups of the last write if each is a dict that holds a Python float under the
            key "lr" and gets the value itself.
        last: What that write left in the last of them.
    """

    def __init__(self, optimizers: Sequence[Any], key: str, chosen: Chosen, scale: GroupScale | None) -> None:
        self._optimizers, self._chosen, self._scale = optimizers, chosen, scale
        self.key = key
        self._name, self._index = parse_key(key)
        self.plain: list[Group] | None = None
        self.last: Any = None
        self._floats: list[Group] | None = None
        self._value_written: float | None = None
        self._held: list[Any] = []
        self._factors: list[float] = []
        self.undecided = False
        self._warned_of_foreign = self._warned_of_late = False
        groups = self.groups()
        self._top = max((self._value(group) for group in groups), default=0.0)
        self._factors = self._factors_of(groups, [])
        if scale is None:
            self._warn_of_flattening(groups)

    # Groups and their factors.

    def groups(self) -> list[Group]:
        """The groups it writes to, as they are now."""
        groups = all_groups(self._optimizers)
        if self._chosen is not None:
            groups = [group for i, group in enumerate(groups) if self._chosen in (i, group.get("name"))]
        for index, group in enumerate(groups):
            _check_value(self._read(group, index), self.key, index)
        return groups

    def current_factors(self) -> list[float]:
        """The factor of each group, as the groups are now."""
        return list(self._factors) if self.is_as_left() else self._factors_of(self.groups(), self._factors)

    def _factors_of(self, groups: list[Group], known: list[float]) -> list[float]:
        """A factor for each group; one that is new gets its own by the rule of the others."""
        factors = known[: len(groups)]
        late = groups[len(factors) :]
        if late and factors and self._scale is None and self._value_written is not None:
            self._warn_of_late(late)
        for index in range(len(factors), len(groups)):
            factors.append((known and self._shared(groups, index, factors)) or self._factor(groups[index], index))
        return factors

    def _shared(self, groups: list[Group], index: int, factors: list[float]) -> float | None:
        """The factor of an earlier group with the very same tensor: one added without a rate gets the default."""
        held = self._read(groups[index], index)
        if not isinstance(held, torch.Tensor):
            return None
        same = [i for i in range(index) if self._read(groups[i], i) is held]
        return factors[same[0]] if same else None

    def _warn_of_late(self, late: list[Group]) -> None:
        value = self.last if self.plain is not None else self._value_written
        for group in late:
            if not _same(self._read(group, 0), value or 0.0) and not self._warned_of_late:
                self._warned_of_late = True
                warn(
                    f"a param group was added with {self.key} {self._value(group):g} and gets {value:g} as the others; "
                    f"say group_scale='same' if that is meant, or group_scale='ratio' to keep its ratio"
                )

    def _factor(self, group: Group, index: int) -> float:
        scale = self._scale
        if scale is None or scale == "same":
            return 1.0
        if scale == "ratio":
            if not self._top > 0 and self._value_written is None:
                self.undecided = True  # resumed where the rate is 0: a checkpoint may still say the factors
                return 1.0
            if not self._top > 0:
                raise ValueError(
                    "group_scale='ratio' keeps each group's ratio to the largest starting rate, "
                    "and every group starts at 0; give the factors outright: group_scale=[...]"
                )
            return self._value(group) / self._top
        if isinstance(scale, Mapping):
            return _factor(scale.get(group.get("name", index)), f"group {group.get('name', index)!r}")
        if isinstance(scale, str) or not isinstance(scale, Sequence):
            raise ValueError(
                f"group_scale must be 'same', 'ratio', a list of factors or a mapping from group "
                f"name to factor, got {scale!r}"
            )
        return _factor(scale[index] if index < len(scale) else None, f"group {index}")

    def _warn_of_flattening(self, groups: list[Group]) -> None:
        values = [self._value(group) for group in groups]
        if len(set(values)) > 1:
            shown = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if len(values) > 6 else "")
            warn(
                f"the param groups start at different {self.key} ({shown}) and will all get the same; "
                f"say group_scale='same' if that is meant, or group_scale='ratio' to keep each "
                f"group's ratio to the largest"
            )

    # Values.

    def _read(self, group: Group, index: int) -> Any:
        if self._name not in group:
            raise ValueError(
                f"param group {index} has no {self._name!r}; it has {', '.join(k for k in group if k != 'params')}"
            )
        held = group[self._name]
        if self._index is None:
            return held
        if not isinstance(held, tuple | list) or self._index >= len(held):
            raise ValueError(f"param group {index} has no {self.key!r}: its {self._name!r} is {held!r}")
        return held[self._index]

    def _value(self, group: Group) -> float:
        return _number(self._read(group, 0))

    def _put(self, group: Group, value: float) -> None:
        old = self._read(group, 0)
        if isinstance(old, torch.Tensor):
            with torch.no_grad():
                old.fill_(value)
        elif self._index is None:
            group[self._name] = value
        else:
            held = list(group[self._name])
            held[self._index] = value
            group[self._name] = type(group[self._name])(held)

    def _separate(self, groups: list[Group]) -> None:
        """Give each group a tensor of its own: one that several share would end with one value."""
        seen: set[int] = set()
        for group in groups:
            held = self._read(group, 0)
            if isinstance(held, torch.Tensor):
                if held.data_ptr() in seen and self._index is None:
                    group[self._name] = held = held.detach().clone()
                seen.add(held.data_ptr())

    # Writing.

    def write(self, value: float) -> None:
        """Put ``value × factor`` into every group, whatever the groups have become."""
        if self.is_as_left():
            groups = self._floats or []
            for group, factor in zip(groups, self._factors, strict=True):
                group["lr"] = self.last = value * factor
            self._value_written, self._held = value, [group["lr"] for group in groups[:FEW]]
            return
        groups = self.groups()
        refuse = self.undecided and self._value_written is not None  # nobody has said them
        factors = self._factors_of(groups, [] if refuse else self._factors)
        self._warn_of_foreign(groups)
        self._separate(groups)
        for group, factor in zip(groups, factors, strict=True):
            self._put(group, value * factor)
        self._factors, self._value_written = factors, value
        self._remember(groups)

    def is_as_left(self) -> bool:
        """Whether the groups are those of the last write, with Python floats for rates, as it left them."""
        if self._floats is None:
            return False
        groups = self._optimizers[0].param_groups
        if groups is not self._floats or len(groups) != len(self._factors) or groups[-1]["lr"] is not self.last:
            return False
        return len(groups) > FEW or all(group["lr"] is held for group, held in zip(groups, self._held, strict=False))

    def _remember(self, groups: list[Group]) -> None:
        """See whether the next write may be a quick one, or even the one that `Scheduler.step` does itself."""
        simple = not self.undecided and self.key == "lr" and self._chosen is None and len(self._optimizers) == 1
        floats = simple and all(type(group["lr"]) is float for group in groups)
        self._floats = self._optimizers[0].param_groups if floats else None
        self._held = [group["lr"] for group in groups[:FEW]] if floats else []
        alike = set(self._factors) == {1.0} and not 1 < len(groups) <= FEW
        self.plain = self._floats if alike else None
        self.last = groups[-1]["lr"] if floats else None

    def _warn_of_foreign(self, groups: list[Group]) -> None:
        if self._value_written is None or self._warned_of_foreign:
            return
        # The quick write of a step leaves its value in the group alone.
        value = self.last if self.plain is not None else self._value_written
        for index, (group, factor) in enumerate(zip(groups, self._factors, strict=False)):
            held, ours = self._read(group, 0), value * factor
            if isinstance(held, torch.Tensor) and held.device.type != "cpu":
                continue  # reading it would wait for the device at every step
            if not _same(held, ours):
                self._warned_of_foreign = True
                warn(
                    f"{self.key} of param group {index} was changed by somebody else, from {ours:g} to "
                    f"{_number(held):g}; the schedule's is written again. To go on from there use "
                    f"scheduler.rebase({_number(held):g})"
                )
                return

    def expected(self, value: float) -> list[float]:
        """What each group should hold under ``value``."""
        return [value * factor for factor in self.current_factors()]

    def wrong(self, value: float, optimizers: Sequence[Any]) -> Iterator[str]:
        """What the groups of ``optimizers`` hold against `expected`, a line for each difference."""
        groups = all_groups(optimizers)
        if self._chosen is not None:
            groups = [group for i, group in enumerate(groups) if self._chosen in (i, group.get("name"))]
        expected = self.expected(value)
        if len(groups) != len(expected):
            yield f"it has {len(groups)} param groups and the schedule is for {len(expected)}"
        for index, (group, ours) in enumerate(zip(groups, expected, strict=False)):
            held = self._read(group, index)
            if not _same(held, ours):
                yield f"{self.key} of param group {index} is {_number(held)!r} and should be {ours!r}"

    def forget(self) -> None:
        """Take what the groups hold now for written: an optimizer's state was loaded."""
        self._value_written = self.plain = self._floats = self.last = None

    def load(self, factors: list[float]) -> None:
        """Take over the factors of a checkpoint."""
        self._factors, self.undecided = list(factors), False
        self.forget()


def parse_key(key: str) -> tuple[str, int | None]:
    """``"betas[0]"`` -> ``("betas", 0)``.

    Raises:
        ValueError: It is no name of a hyperparameter.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"a hyperparameter is named like 'lr', 'weight_decay' or 'betas[0]', got {key!r}")
    return match[1], int(match[2]) if match[2] else None


def _same(held: Any, ours: float) -> bool:
    if isinstance(held, torch.Tensor):
        return bool(held.item() == torch.tensor(ours, dtype=held.dtype).item())
    return float(held) == ours


def fastest(optimizers: Sequence[Any], key: str = "lr") -> float:
    """The highest value among the groups of some optimizers."""
    name, index = parse_key(key)
    read: Callable[[Group], Any] = (lambda g: g[name]) if index is None else (lambda g: g[name][index])
    return max(_number(read(group)) for group in all_groups(optimizers))


def _number(value: Any) -> float:
    return float(value.item() if isinstance(value, torch.Tensor) else value)


def _factor(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"group_scale needs a finite factor of at least 0 for {where}, got {value!r}")
    return float(value)


def _check_value(value: Any, key: str, index: int) -> None:
    if isinstance(value, torch.Tensor):
        if not value.is_floating_point() or value.numel() != 1 or value.is_inference():
            raise ValueError(
                f"{key!r} of param group {index} is a tensor that cannot hold a rate: it needs one "
                f"floating-point element made outside inference mode, got {value!r}"
            )
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"param group {index} needs a finite number for {key!r}, got {value!r}")


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
