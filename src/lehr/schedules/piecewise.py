"""A rate that is given in pieces, each with a formula: what is computed from it, at a number and at an array."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import checks
from .backends import ARRAYS, SCALARS, Backend, Formula, Piece
from .readers import reader

if TYPE_CHECKING:
    import numpy as np

    from .backends import Array

    Positions = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

T = TypeVar("T")
"""A torch tensor, a JAX array, or what else a position may be."""


class Piecewise(ABC):
    """Position -> rate: the pieces of ``_pieces`` up to the length, and the final rate from there on."""

    if TYPE_CHECKING:

        @property
        def length(self) -> float | None: ...

    # What a kind defines; only `_pieces` has no default.

    @abstractmethod
    def _pieces(self, xp: Backend) -> list[Piece]:
        """The formulas on [0, length), each with its start, from which it counts positions."""

    def _final(self) -> float:
        """The rate at ``length`` and after; asked only of a schedule that ends."""
        start, formula = self._scalar_pieces[-1]
        return float(formula(self._end - start))

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        """Positions in (start, stop) where one formula takes over from another, in order.

        ``stop`` is at most the length.
        """
        return (at for at, _ in self._scalar_pieces if start < at < stop)

    @property
    def _bounds(self) -> tuple[float, float]:
        """No rate is below the first, and none above the second. Products and sums refuse what would overflow by them.

        Of a kind that goes one way from its first rate to its final one, or to 0 if it never ends, they are these two.
        """
        ends = self(0), 0 if self.length is None else self._final_rate
        return min(ends), max(ends)

    # What follows from it.

    @property
    def _lowest(self) -> float:
        return self._bounds[0]

    @property
    def _highest(self) -> float:
        return self._bounds[1]

    @property
    def _end(self) -> float:
        """The length; infinity if the schedule never ends."""
        return math.inf if self.length is None else self.length

    @property
    def _level(self) -> float | None:
        """The rate of a schedule that never changes and never ends; None of any other."""
        return None

    def _changes(self, start: float, stop: float) -> Iterator[float]:
        """The breaks in (start, stop), and the end if it lies there."""
        end = min(stop, self._end)
        yield from self._breaks(start, end)
        if start < end < stop:
            yield end

    @cached_property
    def _final_rate(self) -> float:
        return self._final()

    @cached_property
    def _scalar_pieces(self) -> list[Piece]:
        return self._pieces(SCALARS)

    @cached_property
    def _rate(self) -> Formula:
        return SCALARS.piecewise(self._held_pieces(SCALARS))

    # The results for scalars are kept: nested schedules ask for them at each level.

    def _parts_of_formula(self, xp: Backend) -> list[Piece]:
        """The formulas on [0, length)."""
        return self._scalar_pieces if xp is SCALARS else self._pieces(xp)

    def _held_pieces(self, xp: Backend) -> list[Piece]:
        """The formulas on all positions: those up to the end, and the final rate from there on."""
        pieces = self._parts_of_formula(xp)
        return pieces if self.length is None else [*pieces, (self.length, self._hold)]

    def _held(self, xp: Backend) -> Formula:
        """Position -> rate, from 0 to any size."""
        return self._rate if xp is SCALARS else xp.piecewise(self._held_pieces(xp))

    @property
    def _hold(self) -> Formula:
        final = self._final_rate
        return lambda t: final

    def _piece_at(self, position: float) -> tuple[float, float, Formula]:
        """The formula that holds at ``position``, after the start and the stop of where it holds.

        It counts positions from that start. The last one stops nowhere: its stop is infinite.
        """
        if position >= self._end:
            return self._end, math.inf, self._hold
        pieces = self._scalar_pieces
        following = bisect_right(pieces, position, key=itemgetter(0))
        start, formula = pieces[following - 1]
        return start, pieces[following][0] if following < len(pieces) else self._end, formula

    # Rates.

    @overload
    def __call__(self, position: float) -> float: ...
    @overload
    def __call__(self, position: Positions) -> Array: ...
    @overload
    def __call__(self, position: T) -> T: ...
    def __call__(self, position: Any) -> Any:
        """The rate at a position, or the rates at an array of positions.

        Args:
            position: An int or a float; or a NumPy array, a torch tensor or a JAX array of any shape, or a variable of
                Keras that holds one. In `jax.jit`, `jax.vmap`, `torch.compile`, `torch.vmap` and a CUDA graph too.

        Returns:
            A float; or an array of the same kind and shape, on the same device. The dtype is that of the positions if
            they are not integers (NumPy: float64), else float64. Tensors are computed in float64, whatever their
            dtype, where there is one: on every device of torch but Apple's, and in JAX with ``jax_enable_x64``.
            Elsewhere integers give float32, computed in float32 from the exact position, within 2e-6 of the highest
            rate (4e-7 unless the rates grow a thousandfold). In float64 the difference to the float is at most 2 units
            in the last place of the larger end; 3 where a power or, compiled by XLA, a tanh is computed.

            The numbers that a table, knots or growing cycles look up are put on a device by the first call: make one
            before a CUDA graph is captured.

        Raises:
            ValueError: The position is below 0, not finite, or not a number. The values of a JAX array, of a tensor on
                an accelerator and inside a compiled function are not looked at: there a position below 0 has the rate
                of position 0, and one that is infinite or not a number has the rate ``nan``.

        >>> from lehr import Ramp
        >>> import numpy as np
        >>> Ramp(0, 1, 10)(np.array([1, 5, 20])).tolist()
        [0.1, 0.5, 1.0]
        """
        try:
            if type(position) is int and position >= 0:
                return float(self._rate(position))
            numpy = sys.modules.get("numpy")
            if numpy is not None and isinstance(position, numpy.ndarray) and position.ndim:
                return self._rates(position)
            if not isinstance(position, int | float) and (rates := reader(position)) is not None:
                return rates(self, position)
            return float(self._rate(checks.position(position)))
        except OverflowError:  # of an integer of hundreds of digits
            raise ValueError(
                f"the rate at position {checks.shown(position)} cannot be computed: the position is too large"
            ) from None

    def _rates(self, positions: Positions) -> Array:
        import numpy as np

        if positions.dtype.kind not in "iuf":
            raise ValueError(f"positions must be numbers, got an array of {positions.dtype}")
        flat = positions.astype(np.float64).ravel()
        if flat.size and not (flat.min() >= 0 and flat.max() < math.inf):
            bad = flat[~((flat >= 0) & (flat < math.inf))][0]
            raise checks.no_position(bad)
        rates: Array = self._held(ARRAYS)(flat)
        return rates.reshape(positions.shape)

    def breaks(self, stop: float | None = None, most: int = 10_000, *, start: float = 0) -> list[float]:
        """Positions between ``start`` and ``stop`` (default: the end) where the formula changes, in order.

        Of a schedule that changes more often than that, the first ``most``.

        Raises:
            ValueError: The schedule never ends, and no ``stop`` is given.

        >>> from lehr import Ramp, Constant
        >>> Ramp(0, 1, 10).then(Constant(1, 20)).then(Ramp(1, 0, 5)).breaks()
        [10, 30]
        """
        stop = self.length if stop is None else stop
        if stop is None:
            raise ValueError(f"{checks.shown(self)} never ends; give the position up to which to look: breaks(stop)")
        return list(islice((position for position, _ in groupby(self._changes(start, stop))), most))
