"""Schedules over the same positions: their product, their sum and their difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from heapq import merge
from itertools import product
from operator import add, mul, sub
from typing import ClassVar

from .. import checks
from ..backends import Backend, Piece, Value
from ..base import PRODUCT, SUM, Schedule
from ..parts import Constant


class _Combined:
    """What a product, a sum and a difference share: several schedules over the same positions.

    With a single part it equals that part, and prints as it.
    """

    parts: tuple[Schedule, ...]
    operation: ClassVar[Callable[[Value, Value], Value]]
    neutral: ClassVar[float]
    sign: ClassVar[str]
    _precedence: ClassVar[int]

    def __post_init__(self) -> None:
        kind = type(self).__name__
        parts = schedules(self.parts, kind)
        first, *others = parts
        flat = (*(first.parts if isinstance(first, type(self)) else (first,)), *others)  # a * (b * c) rounds otherwise
        checks.store(self, parts=flat)
        if not all(map(math.isfinite, self._bounds)):
            raise ValueError(
                f"{kind} needs parts whose {kind.lower()} is always a finite number, got parts that reach "
                f"{', '.join(f'{part._highest:g}' for part in flat[:10])}"
            )

    @cached_property
    def length(self) -> float | None:
        """The last end; a constant that never ends is not counted."""
        ends = [part.length for part in self.parts if part._level is None]
        return max((end for end in ends if end is not None), default=None) if None not in ends else None

    def _pieces(self, xp: Backend) -> list[Piece]:
        operation = type(self).operation
        formulas = [part._held(xp) for part in self.parts]
        if len(formulas) == 2:  # the common number, without a list
            a, b = formulas
            return [(0, lambda t: operation(a(t), b(t)))]
        return [(0, lambda t: reduce(operation, [formula(t) for formula in formulas]))]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        return merge(*(part._changes(start, stop) for part in self.parts))

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        return reduce(self._bounds_of_two, [part._bounds for part in self.parts])

    @classmethod
    def _bounds_of_two(cls, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
        ends = [float(reduce(cls.operation, pair)) for pair in product(a, b)]
        return min(ends), max(ends)

    @property
    def _unwrapped(self) -> Schedule:
        return self.parts[0] if len(self.parts) == 1 else self  # type: ignore[return-value]  # it is mixed into one

    def _cut(self, start: float, stop: float) -> Schedule:
        if all(part._level is not None for part in self.parts):
            return Constant(self._bounds[0], None if stop == math.inf else stop - start)
        return self._simplest(_cut_part(part, start, stop) for part in self.parts)

    def _simplest(self, parts: Iterable[Schedule]) -> Schedule:
        """The parts combined, without constants that change no rate by a bit."""
        kept = [part for part in parts if part._level != self.neutral]
        while len(kept) > 1 and kept[0]._level is not None and kept[1]._level is not None:
            kept[:2] = [Constant(type(self).operation(kept[0]._level, kept[1]._level))]
        return type(self)(tuple(kept or [Constant(self.neutral)]))._unwrapped  # type: ignore[call-arg]  # both kinds have parts

    def _fit(self, length: float) -> Schedule:
        ratio = length / self.length  # type: ignore[operator]  # it is asked only of one that ends
        return self._simplest(fitted(part, exact((part.length or 0) * ratio)) for part in self.parts)

    def _inside_cycle(self, position: float) -> bool:
        return any(part._inside_cycle(position) for part in self.parts)

    def _key(self) -> tuple[object, ...]:
        keys = tuple(part._key() for part in self.parts)
        return keys[0] if len(keys) == 1 else (type(self).__name__, keys)

    def _chunks(self) -> Iterator[str]:
        first, *others = self.parts
        yield from chunks_of_operand(first, self._precedence if others else SUM)
        for part in others:
            yield f" {self.sign} "
            if part._level is None:
                yield from chunks_of_operand(part, self._precedence + 1)
            else:
                yield repr(part._level)


@dataclass(frozen=True, eq=False, repr=False)
class Product(_Combined, Schedule):
    """Schedules multiplied at each position: ``a * b``, ``a * 0.1``."""

    parts: tuple[Schedule, ...]
    operation = mul
    neutral = 1.0
    _precedence = PRODUCT
    sign = "*"

    def _scaled(self, factor: float) -> Schedule:
        levels = [part._level for part in self.parts if part._level is not None]
        moving = [part for part in self.parts if part._level is None]
        return self._simplest([*moving, Constant(math.prod(levels, start=factor))])


@dataclass(frozen=True, eq=False, repr=False)
class Sum(_Combined, Schedule):
    """Schedules added at each position: ``a + b``, ``a + 1e-5``."""

    parts: tuple[Schedule, ...]
    operation = add
    neutral = 0.0
    _precedence = SUM
    sign = "+"


@dataclass(frozen=True, eq=False, repr=False)
class Difference(_Combined, Schedule):
    """The first schedule minus the others at each position: ``a - b``, ``1 - a``.

    It may be negative where the others are larger; ``.clip(lo=0)`` ends that, and a `lehr.Scheduler` refuses such a
    rate. One that is negative everywhere is refused here.
    """

    parts: tuple[Schedule, ...]
    operation = sub
    neutral = 0.0
    _precedence = SUM
    sign = "-"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._highest < 0:
            raise ValueError(
                f"Difference needs a first part that is not always below the others, got {checks.shown(self)}, which "
                f"is at most {self._highest:g}; a rate is at least 0"
            )

    def _simplest(self, parts: Iterable[Schedule]) -> Schedule:
        first, *others = parts
        return Difference((first, *(part for part in others if part._level != 0)))._unwrapped


def chunks_of_operand(part: Schedule, least: int) -> Iterator[str]:
    """The repr of a part piece by piece, in brackets if its precedence is below ``least``."""
    bracketed = part._precedence < least
    yield "(" if bracketed else ""
    yield from part._chunks()
    yield ")" if bracketed else ""


def schedules(parts: Iterable[object], kind: str) -> list[Schedule]:
    """The parts, each by itself, if they are at least one schedule.

    Raises:
        ValueError: There is none, or one of them is no schedule.
    """
    checked = []
    for part in parts:
        if not isinstance(part, Schedule):
            shown = checks.shown(part)
            raise ValueError(f"{kind} needs schedules, got {shown}; for a rate use Constant({shown})")
        checked.append(part._unwrapped)
    if not checked:
        raise ValueError(f"{kind} needs at least one schedule, got none")
    return checked


def _cut_part(part: Schedule, start: float, stop: float) -> Schedule:
    if part._level is not None:
        return part
    if part._end <= start:
        return Constant(part._final_rate)
    return part.cut(start, stop if stop < part._end else None)


def fitted(part: Schedule, length: float) -> Schedule:
    """A part fitted into ``length``, if it has one."""
    return part._fit(length) if part.length and length else part


def exact(position: float) -> float:
    """The nearest 1024th: sums of such are exact, and lengths of schedules are sums."""
    return round(position * 1024) / 1024
