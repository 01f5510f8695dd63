"""A schedule each rate of which follows from one rate of another: held between two bounds, or raised to a power."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from .. import checks
from ..backends import SCALARS, Backend, Formula, Piece
from ..base import ATOM, POWER, Schedule
from .arithmetic import chunks_of_operand, fitted
from .around import Around


class Pointwise(Around):
    """What the schedules share whose every rate follows from one rate of another schedule."""

    def _mapped(self, formula: Formula, xp: Backend) -> Formula:
        """The formula of this schedule, from that of the other one."""
        raise NotImplementedError

    def _with(self, of: Schedule) -> Schedule:
        """The same for another schedule."""
        return replace(self, of=of)  # type: ignore[type-var,return-value]  # it is mixed into frozen schedules

    @cached_property
    def length(self) -> float | None:
        return self.of.length

    def _pieces(self, xp: Backend) -> list[Piece]:
        return [(start, self._mapped(f, xp)) for start, f in self.of._parts_of_formula(xp)]

    def _final(self) -> float:
        return float(self._mapped(self.of._hold, SCALARS)(0))

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        ends = [float(self._mapped(lambda t: t, SCALARS)(bound)) for bound in self.of._bounds]
        return min(ends), max(ends)

    def _cut(self, start: float, stop: float) -> Schedule:
        return self._with(self.of.cut(start, None if stop == self.of._end else stop))

    def _fit(self, length: float) -> Schedule:
        return self._with(fitted(self.of, length))


@dataclass(frozen=True, eq=False, repr=False)
class Clip(Pointwise, Schedule):
    """A schedule held between two rates: ``a.clip(lo, hi)``."""

    of: Schedule
    lo: float | None = None
    hi: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("lo", "hi"):
            value = getattr(self, name)
            if value is not None:
                checks.store(self, **{name: checks.number(name, value, owner="clip")})
        if self.lo is not None and self.hi is not None and self.lo > self.hi:
            raise ValueError(f"clip needs `lo` at most `hi`, got lo={self.lo!r}, hi={self.hi!r}")

    def _mapped(self, formula: Formula, xp: Backend) -> Formula:
        lo, hi, maximum, minimum = self.lo, self.hi, xp.maximum, xp.minimum
        if lo is None:
            return formula if hi is None else lambda t: minimum(hi, formula(t))
        if hi is None:
            return lambda t: maximum(lo, formula(t))
        return lambda t: maximum(lo, minimum(hi, formula(t)))


@dataclass(frozen=True, eq=False, repr=False)
class Pow(Pointwise, Schedule):
    """A schedule raised to a power at each position: ``a ** 0.5``."""

    of: Schedule
    exponent: float
    _precedence = POWER

    def __post_init__(self) -> None:
        super().__post_init__()
        exponent = checks.real("exponent", self.exponent, owner="**")
        checks.store(self, exponent=exponent)
        lowest = self.of._lowest
        if lowest < 0 or (exponent < 0 and lowest == 0):
            least = "above 0 where the exponent is negative" if exponent < 0 else "at least 0"
            raise ValueError(
                f"** needs rates that are {least}, got exponent={exponent!r} and {checks.shown(self.of)}, whose rates "
                f"may come to {lowest:g}; hold them above it first: schedule.clip(lo=...)"
            )
        if not math.isfinite(self._highest):
            raise ValueError(f"** needs rates that stay finite, got {checks.shown(self.of)} ** {exponent!r}")

    def _mapped(self, formula: Formula, xp: Backend) -> Formula:
        exponent = self.exponent
        return lambda t: formula(t) ** exponent

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        try:
            return super()._bounds
        except OverflowError:
            return 0, math.inf

    def _chunks(self) -> Iterator[str]:
        yield from chunks_of_operand(self.of, ATOM)
        yield f" ** {self.exponent!r}"
