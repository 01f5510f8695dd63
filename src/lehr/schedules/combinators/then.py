"""One schedule after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .. import checks
from ..backends import SCALARS, Backend, Piece
from ..base import Schedule
from .arithmetic import Product, Sum, operand


def sequence(*parts: Schedule) -> Schedule:
    """``parts`` one after the other; see `Schedule.then`."""
    flat: list[Schedule] = []
    for part in parts:
        if not isinstance(part, Schedule):
            raise ValueError(f"`then` takes schedules, got {part!r}; for a rate use Constant({part!r})")
        flat.extend(part.parts if isinstance(part, Then) else [part])
    _check_ends(flat)
    kept = [part for part in flat[:-1] if part.length] + flat[-1:]
    return Then(tuple(kept)) if len(kept) > 1 else kept[0]


def _check_ends(parts: Sequence[Schedule]) -> None:
    for part in parts[:-1]:
        if part.length is None:
            raise ValueError(f"nothing can follow {checks.shown(part)}, which never ends; cut it: cut(stop=...)")


@dataclass(frozen=True, eq=False, repr=False)
class Then(Schedule):
    """One schedule after another: ``a.then(b)``."""

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        _check_ends(self.parts)

    @property
    def length(self) -> float | None:
        last = self.parts[-1].length
        return None if last is None else sum(p.length or 0 for p in self.parts[:-1]) + last

    def _starts(self) -> Iterator[tuple[float, Schedule]]:
        start: float = 0
        for part in self.parts:
            yield start, part
            start += part.length or 0

    def _pieces(self, xp: Backend) -> list[Piece]:
        return [(start + s, f) for start, part in self._starts() for s, f in _pieces_of(part, xp)]

    def _final(self) -> float:
        last = self.parts[-1]
        return last._final()

    def _breaks(self, stop: float) -> Iterator[float]:
        for start, part in self._starts():
            if 0 < start < stop:
                yield start
            end = stop - start if part.length is None else min(stop - start, part.length)
            yield from (start + inner for inner in part._breaks(end))

    def _key(self) -> tuple[Any, ...]:
        keys = (part._key() for part in self.parts)
        return ("Then", *(k for key in keys for k in (key[1:] if key[0] == "Then" else [key])))

    def __repr__(self) -> str:
        first, *others = self.parts
        return operand(first, Product, Sum) + "".join(f".then({part!r})" for part in others)


def _pieces_of(part: Schedule, xp: Backend) -> list[Piece]:
    return part._scalar_pieces if xp is SCALARS else part._pieces(xp)
