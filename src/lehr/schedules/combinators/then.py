"""One schedule after another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .. import checks
from ..backends import Backend, Piece
from ..base import ATOM, SUM, Schedule
from ..boundaries import first_position
from ..parts import Constant
from .arithmetic import chunks_of_operand, exact, fitted, schedules


def sequence(*parts: Schedule) -> Schedule:
    """``parts`` one after the other; see `Schedule.then`."""
    return Then(parts)._unwrapped


@dataclass(frozen=True, eq=False, repr=False)
class Then(Schedule):
    """One schedule after another: ``a.then(b)``.

    With a single part it equals that part, and prints as it.
    """

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        parts = schedules(self.parts, "then")
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, Then) else [part])]
        for part in flat[:-1]:
            if part.length is None:
                raise ValueError(f"nothing can follow {checks.shown(part)}, which never ends; cut it: cut(stop=...)")
        checks.store(self, parts=(*(part for part in flat[:-1] if part.length), flat[-1]))

    @cached_property
    def _places(self) -> list[tuple[float, Schedule]]:
        """Each part, after its start."""
        places: list[tuple[float, Schedule]] = []
        start: float = 0
        for part in self.parts:
            places.append((start, part))
            start += part.length or 0
        return places

    @cached_property
    def length(self) -> float | None:
        start, last = self._places[-1]
        return None if last.length is None else start + last.length

    def _pieces(self, xp: Backend) -> list[Piece]:
        return [(start + at, f) for start, part in self._places for at, f in part._parts_of_formula(xp)]

    def _final(self) -> float:
        return self.parts[-1]._final_rate

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        for begin, part in self._places:
            if begin >= stop:
                return
            if begin > start:
                yield begin
            if begin + part._end > start:
                inner = part._breaks(max(start - begin, 0), min(stop - begin, part._end))
                yield from _moved(inner, begin)

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        lows, highs = zip(*(part._bounds for part in self.parts), strict=True)
        return min(lows), max(highs)

    @property
    def _unwrapped(self) -> Schedule:
        return self.parts[0] if len(self.parts) == 1 else self

    def _cut(self, start: float, stop: float) -> Schedule:
        kept = [
            part.cut(max(start - begin, 0), None if begin + part._end <= stop else stop - begin)
            for begin, part in self._places
            if begin < stop and begin + part._end > start
        ]
        if stop < math.inf and kept[-1]._final_rate != self(stop):  # the end belongs to what comes next
            kept.append(Constant(self(stop), 0))
        return sequence(*kept)

    def _fit(self, length: float) -> Schedule:
        """Each part up to where the stretched whole has its end, so that rounding does not add up."""
        ratio = length / self._end
        stops = [*(exact(start * ratio) for start, _ in self._places[1:]), length]
        starts = [0.0, *stops[:-1]]
        return sequence(*(fitted(p, stop - start) for p, start, stop in zip(self.parts, starts, stops, strict=True)))

    def _inside_cycle(self, position: float) -> bool:
        return any(
            part._inside_cycle(position - start)
            for start, part in self._places
            if start < position <= start + part._end
        )

    def _key(self) -> tuple[object, ...]:
        keys = [part._key() for part in self.parts]
        if len(keys) == 1:
            return keys[0]
        return ("Then", *(inner for key in keys for inner in (key[1:] if key[0] == "Then" else [key])))

    def _chunks(self) -> Iterator[str]:
        first, *others = self.parts
        yield from chunks_of_operand(first, ATOM if others else SUM)
        for part in others:
            yield ".then("
            yield from part._chunks()
            yield ")"


def _moved(positions: Iterator[float], by: float) -> Iterator[float]:
    return (first_position(lambda t: t - by, at, near=by + at) for at in positions)
