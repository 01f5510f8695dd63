"""Numbers of a formula that are tensors: their arithmetic rounds as that of floats, whatever a compiler makes of it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from .backends import Value

Tensor: TypeAlias = Any
"""A torch tensor or a JAX array."""


class Library(Protocol):
    """What torch and JAX do in different ways.

    Attributes:
        functions: The module with the functions that they have under the same names.
        exact: Whether it computes in float64; else in float32.
        real_type: The dtype that it computes in.
        whole_type: The dtype of integers, positions and indices.
        most: The largest of these.
    """

    functions: Any
    exact: bool
    real_type: Any
    whole_type: Any
    most: int

    def has_integers(self, positions: Tensor) -> bool:
        """Whether positions are of a type of integers."""

    def counts(self, positions: Tensor) -> bool:
        """Whether positions of such a type stay integers as long as they can."""

    def cast(self, tensor: Tensor, dtype: Any) -> Tensor:
        """The tensor in that type."""

    def stored(self, values: Sequence[float], whole: bool) -> Tensor:
        """Numbers to look up: integers if ``whole``, else in the type that it computes in."""

    def entries(self, table: Tensor, index: Tensor) -> Tensor:
        """The entry of a table for each index."""

    def count_until(self, table: Tensor, tensor: Tensor) -> Tensor:
        """How many entries of a sorted table are at most as large as each element."""

    def divided(self, a: Tensor, b: float) -> Tensor:
        """``a / b``, rounded once."""


class Number:
    """A tensor in a formula.

    On a device without float64, positions that are integers stay integers until the formula needs a real number: a
    float32 does not tell apart those above 2**24.
    """

    def __init__(
        self, tensor: Tensor | Callable[[], Tensor], library: Library, tables: Sequence[Tensor], whole: bool
    ) -> None:
        self._tensor, self.library, self.tables, self.whole = tensor, library, tables, whole

    @property
    def tensor(self) -> Tensor:
        """Its elements; computed when they are asked for, because a constant never asks for its position."""
        if callable(self._tensor):
            self._tensor = self._tensor()
        return self._tensor

    @property
    def real(self) -> Tensor:
        return self.library.cast(self.tensor, self.library.real_type) if self.whole else self.tensor

    def like(self, tensor: Tensor | Callable[[], Tensor], whole: bool = False) -> Number:
        """Another number of the same formula."""
        return Number(tensor, self.library, self.tables, whole)

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Number:
        return self.like(function(self.real))

    def clipped(self, low: float | None, high: float | None) -> Number:
        clip = self.library.functions.clip
        if self.whole and low is not None and high is None and self._is_whole(low):
            return self.like(clip(self.tensor, int(low), None), whole=True)
        return self.mapped(lambda tensor: clip(tensor, low, high))

    def at_most(self, other: Number) -> Number:
        return self.like(self.library.functions.minimum(self.real, other.real))

    def index(self) -> Tensor:
        """Rounded down, to look something up."""
        return self.library.cast(self.tensor, self.library.whole_type)

    # Choosing between pieces.

    def reaches(self, start: float) -> bool:
        """Whether it can be as large as ``start``."""
        return not self.whole or start <= self.library.most

    def is_below(self, start: float) -> Tensor:
        edge = math.ceil(start) if self.whole else float(start) if self.library.exact else rounded_up(start)
        return self.tensor < edge

    def inside(self, start: float, stop: float) -> Number:
        """What is counted from ``start``, at most as far as ``stop``."""
        if start == 0 and stop == math.inf:
            return self
        clip, size = self.library.functions.clip, stop - start

        def local() -> Tensor:
            here, low = (self - start, 0) if start else (self, None)
            last = math.floor if here.whole else float
            high = last(size) if size < math.inf and here.reaches(size) else None
            return here.tensor if low is high is None else clip(here.tensor, low, high)

        return self.like(local, self.whole and self._is_whole(start))

    def chosen(self, condition: Tensor, a: Value, b: Value) -> Number:
        """``a`` where the condition holds, else ``b``."""
        return self.like(self.library.functions.where(condition, self.filled(a), self.filled(b)))

    def filled(self, value: Value) -> Tensor:
        """The elements of a number, or a float at each position."""
        return value.real if isinstance(value, Number) else self.library.functions.full_like(self.real, float(value))

    # Arithmetic.

    def _is_whole(self, other: Value) -> bool:
        if isinstance(other, Number):
            return other.whole
        return abs(other) <= self.library.most and float(other).is_integer()

    def _real_of(self, other: Value) -> Value:
        return other.real if isinstance(other, Number) else float(other)

    def _tensor_of(self, other: Value) -> Value:
        return other.tensor if isinstance(other, Number) else int(other)

    def __add__(self, other: Value) -> Number:
        if self.whole and not isinstance(other, Number) and self._is_whole(other) and other >= 0:
            most = self.library.most - int(other)  # beyond the largest integer is as good as there
            return self.like(self.library.functions.clip(self.tensor, None, most) + int(other), whole=True)
        return self.like(self.real + self._real_of(other))

    __radd__ = __add__

    def __sub__(self, other: Value) -> Number:
        if self.whole and self._is_whole(other):
            return self.like(self.tensor - self._tensor_of(other), whole=True)
        return self.like(self.real - self._real_of(other))

    def __rsub__(self, other: Value) -> Number:
        if self.whole and self._is_whole(other):
            return self.like(int(other) - self.tensor, whole=True)
        return self.like(float(other) - self.real)

    def __mul__(self, other: Value) -> Number:
        return self.like(self.real * self._real_of(other))

    __rmul__ = __mul__

    def __neg__(self) -> Number:
        return self.like(-self.real)

    def __truediv__(self, other: Value) -> Number:
        if isinstance(other, Number):
            return self.like(self.real / other.real)
        return self.like(self.library.divided(self.real, float(other)))

    def __rtruediv__(self, other: float) -> Number:
        return self.like(float(other) / self.real)

    def __mod__(self, other: float) -> Number:
        """The remainder of two numbers of at least 0, which is exact."""
        if self.whole and self._is_whole(other):
            return self.like(self.tensor % int(other), whole=True)
        return self.like(self.library.functions.fmod(self.real, float(other)))

    def __floordiv__(self, other: float) -> Number:
        """The quotient of what is divisible, as Python computes it: that of ``self / other`` may be rounded up."""
        quotient = (self - self % other) / other
        return quotient.mapped(self.library.functions.round)

    def __pow__(self, other: Value) -> Number:
        return self.like(self.real ** self._real_of(other))

    def __rpow__(self, other: float) -> Number:
        return self.like(float(other) ** self.real)

    def __le__(self, other: Value) -> Number:
        """1 where it holds, else 0."""
        return self.like(self.library.cast(self.real <= self._real_of(other), self.library.real_type))

    def __gt__(self, other: Value) -> Number:
        return self.like(self.library.cast(self.real > self._real_of(other), self.library.real_type))


def rounded_up(value: float) -> float:
    """The least float32 that is at least ``value``.

    >>> rounded_up(0.5), rounded_up(2**24 + 1)
    (0.5, 16777218.0)
    """
    (nearest,) = struct.unpack("f", struct.pack("f", value))
    if nearest < value:  # one further: the bits of floats above 0 count them in order
        (bits,) = struct.unpack("I", struct.pack("f", value))
        (nearest,) = struct.unpack("f", struct.pack("I", bits + 1))
    return float(nearest)
