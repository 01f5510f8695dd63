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
    """

    def __init__(self, optimizer: Any, group_scale: GroupScale | None) -> None:
        self._optimizer = optimizer
        self._scale = group_scale
        groups = _checked_groups(optimizer)
        self.top = max(_rate_of(group) for group in groups)
        self.factors: list[float] = []
        self._adopt(groups)
        self._plan(groups)
        if group_scale is None:
            self._warn_of_flattening(groups)

    def _adopt(self, groups: list[Group]) -> None:
        """A factor for each group that has none yet, by the rule the others got theirs."""
        known = len(self.factors)
        self.factors = [*self.factors[: len(groups)], *map(self._factor, groups[known:], range(known, len(groups)))]

    def _factor(self, group: Group, index: int) -> float:
        scale = self._scale
        if scale is None or scale == "same":
            return 1.0
        if scale == "ratio":
            if not self.top > 0:
                raise ValueError(
                    "group_scale='ratio' keeps each group's ratio to the largest starting rate, "
                    "and every group starts at 0; give the factors outright: group_scale=[...]"
                )
            return _rate_of(group) / self.top
        if isinstance(scale, Mapping):
            return _factor(scale.get(group.get("name", index)), f"group {group.get('name', index)!r}")
        if isinstance(scale, str) or not isinstance(scale, Sequence):
            raise ValueError(
                f"group_scale must be 'same', 'ratio', a list of factors or a mapping from group "
                f"name to factor, got {scale!r}"
            )
        return _factor(scale[index] if index < len(scale) else None, f"group {index}")

    def _plan(self, groups: list[Group]) -> None:
        """Look at every group once, so that a write need not."""
        seen: set[int] = set()
        tensors = False
        for index, group in enumerate(groups):
            rate = group["lr"]
            if isinstance(rate, torch.Tensor):
                tensors = True
                _check_tensor(rate, index)
                if rate.data_ptr() in seen:  # one tensor for several groups would end with one rate
                    group["lr"] = rate.detach().clone()
                seen.add(group["lr"].data_ptr())
        self._groups, self._count, self._turn = groups, len(groups), 0
        self._uniform = not tensors and all(factor == 1.0 for factor in self.factors)
        self._last = groups[0]["lr"]

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
        """Put ``rate × factor`` into every group."""
        groups = self._optimizer.param_groups
        # The list, its length and one group in turn are compared with what the last write left: a
        # look at all 512 groups of a large optimizer would cost as much again as the write itself.
        if groups is not self._groups or len(groups) != self._count or groups[self._turn]["lr"] is not self._last:
            self._adopt(_checked_groups(self._optimizer))
            self._plan(groups)
        if self._uniform:
            for group in groups:
                group["lr"] = rate
            self._last = rate
            self._turn = (self._turn + 1) % self._count
        else:
            for group, factor in zip(groups, self.factors, strict=True):
                _put(group, rate * factor)
            self._last = groups[0]["lr"]

    def load(self, factors: list[float]) -> None:
        """Take over the factors of a checkpoint."""
        self.factors = list(factors)
        self._plan(self._optimizer.param_groups)


def _put(group: Group, rate: float) -> None:
    old = group["lr"]
    if isinstance(old, torch.Tensor):
        with torch.no_grad():
            old.fill_(rate)
    else:
        group["lr"] = rate


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


def _checked_groups(optimizer: Any) -> list[Group]:
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
