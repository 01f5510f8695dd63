"""A schedule around one other, whose positions are moved, stretched or taken in steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, takewhile

from .. import checks
from ..backends import Backend, Piece
from ..base import ATOM, Schedule
from ..boundaries import first_position
from ..field_value import chunks_of_call
from .arithmetic import chunks_of_operand, fitted, schedules


class Delegate:
    """What a schedule takes from the one ``of`` which it is made, unless it says more."""

    of: Schedule

    def _final(self) -> float:
        return self.of._final_rate

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        return self.of._breaks(start, stop)

    @property
    def _bounds(self) -> tuple[float, float]:
        return self.of._bounds

    def _inside_cycle(self, position: float) -> bool:
        return self.of._inside_cycle(position)


class Around(Delegate):
    """What the schedules around one other schedule share: they print as a method call on it."""

    def __post_init__(self) -> None:
        (of,) = schedules([self.of], type(self).__name__.lower())
        checks.store(self, of=of)

    def _chunks(self) -> Iterator[str]:
        yield from chunks_of_operand(self.of, ATOM)
        yield f".{type(self).__name__.lower()}("
        settings: dict[str, object] = self.settings()  # type: ignore[attr-defined]  # it is mixed into a Schedule
        yield from chunks_of_call((name, value) for name, value in settings.items() if name != "of")
        yield ")"


@dataclass(frozen=True, eq=False, repr=False)
class Cut(Around, Schedule):
    """The rates of a schedule between two positions, counted from 0: ``a.cut(start, stop)``.

    It equals what `Schedule.cut` makes of the same, which is simpler for most schedules.
    """

    of: Schedule
    start: float = 0
    stop: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        start, stop = checks.span(self.start, self.stop, owner="cut")
        checks.store(self, start=start, stop=stop)

    @cached_property
    def length(self) -> float | None:
        end = self.of.length if self.stop is None else self.stop
        return None if end is None else max(0, end - self.start)

    @cached_property
    def _simple(self) -> Schedule:
        """The same without what lies outside; itself if there is nothing to drop."""
        body = self.of._body
        simple = body.cut(self.start, self.stop)
        return self if isinstance(simple, Cut) and simple.of is body else simple

    def _pieces(self, xp: Backend) -> list[Piece]:
        if self._simple is not self:
            return self._simple._parts_of_formula(xp)
        formula, start = self.of._held(xp), self.start
        return [(0, (lambda t: formula(t + start)) if start else formula)]

    def _final(self) -> float:
        return self.of(max(self.start, self.of._end if self.stop is None else self.stop))

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        if self._simple is not self:
            yield from self._simple._breaks(start, stop)
            return
        begin = self.start
        for at in self.of._changes(begin + start, begin + stop):
            yield first_position(lambda t: t + begin, at, near=at - begin)

    def _cut(self, start: float, stop: float) -> Schedule:
        return self.of.cut(self.start + start, None if stop == self._end and self.stop is None else self.start + stop)

    def _fit(self, length: float) -> Schedule:
        if self.stop is None and isinstance(self.of, Stretch):
            inner = self.of.of
            return fitted(inner.cut(self.start * inner._end / self.of.length), length)
        return self.stretch(length)

    def _inside_cycle(self, position: float) -> bool:
        return self.of._inside_cycle(self.start + position)

    def _key(self) -> tuple[object, ...]:
        simple = self.of._body.cut(self.start, self.stop)
        if isinstance(simple, Cut):
            return ("Cut", simple.of._key(), simple.start, simple.stop)
        return simple._key()


@dataclass(frozen=True, eq=False, repr=False)
class Stretch(Around, Schedule):
    """A schedule run faster or slower: ``a.stretch(length)``."""

    of: Schedule
    length: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.store(self, length=checks.length("length", self.length, owner="stretch", above=0))
        need_length(self.of, "stretch")

    def _pieces(self, xp: Backend) -> list[Piece]:
        formula, old, new = self.of._held(xp), self.of._end, self.length
        return [(0, lambda t: formula(t * old / new))]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        old, new = self.of._end, self.length
        for at in self.of._breaks(start * old / new, min(old, stop * old / new)):
            moved = first_position(lambda t: t * old / new, at, near=at * new / old)
            if start < moved < stop:
                yield moved

    def _fit(self, length: float) -> Schedule:
        return fitted(self.of, length)

    def _inside_cycle(self, position: float) -> bool:
        return self.of._inside_cycle(position * self.of._end / self.length)


@dataclass(frozen=True, eq=False, repr=False)
class Stairs(Around, Schedule):
    """A schedule in steps: ``a.stairs(every)``."""

    of: Schedule
    every: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.store(self, every=checks.length("every", self.every, owner="stairs", above=0))

    @cached_property
    def length(self) -> float | None:
        end = self.of.length
        return (
            None if end is None else checks.length("length", math.ceil(end / self.every) * self.every, owner="stairs")
        )

    def _pieces(self, xp: Backend) -> list[Piece]:
        formula, every = self.of._held(xp), self.every
        return [(0, lambda t: formula(t // every * every))]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        edges = (
            first_position(lambda t: t // self.every, n, self.every * n) for n in count(int(start // self.every) + 1)
        )
        return takewhile(lambda edge: edge < stop, edges)


def need_length(schedule: Schedule, owner: str) -> None:
    """Refuse a schedule that never ends or has length 0."""
    if not schedule.length:
        why = "never ends" if schedule.length is None else "has length 0"
        raise ValueError(f"{owner} needs a schedule with a length above 0, and {checks.shown(schedule)} {why}")
