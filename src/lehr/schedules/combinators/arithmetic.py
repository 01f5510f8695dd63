"""Schedules over the same positions: their product and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from heapq import merge
from operator import add, mul
from typing import Any

from .. import checks
from ..backends import Backend, Piece
from ..base import Schedule
from ..parts import Constant


class _Combined:
    """What a product and a sum share: several schedules over the same positions."""

    parts: tuple[Schedule, ...]

    @property
    def length(self) -> float | None:
        """The last end; a constant that never ends puts none off."""
        moving = [p.length for p in self.parts if not (isinstance(p, Constant) and p.length is None)]
        ends = [length for length in moving if length is not None]
        return max(ends) if ends and len(ends) == len(moving) else None

    def _combine(self, xp: Backend, operation: Any) -> list[Piece]:
        formulas = [part._held(xp) for part in self.parts]
        return [(0, lambda t: reduce(operation, [formula(t) for formula in formulas]))]

    def _breaks(self, stop: float) -> Iterator[float]:
        return merge(*(part._changes(stop) for part in self.parts))

    def _flat(self) -> tuple[Schedule, ...]:
        nested = [part.parts if isinstance(part, type(self)) else (part,) for part in self.parts]
        return tuple(part for parts in nested for part in parts)

    def _print(self, sign: str, *looser: type[Schedule]) -> str:
        first, *others = self.parts
        plain = isinstance(first, Constant) and first.length is None
        words = [operand(first, *looser)] if not plain else [repr(first)]
        for part in others:
            number = isinstance(part, Constant) and part.length is None
            words.append(repr(part.rate) if number else operand(part, *looser))  # type: ignore[attr-defined]
        return f" {sign} ".join(words)


@dataclass(frozen=True, eq=False, repr=False)
class Product(_Combined, Schedule):
    """Schedules multiplied at each position: ``a * b``, ``a * 0.1``."""

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        checks.store(self, parts=self._flat())

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self._combine(xp, mul)

    def __repr__(self) -> str:
        return self._print("*", Sum)


@dataclass(frozen=True, eq=False, repr=False)
class Sum(_Combined, Schedule):
    """Schedules added at each position: ``a + b``, ``a + 1e-5``."""

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        checks.store(self, parts=self._flat())

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self._combine(xp, add)

    def __repr__(self) -> str:
        return self._print("+")


def operand(part: Schedule, *looser: type[Schedule]) -> str:
    return f"({part!r})" if isinstance(part, looser) else repr(part)
