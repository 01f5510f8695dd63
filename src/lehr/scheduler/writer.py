"""The one who writes: a rate into every param group, as the groups are at that moment."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch

Group = dict[str, Any]
GroupScale = str | Sequence[float] | Mapping[str, float]


class Writer:
    """Writes ``rate × factor`` into the ``lr`` of each group of an optimizer.

    Groups are looked up at each write, since wrappers and `load_state_dict` replace them. A tensor
    is filled in place. Nothing else of the optimizer is touched.

    Attributes:
        plain: The groups of the last write if each holds a Python float and gets the rate itself.
        last: What that write left in the last of them.
    """

    def __init__(self, optimizer: Any, group_scale: GroupScale | None) -> None:
        self._optimizer = optimizer
        self._scale = group_scale
        self._top = fastest(optimizer)
        self.plain: list[Group] | None = None
        self.last: Any = None
        self._floats: list[Group] | None = None
        self._factors: list[float] = []
        groups = checked_groups(optimizer)
        self._factors = self._factors_of(groups)
        if group_scale is None:
            self._warn_of_flattening(groups)

    def current_factors(self) -> list[float]:
        """The factor of each group, as the groups are now."""
        groups = self._optimizer.param_groups
        return list(self._factors) if self._as_left(groups) else self._factors_of(checked_groups(self._optimizer))

    def _factors_of(self, groups: list[Group]) -> list[float]:
        """A factor for each group; one that is new gets its own by the rule of the others."""
        known = self._factors[: len(groups)]
        return known + [self._factor(groups[index], index) for index in range(len(known), len(groups))]

    def _factor(self, group: Group, index: int) -> float:
        scale = self._scale
        if scale is None or scale == "same":
            return 1.0
        if scale == "ratio":
            if not self._top > 0:
                raise ValueError(
                    "group_scale='ratio' keeps each group's ratio to the largest starting rate, "
                    "and every group starts at 0; give the factors outright: group_scale=[...]"
                )
            return _rate_of(group) / self._top
        if isinstance(scale, Mapping):
            return _factor(scale.get(group.get("name", index)), f"group {group.get('name', index)!r}")
        if isinstance(scale, str) or not isinstance(scale, Sequence):
            raise ValueError(
                f"group_scale must be 'same', 'ratio', a list of factors or a mapping from group "
                f"name to factor, got {scale!r}"
            )
        return _factor(scale[index] if index < len(scale) else None, f"group {index}")

    def _separate(self, groups: list[Group]) -> None:
        """Give each group a tensor of its own: one that several share would end with one rate."""
        seen: set[int] = set()
        for group in groups:
            rate = group["lr"]
            if isinstance(rate, torch.Tensor):
                if rate.data_ptr() in seen:
                    group["lr"] = rate = rate.detach().clone()
                seen.add(rate.data_ptr())

    def _warn_of_flattening(self, groups: list[Group]) -> None:
        rates = [_rate_of(group) for group in groups]
        if len(set(rates)) > 1:
            shown = ", ".join(f"{rate:g}" for rate in rates[:6]) + (", ..." if len(rates) > 6 else "")
            warnings.warn(
                f"the param groups start at different rates ({shown}) and will all get the same; "
                f"say group_scale='same' if that is meant, or group_scale='ratio' to keep each "
                f"group's ratio to the largest",
                stacklevel=4,
            )

    def write(self, rate: float) -> None:
        """Put ``rate × factor`` into every group, whatever the groups have become."""
        groups = self._optimizer.param_groups
        if self._as_left(groups):
            for group, factor in zip(groups, self._factors, strict=True):
                group["lr"] = self.last = rate * factor
            return
        groups = checked_groups(self._optimizer)
        factors = self._factors_of(groups)
        self._separate(groups)
        for group, factor in zip(groups, factors, strict=True):
            _put(group, rate * factor)
        self._factors, self.last = factors, groups[-1]["lr"]
        floats = all(type(group["lr"]) is float for group in groups)
        self._floats = groups if floats else None
        self.plain = groups if floats and set(factors) == {1.0} else None

    def _as_left(self, groups: list[Group]) -> bool:
        """Whether these are the groups of the last write, all with Python floats."""
        return groups is self._floats and len(groups) == len(self._factors) and groups[-1]["lr"] is self.last

    def load(self, factors: list[float]) -> None:
        """Take over the factors of a checkpoint."""
        self._factors, self.plain, self._floats = list(factors), None, None


def _put(group: Group, rate: float) -> None:
    old = group["lr"]
    if isinstance(old, torch.Tensor):
        with torch.no_grad():
            old.fill_(rate)
    else:
        group["lr"] = rate


def fastest(optimizer: Any) -> float:
    """The highest rate among the groups of an optimizer."""
    return max(map(_rate_of, checked_groups(optimizer)))


def _rate_of(group: Group) -> float:
    return float(group["lr"])


def _factor(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"group_scale needs a finite factor of at least 0 for {where}, got {value!r}")
    return float(value)


def _check_tensor(rate: torch.Tensor, index: int) -> None:
    if not rate.is_floating_point() or rate.numel() != 1 or rate.is_inference():
        raise ValueError(
            f"the rate of param group {index} is a tensor that cannot hold a rate: it needs one "
            f"floating-point element made outside inference mode, got {rate!r}"
        )


def checked_groups(optimizer: Any) -> list[Group]:
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise ValueError(
            f"the optimizer must have `param_groups`, a list of dicts, as every torch optimizer "
            f"has; got {type(optimizer).__name__}"
        )
    if not groups:
        raise ValueError("the optimizer has no param groups: give it parameters first")
    for index, group in enumerate(groups):
        rate = group.get("lr")
        if isinstance(rate, torch.Tensor):
            _check_tensor(rate, index)
        elif isinstance(rate, bool) or not isinstance(rate, int | float) or not math.isfinite(rate):
            raise ValueError(f"param group {index} needs a finite number for 'lr', got {rate!r}")
    return groups
