"""``group_scale``: the rule by which each param group gets a factor of what the schedule says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ..schedules import checks
from ..warn import warn
from .groups import Group, Hyperparameter, holds, listed

GroupScale = str | Sequence[float] | Mapping[int | str, float]


class Scaling:
    """The rule, and the starting values on which it rests.

    Without a rule every group gets the same value, and a warning says so where the groups started at different ones.

    Attributes:
        factors_unknown: Whether the ratios are unknown: the run was resumed where the rate is 0, and no checkpoint
            has given them yet.
    """

    def __init__(self, scale: GroupScale | None, hyperparameter: Hyperparameter, groups: list[Group]) -> None:
        self._scale, self._hyperparameter = scale, hyperparameter
        self.factors_unknown = False
        self._warned_of_late = False
        values = [hyperparameter.number(group) for group in groups]
        self._top = max(values, default=0.0)
        self._check(groups)
        if scale is None and len(set(values)) > 1:
            self._warn_of_flattening(values)

    def factors(self, groups: list[Group], known: list[float | None], written: float | None) -> list[float]:
        """A factor for each group.

        Args:
            groups: The groups as they are now.
            known: The factor of each; None for a group that is new.
            written: The value that was written last, before factors; None before the first write.

        Raises:
            ValueError: The rule has no factor for a group, or none that is a number of at least 0.
        """
        new = [group for group, factor in zip(groups, known, strict=True) if factor is None]
        are_late = len(new) < len(groups)
        if are_late and self._scale is None and written is not None:
            self._warn_of_late(new, written)
        factors = []
        for index, (group, factor) in enumerate(zip(groups, known, strict=True)):
            if factor is None and are_late:
                factor = self._shared(group, groups, known)
            factors.append(self._factor(group, index, written) if factor is None else factor)
        return factors

    def unmatched(self, groups: list[Group]) -> list[int | str]:
        """The names in the rule that no group has, or has yet."""
        if not isinstance(self._scale, Mapping):
            return []
        names = {group.get("name", index) for index, group in enumerate(groups)}
        return [name for name in self._scale if name not in names]

    def _check(self, groups: list[Group]) -> None:
        """Refuse a rule that fits no groups.

        Raises:
            ValueError: It is no rule, has more factors than there are groups, or names that are misspelt.
        """
        scale = self._scale
        if scale is None or scale in ("same", "ratio"):
            return
        if isinstance(scale, str) or not isinstance(scale, Sequence | Mapping):
            raise ValueError(
                f"group_scale must be 'same', 'ratio', a list of factors or a mapping from group name to factor, "
                f"got {checks.shown(scale)}"
            )
        if isinstance(scale, Sequence) and len(scale) > len(groups):
            raise ValueError(f"group_scale has {len(scale)} factors, and the optimizer {len(groups)} param groups")
        names = [str(group["name"]) for group in groups if "name" in group]
        for name in self.unmatched(groups):
            if isinstance(name, str) and not names:
                raise ValueError(
                    f"group_scale names the group {name!r}, and the param groups have no names: give each a "
                    f"'name', {{'params': ..., 'name': {name!r}}}, or a list of factors, group_scale=[...]"
                )
            free = [taken for taken in names if taken not in scale]
            if isinstance(name, str) and (hint := checks.suggestion(name, free)):
                raise ValueError(f"group_scale: unknown param group {name!r}; {hint}Available: {listed(groups)}")

    def _shared(self, group: Group, groups: list[Group], known: list[float | None]) -> float | None:
        """The factor of a known group with the very same tensor: torch's default for a group without a rate."""
        held = self._hyperparameter.read(group)
        if not isinstance(held, torch.Tensor):
            return None
        same = (factor for other, factor in zip(groups, known, strict=True) if self._hyperparameter.read(other) is held)
        return next((factor for factor in same if factor is not None), None)

    def _factor(self, group: Group, index: int, written: float | None) -> float:
        scale = self._scale
        if scale is None or scale == "same":
            return 1.0
        if scale == "ratio":
            return self._ratio(group, written)
        name = group.get("name", index)
        if isinstance(scale, Mapping):
            return _checked(scale.get(name), name)
        return _checked(scale[index] if index < len(scale) else None, name)

    def _ratio(self, group: Group, written: float | None) -> float:
        if self._top > 0:
            return self._hyperparameter.number(group) / self._top
        if written is None:
            self.factors_unknown = True
            return 1.0
        raise ValueError(
            "group_scale='ratio' keeps each group's ratio to the largest starting rate, and every group starts at 0; "
            "give the factors: group_scale=[...]"
        )

    def _warn_of_flattening(self, values: list[float]) -> None:
        shown = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if len(values) > 6 else "")
        warn(
            f"the param groups start at different {self._hyperparameter.key} ({shown}) and will all get the same; "
            f"say group_scale='same' if that is meant, or group_scale='ratio' to keep each group's ratio to the largest"
        )

    def _warn_of_late(self, late: list[Group], written: float) -> None:
        if self._warned_of_late:
            return
        different = next((group for group in late if not holds(self._hyperparameter.read(group), written)), None)
        if different is None:
            return
        self._warned_of_late = True
        key, value = self._hyperparameter.key, self._hyperparameter.number(different)
        warn(
            f"a param group was added with {key} {value:g} and gets {written:g} like the others; say "
            f"group_scale='same' if that is meant, or group_scale='ratio' to keep its ratio"
        )


def _checked(factor: object, name: int | str) -> float:
    if factor is None:
        raise ValueError(f"group_scale has no factor for group {name!r}: give it one, or say group_scale='ratio'")
    return checks.number(f"the factor of group {name!r}", factor, owner="group_scale")
