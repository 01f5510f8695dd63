"""`Rates`: what the schedules of a run say at a position, and writing it into the optimizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..schedules import Schedule, sampling
from ..warn import warn
from .bindings import Binding
from .groups import Optimizer, all_groups, number
from .plan import Plan
from .writer import Writer


class Rates:
    """The schedules of a plan, each with what writes its rates into the param groups.

    Args:
        optimizers: The optimizers of the run.
        writers: What writes to each hyperparameter that is driven.

    Attributes:
        writers: The same.
        first: The first of them.
        pairs: Each schedule of the plan, with its writer.
        are_of_one_schedule: Whether all groups follow one schedule of the rate, and nothing else is driven.
        unmatched: The names in ``group_scale`` that no group has so far.
    """

    def __init__(self, optimizers: Sequence[Optimizer], writers: Mapping[Binding, Writer]) -> None:
        self._optimizers, self.writers = optimizers, writers
        self.first = next(iter(writers.values()))
        self.pairs: list[tuple[Schedule, Writer]] = []
        self.are_of_one_schedule = list(writers) == [Binding("lr", None)]
        self.unmatched = self.first.unmatched()
        self._has_schedules_by_group = any(binding.group is not None for binding in writers)
        self._group_count = len(all_groups(optimizers))

    def follow(self, plan: Plan) -> None:
        """Take the schedules from a plan."""
        self.pairs = [(schedule, self.writers[binding]) for binding, schedule in plan.schedules.items()]

    @property
    def of_lr(self) -> list[tuple[Schedule, Writer]]:
        """The pairs that drive the rate; none if only other hyperparameters are driven."""
        return [(schedule, writer) for schedule, writer in self.pairs if writer.key == "lr"]

    def lrs(self, position: float) -> list[float]:
        """The rate of each group at a position; if it is not driven, what the groups hold."""
        driven = [rate for schedule, writer in self.of_lr for rate in writer.expected(schedule(position))]
        return driven or [number(group["lr"]) for group in all_groups(self._optimizers)]

    def check(self, plan: Plan, factors: list[list[float]] | None = None) -> None:
        """Refuse a plan whose rates a param group cannot hold.

        Args:
            plan: The plan.
            factors: The factors of a checkpoint; None for those of the writers.

        Raises:
            ValueError: A rate is below 0, or more than a group can hold.
        """
        for index, (binding, schedule) in enumerate(plan.schedules.items()):
            if schedule._lowest < 0 and (bad := sampling.lowest(schedule))[0] < 0:
                raise ValueError(
                    f"{binding.name} must be at least 0, and the schedule comes to {bad[0]:g} at {bad[1]:g}: hold it "
                    f"at 0 with schedule.clip(lo=0)"
                )
            self.writers[binding].check(schedule._highest, None if factors is None else factors[index])

    # Writing.

    def write(self, position: float, updates: int) -> None:
        """Write the rates of a position.

        Args:
            position: The position.
            updates: Updates made so far. From the second on, a name in ``group_scale`` that no group has is warned of.
        """
        if self._has_schedules_by_group or self.unmatched:
            self._look_for_groups(position, updates)
        rates = [schedule(position) for schedule, _ in self.pairs]  # all of them, before the first is written
        for (_, writer), rate in zip(self.pairs, rates, strict=True):
            writer.write(rate)

    def write_one(self, index: int, position: float) -> None:
        """Write the rates of a position into one of several optimizers."""
        for schedule, writer in self.pairs:
            writer.write_one(index, schedule(position))

    def _look_for_groups(self, position: float, updates: int) -> None:
        """Warn of groups that were added and have no schedule, and of names for which no group has come."""
        if self._has_schedules_by_group:
            groups = all_groups(self._optimizers)
            if len(groups) > self._group_count:
                self._group_count = len(groups)
                warn(
                    f"param group {groups[-1].get('name', len(groups) - 1)!r} was added after the Scheduler was built, "
                    f"and has no schedule: its rate stays as it is; detach() this Scheduler and build one with a "
                    f"schedule for it"
                )
        if self.unmatched:
            self.unmatched = self.first.unmatched()
            if self.unmatched and position > 1 and updates > 1:
                names, self.unmatched = ", ".join(map(repr, self.unmatched)), []
                warn(f"group_scale names {names}, and no param group has that name so far")

    # What the groups hold.

    def are_as_left(self, index: int | None = None) -> bool:
        """Whether the groups hold what was written last: all, or those of one optimizer."""
        return all(writer.is_as_left(index) for writer in self.writers.values())

    def foreign_lrs(self) -> list[Any]:
        """The rates that somebody else wrote since."""
        return [held for writer in self.writers.values() if writer.key == "lr" for _, held, _ in writer.foreign()]

    def forget(self) -> None:
        """Expect nothing of what the groups hold now."""
        for writer in self.writers.values():
            writer.forget()
