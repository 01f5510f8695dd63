"""The one who writes: a value into one hyperparameter of param groups, as the groups are at that moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from .groups import Chosen, Group, chosen_groups
from .hyperparameter import Hyperparameter, holds, number
from .scaling import GroupScale, Scaling
from .warn import warn

FEW = 8
"""Groups up to which each is looked at before a write; of more, the last one."""


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
        self._optimizers, self._chosen, self.key = optimizers, chosen, key
        self._of = Hyperparameter(key)
        self.plain: list[Group] | None = None
        self.last: Any = None
        self._floats: list[Group] | None = None
        self._held: list[Any] = []
        self._value_written: float | None = None
        self._warned_of_foreign = False
        groups = self.groups()
        self._scaling = Scaling(scale, self._of, groups)
        self._factors = self._scaling.factors(groups, [], None)

    def groups(self) -> list[Group]:
        """The groups it writes to, as they are now."""
        groups = chosen_groups(self._optimizers, self._chosen)
        for index, group in enumerate(groups):
            self._of.check(group, self._name(index))
        return groups

    def _name(self, index: int) -> int | str:
        """How messages call one of its groups."""
        return index if self._chosen is None else self._chosen

    # Factors.

    @property
    def undecided(self) -> bool:
        """Whether nobody has said the factors yet, and a checkpoint may."""
        return self._scaling.undecided

    def current_factors(self) -> list[float]:
        """The factor of each group, as the groups are now."""
        if self.is_as_left():
            return list(self._factors)
        return self._scaling.factors(self.groups(), self._factors, self._last_value())

    def load(self, factors: list[float]) -> None:
        """Take over the factors of a checkpoint."""
        self._factors, self._scaling.undecided = list(factors), False
        self.forget()

    # Writing.

    def write(self, value: float) -> None:
        """Put ``value × factor`` into every group, whatever the groups have become."""
        if self.is_as_left():
            groups = self._floats or []
            for group, factor in zip(groups, self._factors, strict=True):
                group["lr"] = self.last = value * factor
            self._value_written, self._held = value, [group["lr"] for group in groups[:FEW]]
            return
        groups, last = self.groups(), self._last_value()
        known = [] if self.undecided and last is not None else self._factors  # nobody has said them: refuse
        factors = self._scaling.factors(groups, known, last)
        self._warn_of_foreign(groups, last)
        self._of.separate(groups)
        for group, factor in zip(groups, factors, strict=True):
            self._of.put(group, value * factor)
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

    def _last_value(self) -> float | None:
        """What was written last, or None if nothing was, or an optimizer's state was loaded since."""
        # The quick write of a step leaves its value in the group alone.
        return self.last if self.plain is not None else self._value_written

    def forget(self) -> None:
        """Take what the groups hold now for written: an optimizer's state was loaded."""
        self._value_written = self.plain = self._floats = self.last = None

    # Whether it is obeyed.

    def _warn_of_foreign(self, groups: list[Group], last: float | None) -> None:
        if last is None or self._warned_of_foreign:
            return
        for index, (group, factor) in enumerate(zip(groups, self._factors, strict=False)):
            held, ours = self._of.read(group), last * factor
            if isinstance(held, torch.Tensor) and held.device.type != "cpu":
                continue  # reading it would wait for the device at every step
            if not holds(held, ours):
                self._warned_of_foreign = True
                warn(
                    f"{self.key} of param group {self._name(index)!r} was changed by somebody else, from {ours:g} to "
                    f"{number(held):g}; the schedule's is written again. To go on from there use "
                    f"scheduler.rebase({number(held):g})"
                )
                return

    def expected(self, value: float) -> list[float]:
        """What each group should hold under ``value``."""
        return [value * factor for factor in self.current_factors()]

    def wrong(self, value: float, optimizers: Sequence[Any]) -> Iterator[str]:
        """What the groups of ``optimizers`` hold against `expected`, a line for each difference."""
        groups, expected = chosen_groups(optimizers, self._chosen), self.expected(value)
        if len(groups) != len(expected):
            yield f"it has {len(groups)} param groups and the schedule is for {len(expected)}"
        for index, (group, ours) in enumerate(zip(groups, expected, strict=False)):
            held = self._of.read(group, self._name(index))
            if not holds(held, ours):
                yield f"{self.key} of param group {self._name(index)!r} is {number(held)!r} and should be {ours!r}"
