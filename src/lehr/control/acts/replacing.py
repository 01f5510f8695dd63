"""The act that puts another schedule in the place of what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from ... import spec
from ...schedules import Schedule, checks
from .act import Act, GroupKey


@dataclass(frozen=True)
class Amend(Act):
    """Follow another schedule, which counts from its own 0.

    ``schedule`` is a Schedule, its one-line text, or, where each param group has a schedule, a mapping from the
    group's name or index to its new one.

    >>> from lehr import Constant
    >>> Amend("linear(training_steps=10, max_lr=1.0)").rest(Constant(0.1), position=7)(5)
    0.5
    """

    schedule: Annotated[Schedule | Mapping[GroupKey, Schedule], "What comes now: a spec file or a line of text."]

    def __post_init__(self) -> None:
        if isinstance(self.schedule, str):
            object.__setattr__(self, "schedule", spec.from_text(self.schedule))
        each = self.schedule.values() if isinstance(self.schedule, Mapping) else [self.schedule]
        for schedule in each:
            if not isinstance(schedule, Schedule):
                raise ValueError(
                    f"amend needs a Schedule, got {checks.shown(schedule)}; build it with a recipe or from parts"
                )

    def for_groups(self, groups: Sequence[GroupKey]) -> dict[GroupKey, Act]:
        new = self.schedule
        if not isinstance(new, Mapping):
            if len(groups) > 1:
                raise ValueError(
                    f"amend would give every param group the same rate, and each has a schedule of its own: give a "
                    f"mapping with a schedule for each of {', '.join(map(repr, groups))}"
                )
            return {groups[0]: self}
        if set(new) != set(groups):
            raise ValueError(
                f"amend needs a schedule for each of {', '.join(map(repr, groups))}, "
                f"got {', '.join(map(checks.shown, new))}"
            )
        return {group: Amend(new[group]) for group in groups}

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        assert isinstance(self.schedule, Schedule)
        return self.schedule
