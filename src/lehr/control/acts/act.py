"""`Act`: a change of a schedule during training, as a value."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from typing import Any, Self, get_args, get_type_hints

from ...schedules import Schedule, checks, lengths
from ...schedules.lengths import Length

GroupKey = int | str | None
"""The index or the name of one param group, or None for all of them."""

ACTS: dict[str, type[Act]] = {}
"""Every act by the name that it has in a control file, on the command line and in the history."""


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
