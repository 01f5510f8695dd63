"""A change of a run: what is recorded of it, and how a schedule is put together under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..schedules import Schedule, checks
from ..schedules.combinators import sequence

MOST_PARTS, DEEPEST = 10_000, 50
"""What a spec may have; a schedule beyond could be saved and not loaded."""

Rest = Callable[[Schedule, float], Schedule]
"""A schedule and a position -> what comes from there on."""


@dataclass(frozen=True)
class Change:
    """One change of a run's schedule.

    Attributes:
        position: Where in the run it was made.
        time: When, in seconds since 1970.
        what: The call, as text.
        why: Its reason, in the words of who made it.
        rest: What the schedule says from there on, counted from there; by hyperparameter and group.
    """

    position: int
    time: int
    what: str
    why: str
    rest: tuple[Schedule, ...]


def described(what: str, **settings: Any) -> str:
    """A call as text, without the settings that are None."""
    return f"{what}({', '.join(f'{name}={value!r}' for name, value in settings.items() if value is not None)})"


def amended(schedule: Schedule, position: float, rest: Schedule) -> Schedule:
    """``schedule`` up to ``position``, and from there on ``rest``.

    Raises:
        ValueError: ``rest`` has no finite rate where it begins, or more parts than a checkpoint holds.
    """
    if not _fits(rest):
        raise ValueError(
            f"after this change the schedule would have more than {MOST_PARTS:,} parts, or be more than {DEEPEST} "
            f"deep, and no checkpoint holds that; amend with one that is built anew"
        )
    rate_at(rest, 0)
    return sequence(schedule.cut(0, position), rest)


def rate_at(schedule: Schedule, position: float) -> float:
    """The rate there, if it is one: what nobody has written into an optimizer yet.

    Raises:
        ValueError: It cannot be computed, or is infinite.
    """
    try:
        return checks.number("rate", schedule(position), owner=f"position {position} of the run")
    except (ArithmeticError, RecursionError) as error:
        raise ValueError(f"the rate at position {position} cannot be computed: {error}") from None


def _fits(schedule: Schedule) -> bool:
    """Whether a spec may say it; it stops counting where it may not."""
    parts, left = 0, [(schedule, 0)]
    while left:
        part, depth = left.pop()
        parts += 1
        if parts > MOST_PARTS or depth > DEEPEST:
            return False
        inner = [part.of] if hasattr(part, "of") else getattr(part, "parts", ())
        left += [(one, depth + 1) for one in inner]
    return True
