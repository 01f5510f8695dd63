"""Writes one hyperparameter of param groups, as the groups are at that moment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ..control.acts import GroupKey
from ..warn import warn
from .group_scale import GroupScale, Scaling
from .groups import Group, Hyperparameter, Optimizer, all_groups, groups_of, holds, largest, number
from .written import FEW, Held, Part, Written


class Writer:
    """Writes ``value × factor`` into one hyperparameter of the groups of one or more optimizers.

    Groups are looked up at each write, since wrappers and `load_state_dict` replace them. A tensor is filled in
    place. Nothing else of the optimizers is touched.

    Args:
        optimizers: The optimizers of the run.
        key: The hyperparameter.
        group: The index or name of one param group; None for all.
        scale: The rule for the factors.

    Raises:
        ValueError: A group cannot be written to, or the rule does not fit the groups.
    """

    def __init__(
        self, optimizers: Sequence[Optimizer], key: str, group: GroupKey, scale: GroupScale | None = "same"
    ) -> None:
        self._optimizers, self._group, self.key = optimizers, group, key
        self._hyperparameter = Hyperparameter(key)
        groups = self._checked_groups()
        self._scaling = Scaling(scale, self._hyperparameter, groups)
        self._factors = self._scaling.factors(groups, [None] * len(groups), None)
        self._owners = [_owner(group) for group in groups]
        self._parts: list[Part] = []
        self._has_bases = any("initial_lr" in group for group in groups)  # of torch schedulers that were built before
        self.written = Written(max(map(self._hyperparameter.number, groups), default=0.0))
        self._left: list[Any] = []
        self._holds_numbers = False
        self._warned_of_foreign = False

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_left": [], "_parts": []}  # a copied tensor counts its writes from another number

    def _checked_groups(self) -> list[Group]:
        all_groups(self._optimizers)
        groups = groups_of(self._optimizers, self._group)
        for index, group in enumerate(groups):
            self._hyperparameter.check(group, self._label(index))
        return groups

    def _label(self, index: int) -> int | str:
        """How messages call one of its groups."""
        return index if self._group is None else self._group

    # Factors.

    @property
    def factors_unknown(self) -> bool:
        """Whether nobody has given the factors yet, and a checkpoint may."""
        return self._scaling.factors_unknown

    def factors(self) -> list[float]:
        """The factor of each group, as the groups are now."""
        if self._is_as_left(groups_of(self._optimizers, self._group)):
            return list(self._factors)
        groups = self._checked_groups()
        return self._scaling.factors(groups, self._known_factors(groups), self.written.last)

    def load(self, factors: list[float]) -> None:
        """Take over the factors of a checkpoint."""
        self._factors, self._scaling.factors_unknown = list(factors), False
        self._owners = [_owner(group) for group in groups_of(self._optimizers, self._group)]
        self.forget()

    def _known_factors(self, groups: list[Group]) -> list[float | None]:
        """The factor of each group, wherever it stands now; None for a group that is new."""
        known = {id(owner): factor for owner, factor in zip(self._owners, self._factors, strict=False)}
        return [known.get(id(_owner(group))) for group in groups]

    def unmatched(self) -> list[int | str]:
        """The names in ``group_scale`` that no group has so far."""
        return self._scaling.unmatched(groups_of(self._optimizers, self._group))

    # Writing.

    def check(self, value: float, factors: Sequence[float] | None = None) -> None:
        """Refuse a value that a group cannot hold.

        Raises:
            ValueError: Times the factor of a group it is infinite, or more than the group's tensor can hold.
        """
        groups = self._checked_groups()
        for index, (group, factor) in enumerate(zip(groups, factors or self.factors(), strict=False)):
            most = largest(self._hyperparameter.read(group))
            if not value * factor <= most:
                raise ValueError(
                    f"{self.key} of param group {self._label(index)!r} can be at most {most:g}, and the schedule goes "
                    f"up to {value:g} times the factor {factor:g} of the group"
                )

    def write(self, value: float) -> None:
        """Write ``value × factor`` into every group, whatever the groups have become.

        `Scheduler.step` has the same loop for plain floats written out, since a call costs a third of a step.
        """
        groups = groups_of(self._optimizers, self._group)
        if not self._is_as_left(groups):
            groups = self._check_anew()
        values = [value if factor == 1.0 else value * factor for factor in self._factors]
        if self._holds_numbers:
            for group, own in zip(groups, values, strict=True):
                group[self.key] = own
            self._left = values
        else:
            for group, own in zip(groups, values, strict=True):
                self._hyperparameter.put(group, own)
            self._left = [Held(group[self._hyperparameter.name]) for group in groups]
        self._note_written(groups, value)

    def write_one(self, index: int, value: float) -> None:
        """Write ``value × factor`` into the groups of one of several optimizers."""
        for slot, group in self._parts[index].groups.items():
            factor = self._factors[slot]
            self._hyperparameter.put(group, value if factor == 1.0 else value * factor)
            held = group[self._hyperparameter.name]
            self._left[slot] = held if self._holds_numbers else Held(held)

    def write_after_all(self, value: float) -> None:
        """Undo a loop that has put ``value`` into some groups and found another changed, then write all."""
        for group in groups_of(self._optimizers, self._group):
            if group["lr"] is value:
                group["lr"] = self.written.last
        self.write(value)

    def _note_written(self, groups: list[Group], value: float) -> None:
        written = self.written
        written.last, written.into = value, self._optimizers[0].param_groups
        written.top = value * max(self._factors, default=0.0)
        alike = self._holds_numbers and self.key == "lr" and not self.factors_unknown and set(self._factors) == {1.0}
        written.groups = groups if alike and groups is written.into else None
        written.count = len(groups)
        written.few = written.count if written.count <= FEW else -1
        optimizers = self._optimizers
        if len(optimizers) > 1 and not (self._parts and all(map(Part.is_of, self._parts, optimizers))):
            slots = {id(group): slot for slot, group in enumerate(groups)}
            self._parts = [Part(optimizer.param_groups, slots) for optimizer in optimizers]

    def is_as_left(self, index: int | None = None) -> bool:
        """Whether the groups are those of the last write and hold what it left: all, or those of one optimizer."""
        if index is None or not self._parts or not self._left or self.factors_unknown:
            return self._is_as_left(groups_of(self._optimizers, self._group))
        part, name = self._parts[index], self._hyperparameter.name
        if not part.is_of(self._optimizers[index]):
            return False
        if self._holds_numbers:
            return all(group[name] is self._left[slot] for slot, group in part.groups.items())
        return all(self._left[slot].is_still(group.get(name)) for slot, group in part.groups.items())

    def _is_as_left(self, groups: list[Group]) -> bool:
        """Of many groups that hold numbers, the first and the last are looked at."""
        if self.factors_unknown:
            return False
        if groups is self.written.groups:
            return self.written.stands()
        left = self._left
        if not left or len(groups) != len(left):
            return False
        if not self._holds_numbers:
            name = self._hyperparameter.name
            return all(kept.is_still(group.get(name)) for group, kept in zip(groups, left, strict=True))
        for index in range(len(left)) if len(left) <= FEW else (0, -1):
            if groups[index].get(self.key) is not left[index]:
                return False
        return True

    def _check_anew(self) -> list[Group]:
        """Check the groups, find factors for new ones, and warn of values that others wrote.

        Raises:
            ValueError: A group cannot be written to or has no factor; nothing has been written.
        """
        groups, last = self._checked_groups(), self.written.last
        known = self._known_factors(groups)
        if self.factors_unknown and last is not None:  # nobody gave them: refuse
            known = [None] * len(groups)
        factors = self._scaling.factors(groups, known, last)
        self._warn_of_foreign()
        self._hyperparameter.separate(groups)
        self._factors, self._owners = factors, [_owner(group) for group in groups]
        name = self._hyperparameter.name
        self._holds_numbers = name == self.key and not any(isinstance(group[name], torch.Tensor) for group in groups)
        return groups

    def forget(self) -> None:
        """Expect nothing of what the groups hold now: an optimizer's state was loaded."""
        self.written.groups = self.written.last = None
        self._left = []

    # Writes of others.

    def foreign(self) -> Iterator[tuple[int, object, float]]:
        """Index, value and expected value of each group that somebody else wrote to since the last write."""
        last, name = self.written.last, self._hyperparameter.name
        if last is None:
            return
        groups = groups_of(self._optimizers, self._group)
        unmoved = len(groups) == len(self._left) and not self._holds_numbers
        for index, (group, factor) in enumerate(zip(groups, self._known_factors(groups), strict=True)):
            if factor is None or (unmoved and self._left[index].is_still(group.get(name))):
                continue  # to read a tensor on a device would wait for the device
            held = self._hyperparameter.read(group)
            if not holds(held, last * factor):
                yield index, held, last * factor

    def holds_another_rate(self, first: float) -> bool:
        """Whether the fastest group holds neither its rate under ``first`` nor what it held before all writes."""
        groups = groups_of(self._optimizers, self._group)
        held = max(map(self._hyperparameter.number, groups), default=0.0)
        known = (first * max(self._factors, default=1.0), self.written.start)
        return not any(math.isclose(held, rate, rel_tol=1e-6) for rate in known)

    def is_base_of_others(self, first: float) -> bool:
        """Whether torch schedulers took a rate under ``first`` for their base, instead of what was there before."""
        groups = groups_of(self._optimizers, self._group)
        written = [first * factor for factor in self._factors]
        bases = [group.get("initial_lr") for group in groups]
        taken = any(base is not None and holds(base, rate) for base, rate in zip(bases, written, strict=False))
        return taken and not self._has_bases and max(written) != self.written.start

    def _warn_of_foreign(self) -> None:
        if self._warned_of_foreign:
            return
        for index, held, ours in self.foreign():
            self._warned_of_foreign = True
            warn(
                f"{self.key} of param group {self._label(index)!r} was changed by somebody else, from {ours:g} to "
                f"{number(held):g}; the schedule's value is written again. To go on from the other one use "
                f"scheduler.rebase({number(held):g}). Another scheduler on this optimizer has no effect: hand this one "
                f"to a trainer that built it, or say both as one schedule, a * b or a.then(b), and use lehr.Plateau "
                f"for ReduceLROnPlateau"
            )
            return

    def expected(self, value: float) -> list[float]:
        """What each group should hold under ``value``."""
        return [value * factor for factor in self.factors()]

    def wrong(self, value: float, optimizers: Sequence[Optimizer]) -> Iterator[str]:
        """A line for each group of ``optimizers`` that does not hold what it should."""
        groups, expected = groups_of(optimizers, self._group), self.expected(value)
        if len(groups) != len(expected):
            yield f"it has {len(groups)} param groups and the schedule is for {len(expected)}"
        for index, (group, ours) in enumerate(zip(groups, expected, strict=False)):
            held = self._hyperparameter.read(group, self._label(index))
            if not holds(held, ours):
                label = self._label(index)
                yield f"{self.key} of param group {label!r} is {number(held)!r} and should be {ours!r}"


def _owner(group: Group) -> object:
    """What stays the same object when `load_state_dict` replaces the group, or when groups move."""
    return group.get("params", group)
