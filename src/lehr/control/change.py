"""What the history keeps of a change, and the schedule that results from it."""

from __future__ import annotations

from dataclasses import dataclass

from ..schedules import Schedule


@dataclass(frozen=True)
class Change:
    """One change of a run's schedules.

    Attributes:
        position: Position of the first update that it holds for.
        time: When it was made, in seconds since 1970.
        what: The act, as text.
        why: The reason, in the words of whoever made it.
        rest: What each schedule of the plan says from there on, counted from there; None where it is unchanged.
        merged: Number of small changes that it stands for; 0 if it is an ordinary one.
    """

    position: float
    time: int
    what: str
    why: str
    rest: tuple[Schedule | None, ...]
    merged: int = 0


def amended(schedule: Schedule, position: float, rest: Schedule | None) -> Schedule:
    """``schedule`` up to ``position`` and ``rest`` from there on; without a rest, ``schedule`` itself.

    >>> from lehr import Constant, Ramp
    >>> now = amended(Constant(1.0), 10, Ramp(1.0, 0.0, 5))
    >>> now(9), now(10), now(15), now.length
    (1.0, 1.0, 0.0, 15)
    """
    return schedule if rest is None else schedule.cut(0, position).then(rest)
