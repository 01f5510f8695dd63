"""The acts that change a schedule during training. Each is a value: from a schedule and a position, what comes next.

To add one, write a class here: the options of ``lehr control``, the line of a control file and the words of the
history follow from its name and its fields. A method of the Scheduler that builds it is one line more.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Annotated, Any, Self, get_args, get_type_hints

from .. import spec
from ..schedules import Constant, Ramp, Schedule, checks, lengths, shapes
from ..schedules.combinators import sequence
from ..schedules.lengths import Length
from ..schedules.recipes import Recipe
from ..schedules.recipes import get as get_recipe
from . import steps

GroupKey = int | str | None
"""The index or the name of one param group, or None for all of them."""

ACTS: dict[str, type[Act]] = {}
"""Every act by the name that it has in a control file, on the command line and in the history."""

POLICIES = ("stretch", "hold", "replan", "restart")


@dataclass(frozen=True)
class Act(ABC):
    """A change of a schedule during training.

    ``str(act)`` is the call that says it, such as ``cooldown(steps=2000, to=0.0, shape='1-sqrt')``.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        ACTS[cls.__name__.lower()] = cls

    def __post_init__(self) -> None:
        for name in _lengths(type(self)):
            self._steps(name, of=10**9)  # the length that a percentage is a share of is known later

    @abstractmethod
    def rest(self, schedule: Schedule, position: float) -> Schedule:
        """What comes from ``position`` on, counted from there.

        Args:
            schedule: The schedule that is changed.
            position: The position of the next update; its unit is that of the schedule.

        Raises:
            ValueError: The act cannot be done here.
        """

    def resolved(self, training_steps: float | None, lr: float, *, whole: bool = True) -> Self:
        """The same act with every length as a number.

        Args:
            training_steps: Length of the run as planned, of which a percentage is a share.
            lr: The present rate of the fastest param group.
            whole: Whether lengths must be integers; those in epochs need not.

        Raises:
            ValueError: A length has a fraction and must be an integer, or is a share of an unknown length.
        """
        return replace(self, **{name: self._steps(name, training_steps, whole) for name in _lengths(type(self))})

    def _steps(self, name: str, of: float | None = None, whole: bool = False) -> float:
        """A length as a number.

        Raises:
            ValueError: It is no length above 0, or has a fraction and must be an integer.
        """
        value, owner = getattr(self, name), type(self).__name__.lower()
        if not whole and isinstance(value, float) and not value.is_integer():
            return checks.length(name, value, owner=owner, above=0)
        steps: float = lengths.steps(value, name=name, of=None if of is None else math.ceil(of))
        if not whole and of is not None and str(value).strip().endswith("%"):
            steps = float(str(value).strip(" %")) * of / 100
        if not steps:
            raise ValueError(f"{owner} needs `{name}` of at least 1, got {checks.shown(value)}")
        return steps

    def for_groups(self, groups: Sequence[GroupKey]) -> dict[GroupKey, Act]:
        """The act on the schedule of each param group that it changes, or of all groups under None."""
        return dict.fromkeys(groups, self)

    @classmethod
    def options(cls) -> dict[str, tuple[Any, str]]:
        """Type and description of each field, by name, in order."""
        hints = get_type_hints(cls, include_extras=True)
        return {f.name: get_args(hints[f.name]) for f in fields(cls) if f.repr}

    @classmethod
    def is_required(cls, option: str) -> bool:
        """Whether the act cannot be built without this field."""
        return next(f for f in fields(cls) if f.name == option).default is MISSING

    def __str__(self) -> str:
        settings = ((f.name, getattr(self, f.name)) for f in fields(self) if f.repr)
        return f"{type(self).__name__.lower()}({', '.join(f'{name}={value!r}' for name, value in settings)})"


@cache
def _lengths(act: type[Act]) -> tuple[str, ...]:
    return tuple(name for name, (kind, _) in act.options().items() if kind == Length)


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


