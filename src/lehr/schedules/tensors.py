"""The reading of a formula that a compiler can trace: torch tensors and JAX arrays, whose values nobody looks at.

Every piece is computed at every position, and a ``where`` chooses. Outside of its range a piece is computed at the
nearer end of the range, so that it meets no position that it was not made for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

from .backends import Backend, Formula, Piece, Value
from .checks import LONGEST
from .cycles import MOST, Cycles
from .lookup import Lookup
from .tensor_numbers import Library, Number, Tensor


class Readable(Protocol):
    """A schedule, as it is read here: `Schedule` imports the readings, so it cannot be imported."""

    def _held(self, xp: Backend) -> Formula: ...


class Tensors:
    """The backend of tensors, for one library of them and one device.

    A position below 0 counts as 0; one that is infinite or not a number has a rate that is not a number.

    Attributes:
        library: What the libraries do in different ways.
        tables: The numbers that formulas look up.
    """

    pi = math.pi

    def __init__(self, library: Library) -> None:
        self.library = library
        self.tables: list[Tensor] = []

    def reading(self, schedule: Readable) -> Callable[..., Tensor]:
        """The function from positions, and the tables, to the rates of a schedule."""
        formula, library, functions = schedule._held(self), self.library, self.library.functions

        def rates(positions: Tensor, *tables: Tensor) -> Tensor:
            if library.has_integers(positions):
                whole = library.counts(positions)
                counted = library.cast(positions, library.whole_type if whole else library.real_type)
                t = Number(functions.clip(counted, 0, None), library, tables, whole)
                return t.filled(formula(t))
            real = library.cast(positions, library.real_type)
            known = real < math.inf
            t = Number(functions.clip(functions.where(known, real, 0.0), 0, None), library, tables, whole=False)
            return library.cast(functions.where(known, t.filled(formula(t)), math.nan), positions.dtype)

        return rates

    def __getattr__(self, name: str) -> Callable[[Value], Value]:
        on_floats, on_tensors = getattr(math, name), getattr(self.library.functions, name)
        return lambda x: x.mapped(on_tensors) if isinstance(x, Number) else on_floats(x)

    def maximum(self, low: float, value: Value) -> Value:
        return value.clipped(low, None) if isinstance(value, Number) else max(low, value)

    def minimum(self, high: float, value: Value) -> Value:
        return value.clipped(None, high) if isinstance(value, Number) else min(high, value)

    def piecewise(self, pieces: Sequence[Piece]) -> Formula:
        edges = [*(start for start, _ in pieces), math.inf]
        spans = [(*span, f) for span, (_, f) in zip(pairwise(edges), pieces, strict=True) if span[0] != span[1]]

        def follow(t: Number) -> Value:
            (_, stop, first), *others = spans
            rates = first(t.inside(0, stop))
            for start, stop, formula in others:
                if t.reaches(start):
                    rates = t.chosen(t.is_below(start), rates, formula(t.inside(start, stop)))
            return rates

        return follow

    def table(self, values: Sequence[float]) -> Formula:
        rates = self._lookup(values)
        return lambda t: rates.at(t, t.index())

    def line(self, at: Sequence[float], values: Sequence[float]) -> Formula:
        x, widths, y = self._lookup(at), self._lookup([b - a for a, b in pairwise(at)]), self._lookup(values)

        def between(t: Number) -> Value:
            left = self.library.functions.clip(x.count_until(t), 1, len(at) - 1) - 1
            share = (t - x.reached(t, left)) / widths.at(t, left)
            return y.at(t, left) + share * (y.at(t, left + 1) - y.at(t, left))

        return between

    def cycle(self, length: float, factor: float, times: int | None) -> Formula:
        cycles = Cycles(length, factor, times)
        near = cycles.near(LONGEST)
        starts, scales = self._lookup(near), self._lookup([factor**i for i in range(len(near))])

        def locate(t: Number) -> tuple[Value, Value, Value]:
            place = starts.count_until(t) - 1
            index = t.like(self.library.cast(place, self.library.real_type))
            found = index, starts.reached(t, place), scales.at(t, place)
            if len(near) <= MOST:
                return found
            far, start = cycles.far(t.clipped(near[-1], None), self)
            beyond = far, start.at_most(t), factor**far
            a, b, c = (t.chosen(place < MOST, here, there) for here, there in zip(found, beyond, strict=True))
            return a, b, c

        return locate

    def _lookup(self, values: Sequence[float]) -> Lookup:
        return Lookup(values, self.library, self.tables)
