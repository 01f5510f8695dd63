"""The plan of a run, a value: which schedule drives what, and which changes were made during training."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property, reduce

from .. import spec
from ..control import Act, Change, Scale, amended, steps
from ..control.acts import GroupKey
from ..control.commands import LONGEST_WHY
from ..schedules import Schedule, checks, recipes
from ..schedules.recipes import Recipe
from .bindings import Binding, names

Schedules = dict[Binding, Schedule]


@dataclass(frozen=True)
class Plan:
    """Which schedule drives what, and which changes were made since.

    Attributes:
        initial: The schedules that the run began with.
        changes: The changes made during training, in order.
        unit: What the schedules count: steps, samples, tokens or epochs.
        samples_per_step: Samples that one step consumes; 0 if it is unknown.
    """

    initial: Schedules
    changes: tuple[Change, ...] = ()
    unit: str = "steps"
    samples_per_step: int = 0

    def __post_init__(self) -> None:
        for schedule in self.initial.values():
            spec.check(schedule)

    @cached_property
    def schedules(self) -> Schedules:
        """The schedules after all changes."""
        return {
            binding: reduce(lambda now, c: amended(now, c.position, c.rest[index]), self.changes, schedule)
            for index, (binding, schedule) in enumerate(self.initial.items())
        }

    @cached_property
    def length(self) -> float:
        """Where the last schedule ends; infinity if one never ends."""
        ends = [schedule.length for schedule in self.schedules.values()]
        return math.inf if None in ends else max(end for end in ends if end is not None)

    # Changes.

    def changed(self, act: Act, position: float, lr: float, why: str) -> Plan:
        """The plan with an act on every schedule of the rate, from ``position`` on.

        Args:
            act: What is done.
            position: Position of the first update that it holds for.
            lr: The rate of the fastest param group there.
            why: The reason.

        Raises:
            ValueError: The act cannot be done here, or no checkpoint could hold the result.
        """
        groups = [binding.group for binding in self.schedules if binding.key == "lr"]
        if not groups:
            drives = names(self.schedules)
            raise ValueError(f"{str(act).partition('(')[0]} changes the rate, and this Scheduler drives only {drives}")
        resolved = act.resolved(None if self.length == math.inf else self.length, lr, whole=self.unit != "epochs")
        last, merges = self.changes[-1] if self.changes else None, False
        if isinstance(resolved, Scale) and resolved.merge:
            merges = True
            if last is not None and last.merged and last.position <= position:
                merged = self._merged(last, resolved.factors(groups), position, why)
                return self._with(merged, earlier=self.changes[:-1])
        acts = resolved.for_groups(groups)
        rest = tuple(
            acts[binding.group].rest(schedule, position) if binding.key == "lr" and binding.group in acts else None
            for binding, schedule in self.schedules.items()
        )
        change = Change(position, int(time.time()), str(resolved), why, rest, merged=int(merges))
        plan = self._with(change, earlier=self.changes)
        self._check_that_it_does_something(resolved, position, rest)
        return plan

    def _with(self, change: Change, earlier: tuple[Change, ...]) -> Plan:
        """The plan with one more change, after earlier ones."""
        plan = replace(self, changes=(*earlier, change))
        now = {
            binding: amended(schedule, change.position, new)
            for (binding, schedule), new in zip(self.schedules.items(), change.rest, strict=True)
        }
        for schedule, new in zip(now.values(), change.rest, strict=True):
            if new is not None:
                _check_rest(schedule, new)
        vars(plan)["schedules"] = now  # what would be computed from the start otherwise, again and again
        return plan

    def _merged(self, last: Change, factors: dict[GroupKey, float], position: float, why: str) -> Change:
        """The last change with one more: both are small ones that share an entry of the history."""
        at, rest = position - last.position, list(last.rest)
        for index, (binding, schedule) in enumerate(self.schedules.items()):
            if binding.key == "lr" and binding.group in factors:
                stepped, factor = rest[index], factors[binding.group]
                if stepped is None:
                    rest[index] = steps.begin(schedule.cut(last.position), factor, at)
                else:
                    rest[index] = steps.proceed(stepped, at, factor)
        merged = replace(last, rest=tuple(rest), merged=last.merged + 1)
        what = Scale.of(self._factors_of(merged), [binding.group for binding in self.initial if binding.key == "lr"])
        summary = f"{merged.merged} changes, the last at {position}: {why}"
        return replace(merged, what=str(what), why=summary[:LONGEST_WHY])

    def _factors_of(self, change: Change) -> dict[GroupKey, float]:
        pairs = zip(self.initial, change.rest, strict=True)
        return {binding.group: steps.last_factor(rest) for binding, rest in pairs if rest is not None}

    @property
    def own_factors(self) -> dict[GroupKey, float]:
        """For each group the product of the small changes for which the last entry of the history stands."""
        return self._factors_of(self.changes[-1]) if self.changes and self.changes[-1].merged else {}

    def _check_that_it_does_something(self, act: Act, position: float, rest: tuple[Schedule | None, ...]) -> None:
        """Refuse a change that leaves every rate at 0 where it already was 0 for good."""
        pairs = zip(self.schedules.values(), rest, strict=True)
        if not any(schedule.cut(position)._highest or new._highest for schedule, new in pairs if new is not None):
            raise ValueError(
                f"{act} would train at the rate 0, which the schedule has from {position} on: use extend with "
                f"policy='replan' or policy='restart', or amend with another schedule"
            )

    def check_rates(self, position: float) -> None:
        """Refuse a plan whose rates at a position cannot be computed.

        Raises:
            ValueError: One cannot, or is not finite.
        """
        for binding, schedule in self.schedules.items():
            checks.number(f"{binding.name} at position {position}", schedule(position), owner="the schedule")

    # Comparing with another.

    def differences(self, code: Plan) -> list[str]:
        """What this plan, of a checkpoint, and the code's say differently: a line for each setting."""
        lines = []
        for binding in {**self.initial, **code.initial}:
            prefix = "" if len(code.initial) == 1 else f"{binding.name}: "
            if binding not in self.initial or binding not in code.initial:
                lines.append(f"{binding.name}: only in the {'checkpoint' if binding in self.initial else 'code'}")
                continue
            rows = spec.differences(self.initial[binding], code.initial[binding], names=("checkpoint", "code"))
            lines += [prefix + row for row in rows]
        if self.unit != code.unit:
            lines.append(f"unit: checkpoint {self.unit!r}, code {code.unit!r}")
        return lines

    def in_the_order_of(self, code: Plan) -> Plan:
        """The same plan with its schedules in the order of the code's: a mapping has none."""
        mine, theirs = list(self.initial), list(code.initial)
        if mine == theirs or set(mine) != set(theirs):
            return self
        changes = tuple(replace(c, rest=tuple(c.rest[mine.index(b)] for b in theirs)) for c in self.changes)
        return replace(self, initial={b: self.initial[b] for b in theirs}, changes=changes)

    def with_peaks_of(self, saved: Plan, position: float, top_factor: float) -> Plan:
        """The code's plan under the checkpoint's peaks, where the code took its peak from the optimizer.

        On resume the optimizer may hold the rate of the middle of the run, which is not the peak. A rate that the
        checkpoint does not explain is a new setting, and is left as it is.
        """
        found = dict(self.initial)
        for binding, then in saved.initial.items():
            schedule = found.get(binding)
            if isinstance(schedule, Recipe) and "max_lr" in schedule.settings():
                now, peak = saved.schedules[binding], schedule.settings()["max_lr"]
                near = (max(0, position - 1), position, position + 1)
                if any(math.isclose(peak, now(at) * top_factor, rel_tol=1e-6) for at in near):
                    found[binding] = _with_peak_of(schedule, then)
        return replace(self, initial=found)


def _with_peak_of(code: Recipe, saved: Schedule) -> Schedule:
    if isinstance(saved, Recipe) and "max_lr" in saved.settings():
        return recipes.get(code.name)(**{**code.settings(), "max_lr": saved.settings()["max_lr"]})
    return code


def _check_rest(schedule: Schedule, rest: Schedule) -> None:
    checks.number("the rate where it begins", rest(0), owner="the change")
    try:
        spec.check(schedule)
    except spec.SpecError as error:
        raise ValueError(
            f"after this change no checkpoint could hold the schedule: {error}; amend with a new one"
        ) from None
