"""The acts that say how the run ends: at another step, or in a decay from here on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...schedules import Constant, Ramp, Schedule, checks, shapes
from ...schedules.combinators import sequence
from ...schedules.lengths import Length
from ...schedules.recipes import Recipe
from ...schedules.recipes import get as get_recipe
from .act import Act

POLICIES = ("stretch", "hold", "replan", "restart")


@dataclass(frozen=True)
class Extend(Act):
    """Let the run end at another step than planned.

    ``"stretch"`` runs what is left at another speed; ``"hold"`` keeps the present rate for as long as the run got
    longer, then goes on; ``"replan"`` goes on as if the length had been known from the start, which may jump;
    ``"restart"`` runs the whole schedule again in what is left, which jumps.

    >>> schedule = Ramp(1.0, 0.0, 100)
    >>> rest = Extend(training_steps=150).rest(schedule, position=50)
    >>> rest(0), rest(50), rest(100)
    (0.5, 0.25, 0.0)
    """

    training_steps: Annotated[Length, "The new end of the run, counted from its start: 200k, or 200% of it."]
    policy: Annotated[str, f"How to get there: {', '.join(POLICIES)}."] = "stretch"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.policy not in POLICIES:
            raise ValueError(checks.unknown("policy of extend", self.policy, POLICIES))

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        end = self._steps("training_steps")
        if schedule.length is None:
            raise ValueError(
                f"extend needs a schedule that ends, and {checks.shown(schedule)} never ends: use cooldown or amend"
            )
        left = end - position
        if left <= 0:
            raise ValueError(
                f"extend needs `training_steps` beyond the position of the next update, {position}, got {end}"
            )
        if self.policy == "restart":
            return schedule._stretched(left)
        if self.policy == "replan":
            return _replanned(schedule, end).cut(position)
        remaining = schedule.cut(position)
        if not remaining.length:
            return Constant(schedule(position), left)
        if self.policy == "stretch":
            return remaining._stretched(left)
        if left < remaining.length:
            raise ValueError(
                f"extend with policy='hold' needs `training_steps` of at least {schedule.length}, the present length, "
                f"got {end}; to shorten a run use policy='stretch', or cooldown"
            )
        return sequence(Constant(schedule(position), left - remaining.length), remaining)


def _replanned(schedule: Schedule, training_steps: float) -> Schedule:
    if not isinstance(schedule, Recipe) or "training_steps" not in schedule.settings():
        raise ValueError(
            f"extend with policy='replan' needs a recipe that was built from `training_steps` and not changed since, "
            f"got {checks.shown(schedule)}; use policy='stretch', or amend"
        )
    return get_recipe(schedule.name)(**{**schedule.settings(), "training_steps": training_steps})


@dataclass(frozen=True)
class Cooldown(Act):
    """Decay from the present rate to ``to`` and hold it.

    >>> rest = Cooldown(steps=100, shape="linear").rest(Constant(1e-3), position=700)
    >>> rest(0), rest(50), rest(100)
    (0.001, 0.0005, 0.0)
    """

    steps: Annotated[Length, "Length of the cooldown: 2000, 2k, or 10% of the run as planned."]
    to: Annotated[float, "Rate at its end."] = 0.0
    shape: Annotated[str, "Its shape, any of a ramp."] = "1-sqrt"

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.number("to", self.to, owner="cooldown")
        shapes.get(self.shape)

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        rate, steps = schedule(position), self._steps("steps")
        if self.to > rate:
            raise ValueError(
                f"cooldown needs `to` of at most the present rate, {rate!r}, got {self.to!r}; to go up use amend"
            )
        return Ramp(rate, float(self.to), steps, self.shape)
