"""The acts that multiply what is left of a schedule: by a number, to a rate, or for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Self

from ...schedules import Constant, Ramp, Schedule, checks
from ...schedules.lengths import Length
from .. import steps
from .act import Act, GroupKey


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
