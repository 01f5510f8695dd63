"""Where a run stands: what a checkpoint says of it, and how that compares with what the code says."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from .. import spec
from ..control import Change
from ..schedules import Schedule
from .groups import Chosen

Schedules = dict[tuple[str, Chosen], Schedule]


class StateMismatchError(ValueError):
    """The checkpoint's schedule or group factors differ from the code's.

    Attributes:
        differences: One line for each setting, with both values.
    """

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        listed = "".join(f"\n  {line}" for line in differences)
        super().__init__(
            f"the checkpoint was written under other settings than the code has:{listed}\n"
            f"say load_state_dict(state, keep='checkpoint') or keep='code' to choose"
        )


@dataclass(frozen=True)
class State:
    """Where a run stands: its position, the schedules it began with, and what changed since."""

    position: int
    schedules: Schedules
    group_factors: list[float]
    updates: int = 0
    unit: str = "steps"
    history: list[Change] = field(default_factory=list)
    watchers: list[dict[str, Any]] = field(default_factory=list)
    answered: int = 0
    samples_per_step: int = 0

    def in_the_order_of(self, code: State, groups: dict[tuple[str, Chosen], int]) -> State:
        """The same, with the schedules in the code's order: a mapping has none.

        Args:
            code: The state of the code.
            groups: The number of param groups of each schedule.
        """
        own, theirs = list(self.schedules), list(code.schedules)
        if own == theirs or set(own) != set(theirs) or len(self.group_factors) != sum(groups.values()):
            return self
        factors = iter(self.group_factors)
        of_each = {track: [next(factors) for _ in range(groups[track])] for track in own}
        history = [replace(c, rest=tuple(c.rest[own.index(track)] for track in theirs)) for c in self.history]
        return replace(
            self,
            schedules={track: self.schedules[track] for track in theirs},
            group_factors=[factor for track in theirs for factor in of_each[track]],
            history=history,
        )

    def at_equal_samples(self, samples_per_step: int, keeps_history: bool) -> State:
        """The same, where steps of another size have consumed as many samples; to the nearest step.

        Raises:
            ValueError: It holds changes of the run, whose positions count the old steps.
        """
        if not self.samples_per_step or not samples_per_step or self.samples_per_step == samples_per_step:
            return self
        if self.history and keeps_history:
            raise ValueError(
                f"the checkpoint holds changes of the run at steps of {self.samples_per_step} samples, and the code's "
                f"have {samples_per_step}: say keep='code' to drop them, or use a schedule in samples, whose positions "
                f"stay what they are"
            )
        position = round(self.position * self.samples_per_step / samples_per_step)
        return replace(self, position=position, samples_per_step=samples_per_step)

    def differences(self, code: State) -> list[str]:
        """What the checkpoint (this) and the code say differently, a line for each setting."""
        lines = []
        for track in {**self.schedules, **code.schedules}:
            prefix = (
                ""
                if len(code.schedules) == 1
                else f"{track[0]}{'' if track[1] is None else f' of group {track[1]!r}'}: "
            )
            if track not in self.schedules or track not in code.schedules:
                lines.append(f"{prefix or track[0]}only in the {'checkpoint' if track in self.schedules else 'code'}")
                continue
            rows = spec.differences(self.schedules[track], code.schedules[track], names=("checkpoint", "code"))
            lines += [prefix + row for row in rows]
        if self.unit != code.unit:
            lines.append(f"unit: checkpoint {self.unit!r}, code {code.unit!r}")
        ours, theirs = code.group_factors, self.group_factors
        if len(ours) != len(theirs):
            lines.append(f"param groups: checkpoint {len(theirs)}, code {len(ours)}")
        elif not all(map(math.isclose, ours, theirs)):
            lines.append(f"group factors: checkpoint {theirs}, code {ours}")
        return lines