@dataclass(frozen=True)
class Scale(Act):
    """Multiply every remaining rate by a factor.

    ``factor`` is a number, or, where each param group has a schedule, a mapping from the group's name or index to
    its factor; the others stay as they are. With ``merge`` one entry of the history stands for it and for the like
    changes right before it, so that a run can have any number of them; see `lehr.control.steps`.

    >>> Scale(factor=0.1).rest(Constant(1.0), position=7)(0)
    0.1
    """

    factor: Annotated[float | Mapping[GroupKey, float], "What every remaining rate is multiplied by."]
    merge: bool = field(default=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.factor, Mapping):
            for group, factor in self.factor.items():
                checks.number(f"factor of group {group!r}", factor, owner="scale")
        else:
            checks.number("factor", self.factor, owner="scale")

    @classmethod
    def of(cls, factors: Mapping[GroupKey, float], groups: Sequence[GroupKey], *, merge: bool = False) -> Scale:
        """The act with these factors, in one number if it is the same for each of the groups."""
        same = set(factors) == set(groups) and len(set(factors.values())) == 1
        return cls(next(iter(factors.values())) if same else factors, merge=merge)

    def for_groups(self, groups: Sequence[GroupKey]) -> dict[GroupKey, Act]:
        return {group: replace(self, factor=factor) for group, factor in self.factors(groups).items()}

    def factors(self, groups: Sequence[GroupKey]) -> dict[GroupKey, float]:
        """The factor of each of these param groups that has one.

        Raises:
            ValueError: It names a group that is not among them, or none.
        """
        if not isinstance(self.factor, Mapping):
            return dict.fromkeys(groups, float(self.factor))
        if not self.factor or not set(self.factor) <= set(groups):
            has = ", ".join(map(repr, groups)) if groups != [None] else "none with a schedule of its own"
            raise ValueError(
                f"scale needs a factor for some of the param groups, got {checks.shown(self.factor)}; there is {has}"
            )
        return {group: float(factor) for group, factor in self.factor.items()}

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        assert not isinstance(self.factor, Mapping)
        left = schedule.cut(position)
        return steps.begin(left, float(self.factor)) if self.merge else left._scaled(float(self.factor))


@dataclass(frozen=True)
class Rebase(Act):
    """Go on from another rate: every remaining rate is scaled so that the present one becomes ``lr``.

    ``of`` is the present rate of the fastest param group, where that is not the schedule's own.

    >>> rest = Rebase(lr=0.2).rest(Ramp(1.0, 0.0, 100), position=50)
    >>> rest(0), rest(25), rest(50)
    (0.2, 0.1, 0.0)
    """

    lr: Annotated[float, "Rate of the fastest param group from now on."]
    of: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        checks.number("lr", self.lr, owner="rebase")

    def resolved(self, training_steps: float | None, lr: float, *, whole: bool = True) -> Self:
        return replace(self, of=lr)

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        present = schedule(position) if self.of is None else self.of
        if not present:
            raise ValueError("rebase multiplies the present rate, which is 0: use amend with a new schedule")
        return Scale(self.lr / present).rest(schedule, position)


@dataclass(frozen=True)
class Dip(Act):
    """Multiply the rate by ``factor`` now, and let the factor return to 1 in a straight line.

    The end of the schedule stays where it is.

    >>> rest = Dip(factor=0.5, recover=50).rest(Constant(1.0), position=100)
    >>> rest(0), rest(25), rest(50)
    (0.5, 0.75, 1.0)
    """

    factor: Annotated[float, "What the present rate is multiplied by, at most 1."]
    recover: Annotated[Length, "Steps until the rate is back on the schedule."]

    def __post_init__(self) -> None:
        super().__post_init__()
        if checks.number("factor", self.factor, owner="dip") > 1:
            raise ValueError(f"dip needs `factor` of at most 1, got {self.factor!r}; to raise the rate use scale")

    def rest(self, schedule: Schedule, position: float) -> Schedule:
        steps = self._steps("recover")
        remaining = schedule.cut(position)
        dip: Schedule = Ramp(float(self.factor), 1.0, steps)
        if remaining.length is None:
            return remaining * dip.then(Constant(1.0))
        if not remaining.length:
            return Constant(remaining(0)) * dip
        # A product ends where its last moving part does.
        return remaining * dip.cut(0, min(steps, remaining.length))


@dataclass(frozen=True)
class Amend(Act):
    """Follow another schedule, which counts from its own 0.

    ``schedule`` is a Schedule, its one-line text, or, where each param group has a schedule, a mapping from the
    group's name or index to its new one.

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
