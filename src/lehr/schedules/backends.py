"""One formula, several readings: a float, a NumPy array, a tensor, or the text of a Python function.

A schedule writes its formula once, with the functions of a backend. So the rate that trains, on the host or inside a
compiled step, the rates that are drawn and the function that `lehr export --python` writes cannot disagree. Floats and
NumPy arrays are read here, torch tensors and JAX arrays by `tensors`, text by `source`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from .cycles import MOST, Cycles

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

Value: TypeAlias = Any
"""A float, an array, a tensor or an expression: what the backend computes with. Formulas are written for them all."""

Formula = Callable[[Value], Value]
"""Position -> rate."""

Piece = tuple[float, Formula]
"""Where a formula takes over, and the formula, which counts positions from there."""


class Backend(Protocol):
    """What a formula may use beside ``+ - * / % // **``."""

    pi: Value
    sin: Callable[..., Value]
    cos: Callable[..., Value]
    sqrt: Callable[..., Value]
    exp: Callable[..., Value]
    log: Callable[..., Value]
    tanh: Callable[..., Value]

    def maximum(self, low: float, value: Value, /) -> Value:
        """The larger of both."""

    def minimum(self, high: float, value: Value, /) -> Value:
        """The smaller of both."""

    def piecewise(self, pieces: Sequence[Piece]) -> Formula:
        """The formula that follows each piece from its start to the next one's."""

    def table(self, values: Sequence[float]) -> Formula:
        """The value whose index is the position, rounded down."""

    def line(self, at: Sequence[float], values: Sequence[float]) -> Formula:
        """The straight line between the two knots around a position."""

    def cycle(self, length: float, factor: float, times: int | None) -> Formula:
        """Position -> (index of the cycle, its start, ``factor ** index``), when each is ``factor`` times as long."""


class _Scalars:
    """Floats, through `math`: what trains."""

    maximum = staticmethod(max)
    minimum = staticmethod(min)

    def __getattr__(self, name: str) -> Value:
        return getattr(math, name)

    def piecewise(self, pieces: Sequence[Piece]) -> Formula:
        if len(pieces) == 1:
            return pieces[0][1]
        if len(pieces) == 2:  # the common sizes, without the cost of a search
            (_, a), (b_start, b) = pieces
            return lambda t: a(t) if t < b_start else b(t - b_start)
        if len(pieces) == 3:
            (_, a), (b_start, b), (c_start, c) = pieces
            return lambda t: a(t) if t < b_start else b(t - b_start) if t < c_start else c(t - c_start)

        starts, formulas = zip(*pieces, strict=True)

        def follow(t: float) -> Value:
            index = bisect_right(starts, t) - 1
            return formulas[index](t - starts[index])

        return follow

    def table(self, values: Sequence[float]) -> Formula:
        return lambda t: values[int(t)]

    def line(self, at: Sequence[float], values: Sequence[float]) -> Formula:
        def between(t: float) -> float:
            right = min(bisect_right(at, t), len(at) - 1)
            left = right - 1
            share = (t - at[left]) / (at[right] - at[left])
            return values[left] + share * (values[right] - values[left])

        return between

    def cycle(self, length: float, factor: float, times: int | None) -> Formula:
        at = Cycles(length, factor, times).at

        def locate(t: float) -> tuple[int, float, float]:
            index, start = at(t)
            return index, start, factor**index

        return locate


class _Arrays:
    """float64 arrays, through NumPy, which is imported with the first array."""

    def __getattr__(self, name: str) -> Value:
        import numpy as np

        return getattr(np, name)

    def piecewise(self, pieces: Sequence[Piece]) -> Formula:
        starts, formulas = zip(*pieces, strict=True)

        def follow(t: Array) -> Array:
            rates: Array = self.empty_like(t)
            for inside, start, formula in zip(self._shares(t, starts), starts, formulas, strict=True):
                local = t[inside]
                if local.size:
                    rates[inside] = formula(local - start)
            return rates

        return follow

    def _shares(self, t: Array, starts: Sequence[float]) -> list[Value]:
        """For each piece, the index of its positions: a slice where the positions are in order, else a mask."""
        if t.ndim == 1 and bool((t[1:] >= t[:-1]).all()):
            cuts = [0, *self.searchsorted(t, starts[1:]).tolist(), t.size]
            return [slice(a, b) for a, b in pairwise(cuts)]
        owner = self.searchsorted(starts, t, side="right") - 1
        return [owner == index for index in range(len(starts))]

    def table(self, values: Sequence[float]) -> Formula:
        array = self.asarray(values, dtype=float)
        return lambda t: array[t.astype(int)]

    def line(self, at: Sequence[float], values: Sequence[float]) -> Formula:
        x, y = self.asarray(at, dtype=float), self.asarray(values, dtype=float)

        def between(t: Value) -> Value:
            right = self.minimum(self.searchsorted(x, t, side="right"), len(x) - 1)
            left = right - 1
            return y[left] + (t - x[left]) / (x[right] - x[left]) * (y[right] - y[left])

        return between

    def cycle(self, length: float, factor: float, times: int | None) -> Formula:
        cycles = Cycles(length, factor, times)

        def locate(t: Array) -> tuple[Array, Array, Array]:
            near = self.asarray(cycles.near(t.max(initial=0.0)), dtype=float)
            index = self.searchsorted(near, t, side="right") - 1
            starts: Array = near[index]
            for i in self.flatnonzero(index == MOST):  # beyond it one by one: NumPy rounds its logarithms differently
                index[i], starts[i] = cycles.at(float(t[i]))
            distinct, place = self.unique(index, return_inverse=True)
            # One by one: NumPy rounds its powers differently, and far out that moves a position to another place.
            scales: Array = self.asarray([factor**i for i in distinct.tolist()], dtype=float)[place]
            return index, starts, scales

        return locate


SCALARS: Backend = _Scalars()
ARRAYS: Backend = _Arrays()
