"""Schedules made of schedules. They are built by the operators of `Schedule`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from heapq import merge
from operator import add, mul
from typing import Any

from . import checks
from .backends import SCALARS, Backend, Formula, Piece
from .base import Schedule
from .parts import Constant


def sequence(*parts: Schedule) -> Schedule:
    """``parts`` one after the other; see `Schedule.then`."""
    flat: list[Schedule] = []
    for part in parts:
        if not isinstance(part, Schedule):
            raise ValueError(f"`then` takes schedules, got {part!r}; for a rate use Constant({part!r})")
        flat.extend(part.parts if isinstance(part, Then) else [part])
    for part in flat[:-1]:
        if part.length is None:
            raise ValueError(f"nothing can follow {part!r}, which never ends; cut it: cut(stop=...)")
    kept = [part for part in flat[:-1] if part.length] + flat[-1:]
    return Then(tuple(kept)) if len(kept) > 1 else kept[0]


def _pieces_of(part: Schedule, xp: Backend) -> list[Piece]:
    return part._scalar_pieces if xp is SCALARS else part._pieces(xp)


def _operand(part: Schedule, *looser: type[Schedule]) -> str:
    return f"({part!r})" if isinstance(part, looser) else repr(part)


@dataclass(frozen=True, eq=False, repr=False)
class Then(Schedule):
    """One schedule after another: ``a.then(b)``."""

    parts: tuple[Schedule, ...]

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
        return _operand(first, Product, Sum) + "".join(f".then({part!r})" for part in others)


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
        words = [_operand(first, *looser)] if not plain else [repr(first)]
        for part in others:
            number = isinstance(part, Constant) and part.length is None
            words.append(repr(part.rate) if number else _operand(part, *looser))  # type: ignore[attr-defined]
        return f" {sign} ".join(words)


@dataclass(frozen=True, eq=False, repr=False)
class Product(_Combined, Schedule):
    """Schedules multiplied at each position: ``a * b``, ``a * 0.1``."""

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", self._flat())

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self._combine(xp, mul)

    def __repr__(self) -> str:
        return self._print("*", Sum)


@dataclass(frozen=True, eq=False, repr=False)
class Sum(_Combined, Schedule):
    """Schedules added at each position: ``a + b``, ``a + 1e-5``."""

    parts: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", self._flat())

    def _pieces(self, xp: Backend) -> list[Piece]:
        return self._combine(xp, add)

    def __repr__(self) -> str:
        return self._print("+")


class _Around:
    """What the schedules around one other schedule share: they print as a method call on it."""

    of: Schedule

    def __repr__(self) -> str:
        said = self.settings()  # type: ignore[attr-defined]
        words = ", ".join(f"{name}={value!r}" for name, value in said.items() if name != "of")
        return f"{_operand(self.of, Product, Sum)}.{type(self).__name__.lower()}({words})"


def _set(node: Schedule, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(node, name, value)


@dataclass(frozen=True, eq=False, repr=False)
class Clip(_Around, Schedule):
    """A schedule held between two rates: ``a.clip(lo, hi)``."""

    of: Schedule
    lo: float | None = None
    hi: float | None = None

    def __post_init__(self) -> None:
        for name in ("lo", "hi"):
            value = getattr(self, name)
            if value is not None:
                _set(self, **{name: checks.number(name, value, owner="clip")})
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
class Cut(_Around, Schedule):
    """A stretch of a schedule, counted from its own 0: ``a.cut(start, stop)``."""

    of: Schedule
    start: float = 0
    stop: float | None = None

    def __post_init__(self) -> None:
        _set(self, start=checks.length("start", self.start, owner="cut"))
        if self.stop is not None:
            _set(self, stop=checks.length("stop", self.stop, owner="cut"))
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
class Stretch(_Around, Schedule):
    """A schedule run faster or slower: ``a.stretch(length)``."""

    of: Schedule
    length: float

    def __post_init__(self) -> None:
        _set(self, length=checks.length("length", self.length, owner="stretch", above=0))
        if not self.of.length:
            why = "never ends" if self.of.length is None else "takes no positions"
            raise ValueError(f"stretch needs a schedule with a length, and {self.of!r} {why}")

    def _pieces(self, xp: Backend) -> list[Piece]:
        formula, old, new = self.of._held(xp), self.of.length, self.length
        return [(0, lambda t: formula(t * old / new))]

    def _breaks(self, stop: float) -> Iterator[float]:
        ratio = self.length / (self.of.length or 1)
        yield from (b * ratio for b in self.of._breaks(stop / ratio))


@dataclass(frozen=True, eq=False, repr=False)
class Repeat(_Around, Schedule):
    r"""A schedule over and over: ``a.repeat(times)``.

    Cycle :math:`i`, from 0, takes :math:`n \, l^i` positions and multiplies the rates by
    :math:`h^i`.
    """

    of: Schedule
    times: int | None = None
    length_factor: float = 1
    height_factor: float = 1

    def __post_init__(self) -> None:
        if not self.of.length:
            why = "never ends" if self.of.length is None else "takes no positions"
            raise ValueError(f"repeat needs a schedule with a length, and {self.of!r} {why}")
        factor = checks.length("length_factor", self.length_factor, owner="repeat", above=0)
        height = checks.length("height_factor", self.height_factor, owner="repeat", above=0)
        _set(self, length_factor=factor, height_factor=height)
        if self.times is not None:
            _set(self, times=checks.count("times", self.times, owner="repeat"))
            if factor != 1 and (self.times > 1000 or factor**self.times > checks.LONGEST):
                raise ValueError(
                    f"repeat with a `length_factor` of {factor!r} takes at most 1000 cycles, and "
                    f"none longer than 10**18 positions; got times={self.times}"
                )
        elif factor < 1:
            raise ValueError(
                f"repeat needs `times` where `length_factor` is below 1, got {factor!r}: "
                f"cycles that shrink for ever have no next one"
            )

    @property
    def length(self) -> float | None:
        if self.times is None:
            return None
        one, factor = self.of.length or 0, self.length_factor
        if factor == 1:
            return one * self.times
        return checks.length("length", sum(one * factor**i for i in range(self.times)), owner="repeat")

    def _pieces(self, xp: Backend) -> list[Piece]:
        length, factor, height = self.of.length or 1, self.length_factor, self.height_factor
        rate = self.of._held(xp)
        if factor != 1:
            locate = xp.cycle(length, factor, self.times)

            def grown(t: Any) -> Any:
                index, start = locate(t)
                return rate((t - start) / factor**index) * height**index

            return [(0, grown)]
        if height != 1:
            return [(0, lambda t: rate(t % length) * height ** (t // length))]
        return [(0, lambda t: rate(t % length))]

    def _final(self) -> float:
        return self.of._final() * float(self.height_factor) ** ((self.times or 1) - 1)

    def _breaks(self, stop: float) -> Iterator[float]:
        cycle, start, scale = 0, 0.0, 1.0
        one = self.of.length or math.inf
        while start < stop and cycle != self.times:
            if start:
                yield start
            for inner in self.of._breaks(min(one, (stop - start) / scale)):
                yield start + inner * scale
            start, scale, cycle = start + one * scale, scale * self.length_factor, cycle + 1
