"""`State`: where a run stands, as a value that compares itself with another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from ..bindings import names
from ..plan import Plan


class StateMismatchError(ValueError):
    """The checkpoint's plan or group factors differ from the code's.

    Attributes:
        differences: One line for each setting, with both values.
    """

    def __init__(self, differences: list[str], built_by: str | None = None) -> None:
        self.differences = differences
        listed = "".join(f"\n  {line}" for line in differences)
        choose = f"{built_by}(..., keep='checkpoint') or keep='code'"
        if built_by is None:
            choose = (
                "load_state_dict(state, keep='checkpoint') or keep='code', or, where a trainer loads the state, with "
                "Scheduler(..., keep='checkpoint') or keep='code'"
            )
        super().__init__(
            f"the checkpoint was written under other settings than the code has:{listed}\nchoose with {choose}"
        )


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        position: Position of the next update.
        plan: What drives what, and what has changed.
        factors: The factor of each param group, by binding.
        updates: Updates made so far.
        watchers: The state of each `Plateau` and `Greedy`.
        commands: How many commands of the control file were dealt with.
        pending: Units by which the position is ahead of the calls of `advance`: those of an update after which
            `advance` had not been called yet.
    """

    position: float
    plan: Plan
    factors: list[list[float]]
    updates: int = 0
    watchers: list[dict[str, Any]] = field(default_factory=list)
    commands: int = 0
    pending: float = 0

    def differences(self, code: State) -> list[str]:
        """What the checkpoint (this) and the code say differently, a line for each setting."""
        lines = self.plan.differences(code.plan)
        ours, theirs = [list(chain.from_iterable(state.factors)) for state in (code, self)]
        if len(ours) != len(theirs):
            lines.append(f"param groups: checkpoint {len(theirs)}, code {len(ours)}")
        elif not all(map(math.isclose, ours, theirs)):
            lines.append(f"group factors: checkpoint {theirs}, code {ours}")
        return lines

    def in_the_order_of(self, code: State) -> State:
        """The same state with its schedules and factors in the order of the code's."""
        plan = self.plan.in_the_order_of(code.plan)
        if plan is self.plan or len(self.factors) != len(self.plan.initial):
            return self
        by_binding = dict(zip(self.plan.initial, self.factors, strict=True))
        return replace(self, plan=plan, factors=[by_binding[binding] for binding in plan.initial])

    def at_equal_samples(self, samples_per_step: int, keeps_changes: bool) -> State:
        """The same state where steps of another size have consumed as many samples, to the nearest step.

        Raises:
            ValueError: The plan has changes, whose positions count the old steps.
        """
        theirs = self.plan.samples_per_step
        if not theirs or not samples_per_step or theirs == samples_per_step:
            return self
        if self.plan.changes and keeps_changes:
            raise ValueError(
                f"the checkpoint holds changes made at steps of {theirs} samples, and the code's steps have "
                f"{samples_per_step}: say keep='code' to drop the changes, or use a schedule in samples, whose "
                f"positions stay the same"
            )
        position = round(self.position * theirs / samples_per_step)
        return replace(self, position=position, plan=replace(self.plan, samples_per_step=samples_per_step))

    def check_that_it_fits(self, code: State) -> None:
        """Refuse to take over this state in code that drives something else.

        Raises:
            ValueError: The bindings, the unit or the number of param groups differ.
        """
        mine, theirs = self.plan, code.plan
        if list(mine.initial) != list(theirs.initial) or mine.unit != theirs.unit:
            raise ValueError(
                f"the checkpoint drives {names(mine.initial)} in {mine.unit} and the code {names(theirs.initial)} in "
                f"{theirs.unit}: keep='checkpoint' needs the same; keep='code' does not"
            )
        has, needs = (sum(map(len, state.factors)) for state in (self, code))
        if has != needs:
            raise ValueError(
                f"the checkpoint has {has} param groups and the optimizer {needs}: keep='checkpoint' needs as many; "
                f"keep='code' does not"
            )
