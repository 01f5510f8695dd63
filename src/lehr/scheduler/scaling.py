"""``group_scale``: the rule by which each param group gets the factor of what is written into it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .groups import Group
from .hyperparameter import Hyperparameter, holds
from .warn import warn

GroupScale = str | Sequence[float] | Mapping[Any, float]


class Scaling:
    """The rule, and the starting values that it goes by.

    Without one every group gets the same, and where that makes groups alike that were not, a warning says so.

    Attributes:
        undecided: Whether the ratios are not known: the run was resumed where the rate is 0, and no
            checkpoint has said them yet.
    """

    def __init__(self, scale: GroupScale | None, of: Hyperparameter, groups: list[Group]) -> None:
        self._scale, self._of = scale, of
        self.undecided = False
        self._warned_of_late = False
        values = [of.number(group) for group in groups]
        self._top = max(values, default=0.0)
        if scale is None and len(set(values)) > 1:
            self._warn_of_flattening(values)

    def factors(self, groups: list[Group], known: list[float], written: float | None) -> list[float]:
        """A factor for each group.

        Args:
            groups: The groups as they are now.
            known: The factors of the first of them; the others are late, or all are new.
            written: What was written last, times the factor of each; None before the first time.

        Raises:
            ValueError: The rule has no factor for a group, or none that is a number of at least 0.
        """
        factors = known[: len(groups)]
        if factors and self._scale is None and written is not None:
            self._warn_of_late(groups[len(factors) :], written)
        for index in range(len(factors), len(groups)):
            shared = self._shared(groups, index, factors) if known else None
            factors.append(self._factor(groups[index], index, written) if shared is None else shared)
        return factors

    def _shared(self, groups: list[Group], index: int, factors: list[float]) -> float | None:
        """The factor of an earlier group with the very same tensor: one added without a rate gets the default."""
        held = self._of.read(groups[index])
        if not isinstance(held, torch.Tensor):
            return None
        return next((factors[i] for i in range(index) if self._of.read(groups[i]) is held), None)

    def _factor(self, group: Group, index: int, written: float | None) -> float:
        scale = self._scale
        if scale is None or scale == "same":
            return 1.0
        if scale == "ratio":
            return self._ratio(group, written)
        if isinstance(scale, Mapping):
            name = group.get("name", index)
            return _checked(scale.get(name), f"group {name!r}")
        if isinstance(scale, str) or not isinstance(scale, Sequence):
            raise ValueError(
                f"group_scale must be 'same', 'ratio', a list of factors or a mapping from group "
                f"name to factor, got {scale!r}"
            )
        return _checked(scale[index] if index < len(scale) else None, f"group {index}")

    def _ratio(self, group: Group, written: float | None) -> float:
        if self._top > 0:
            return self._of.number(group) / self._top
        if written is None:
            self.undecided = True
            return 1.0
        raise ValueError(
            "group_scale='ratio' keeps each group's ratio to the largest starting rate, "
            "and every group starts at 0; give the factors outright: group_scale=[...]"
        )

    def _warn_of_flattening(self, values: list[float]) -> None:
        shown = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if len(values) > 6 else "")
        warn(
            f"the param groups start at different {self._of.key} ({shown}) and will all get the same; "
            f"say group_scale='same' if that is meant, or group_scale='ratio' to keep each "
            f"group's ratio to the largest"
        )

    def _warn_of_late(self, late: list[Group], written: float) -> None:
        if self._warned_of_late:
            return
        other = next((group for group in late if not holds(self._of.read(group), written)), None)
        if other is None:
            return
        self._warned_of_late = True
        warn(
            f"a param group was added with {self._of.key} {self._of.number(other):g} and gets {written:g} as the "
            f"others; say group_scale='same' if that is meant, or group_scale='ratio' to keep its ratio"
        )


def _checked(factor: Any, where: str) -> float:
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 <= factor < math.inf:
        raise ValueError(f"group_scale needs a finite factor of at least 0 for {where}, got {factor!r}")
    return float(factor)
