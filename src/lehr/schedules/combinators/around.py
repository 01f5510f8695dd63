"""A schedule around one other: its rates held between two, or its positions moved and stretched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .. import checks
from ..backends import SCALARS, Backend, Formula, Piece
from ..base import Schedule
from .arithmetic import Product, Sum, operand


class Around:
    """What the schedules around one other schedule share: they print as a method call on it."""

    of: Schedule

    def __repr__(self) -> str:
        said = self.settings()  # type: ignore[attr-defined]
        words = ", ".join(f"{name}={value!r}" for name, value in said.items() if name != "of")
        return f"{operand(self.of, Product, Sum)}.{type(self).__name__.lower()}({words})"


@dataclass(frozen=True, eq=False, repr=False)
class Clip(Around, Schedule):
    """A schedule held between two rates: ``a.clip(lo, hi)``."""

    of: Schedule
    lo: float | None = None
    hi: float | None = None

    def __post_init__(self) -> None:
        for name in ("lo", "hi"):
            value = getattr(self, name)
            if value is not None:
                checks.store(self, **{name: checks.number(name, value, owner="clip")})
        if self.lo is not None and self.hi is not None and self.lo > self.hi:
            raise ValueError(f"clip needs `lo` at most `hi`, got lo={self.lo!r}, hi={self.hi!r}")

    @property
    def length(self) -> float | None:
        return self.of.length

    def _clipped(self, formula: Formula, xp: Backend) -> Formula:
        lo, hi, maximum, minimum = self.lo, self.hi, xp.maximum, xp.minimum
        if lo is None:
            return formula if hi is None else lambda t: minimum(hi, formula(t))
        if hi is None:
            return lambda t: maximum(lo, formula(t))
        return lambda t: maximum(lo, minimum(hi, formula(t)))

    def _pieces(self, xp: Backend) -> list[Piece]:
        return [(start, self._clipped(f, xp)) for start, f in self.of._pieces(xp)]

    def _final(self) -> float:
        final = self.of._final()
        return float(self._clipped(lambda t: final, SCALARS)(self.length))

    def _breaks(self, stop: float) -> Iterator[float]:
        return self.of._breaks(stop)


@dataclass(frozen=True, eq=False, repr=False)
class Cut(Around, Schedule):
    """A stretch of a schedule, counted from its own 0: ``a.cut(start, stop)``."""

    of: Schedule
    start: float = 0
    stop: float | None = None

    def __post_init__(self) -> None:
        checks.store(self, start=checks.length("start", self.start, owner="cut"))
        if self.stop is not None:
            checks.store(self, stop=checks.length("stop", self.stop, owner="cut"))
            if self.stop < self.start:
                raise ValueError(f"cut needs `start` at most `stop`, got {self.start} and {self.stop}")

    @property
    def length(self) -> float | None:
        end = self.of.length if self.stop is None else self.stop
        return None if end is None else max(0, end - self.start)

    def _pieces(self, xp: Backend) -> list[Piece]:
        formula, start = self.of._held(xp), self.start
        return [(0, (lambda t: formula(t + start)) if start else formula)]

    def _breaks(self, stop: float) -> Iterator[float]:
        inside = self.of._changes(stop + self.start)
        return (position - self.start for position in inside if position > self.start)


@dataclass(frozen=True, eq=False, repr=False)
class Stretch(Around, Schedule):
    """A schedule run faster or slower: ``a.stretch(length)``."""

    of: Schedule
    length: float

    def __post_init__(self) -> None:
        checks.store(self, length=checks.length("length", self.length, owner="stretch", above=0))
        if not self.of.length:
            why = "never ends" if self.of.length is None else "takes no positions"
            raise ValueError(f"stretch needs a schedule with a length, and {self.of!r} {why}")

    def _pieces(self, xp: Backend) -> list[Piece]:
        formula, old, new = self.of._held(xp), self.of.length, self.length
        return [(0, lambda t: formula(t * old / new))]

    def _breaks(self, stop: float) -> Iterator[float]:
        ratio = self.length / (self.of.length or 1)
        yield from (b * ratio for b in self.of._breaks(stop / ratio))
