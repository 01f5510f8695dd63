"""`Schedule`: a value that maps a position in the run to a rate.

lehr's convention, said once here. Position ``t`` is the index, from 0, of the update that uses the
rate. A part of length ``n`` covers ``[0, n)``: ``part(0)`` is its start, ``part(n)`` its end, and
the end belongs to what comes next. So a run of N updates uses the positions 0 … N-1, position N has
the final value, and every later position holds it.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import cached_property
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, overload

from . import checks
from .backends import ARRAYS, SCALARS, Backend, Formula, Piece

if TYPE_CHECKING:
    import numpy as np

    from .backends import Array

    Positions = np.ndarray[Any, np.dtype[Any]]

KINDS: dict[str, type[Schedule]] = {}
"""Every kind of schedule by its class name, so that a spec can name it."""


class Schedule(ABC):
    """A position in the run -> a rate, and nothing else: frozen, comparable, printable.

    ``schedule(position)`` takes an int or a float and gives a float; given a NumPy array it gives a
    float64 array of the same shape. The two are computed from one formula and agree within 2 units
    in the last place of the ramp's larger end. Positions below zero raise; past the end the final
    value holds for ever.

    To add a kind of your own, subclass this with a frozen dataclass (``eq=False``, so that equality
    stays the one below) that has a ``length`` and says its formula in ``_pieces``.

    Attributes:
        length: Positions until the final value is reached (an int, unless a part was given a
            fraction), or None if it never ends.
    """

    if TYPE_CHECKING:

        @property
        def length(self) -> float | None: ...

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if Schedule not in cls.__bases__:
            raise TypeError(
                f"{cls.__name__} extends {cls.__bases__[0].__name__}, which is a leaf; "
                f"extend Schedule, or combine schedules with then, *, +, clip, cut, repeat"
            )
        KINDS[cls.__name__] = cls

    # What each kind says of itself.

    @abstractmethod
    def _pieces(self, xp: Backend) -> list[Piece]:
        """The formulas on [0, length), each with its start, which it counts positions from."""

    def _final(self) -> float:
        """The rate at ``length`` and after."""
        (start, formula) = self._pieces(SCALARS)[-1]
        assert self.length is not None
        return float(formula(self.length - start))

    def _breaks(self, stop: float) -> Iterator[float]:
        """Positions in (0, stop) where one formula takes over from another, in order.

        Asked for no ``stop`` beyond the length.
        """
        yield from (start for start, _ in self._pieces(SCALARS)[1:] if start < stop)

    def _changes(self, stop: float) -> Iterator[float]:
        """The breaks before ``stop``, and the end if it comes before."""
        end = stop if self.length is None else min(stop, self.length)
        yield from self._breaks(end)
        if 0 < end < stop:
            yield end

    # Rates.

    def _held_pieces(self, xp: Backend) -> list[Piece]:
        """The formulas on all positions: those up to the end, and the final rate from there on."""
        pieces = self._pieces(xp)
        if self.length is None:
            return pieces
        final = self._final()
        return [*pieces, (self.length, lambda t: final)]

    def _held(self, xp: Backend) -> Formula:
        """Position -> rate, from 0 to any size."""
        return xp.piecewise(self._held_pieces(xp))

    @cached_property
    def _scalar_pieces(self) -> list[Piece]:
        """Kept: a run that was changed a thousand times asks each part a thousand times."""
        return self._pieces(SCALARS)

    @cached_property
    def _rate(self) -> Formula:
        return self._held(SCALARS)

    @overload
    def __call__(self, position: float) -> float: ...
    @overload
    def __call__(self, position: Positions) -> Array: ...
    def __call__(self, position: Any) -> Any:
        if type(position) is int and position >= 0:
            return float(self._rate(position))
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(position, numpy.ndarray) and position.ndim:
            return self._rates(position)
        return float(self._rate(checks.position(position)))

    def _rates(self, positions: Positions) -> Array:
        import numpy as np

        if positions.dtype.kind not in "iuf":
            raise ValueError(f"positions must be numbers, got an array of {positions.dtype}")
        flat = positions.astype(np.float64).ravel()
        if flat.size and not (flat.min() >= 0 and flat.max() < math.inf):
            bad = flat[~((flat >= 0) & (flat < math.inf))][0]
            raise ValueError(f"positions must be finite and at least 0, got {bad}")
        return self._held(ARRAYS)(flat).reshape(positions.shape)  # type: ignore[no-any-return]

    def breaks(self, stop: float | None = None, most: int = 10_000) -> list[float]:
        """Positions before ``stop`` (default: the end) where the formula changes, in order.

        Of a schedule that changes more often than that, the first ``most``.

        >>> from lehr import Ramp, Constant
        >>> Ramp(0, 1, 10).then(Constant(1, 20)).then(Ramp(1, 0, 5)).breaks()
        [10, 30]
        """
        stop = self.length if stop is None else stop
        if stop is None:
            raise ValueError(f"{self!r} never ends: say up to which position, breaks(stop)")
        return list(islice((position for position, _ in groupby(self._changes(stop))), most))

    # Values: equal when they say the same formula, whatever they are called.

    def _key(self) -> tuple[Any, ...]:
        return (type(self).__name__, *(_key_of(getattr(self, f.name)) for f in fields(self)))  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Schedule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_rate", "_scalar_pieces")}

    def settings(self) -> dict[str, Any]:
        """What it was built from, by name, without what is left at its default."""
        said = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}  # type: ignore[arg-type]
        return {n: v for n, (v, default) in said.items() if default is MISSING or v != default}

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({words})"

    # Operators: each builds a larger value.

    def then(self, *others: Schedule) -> Schedule:
        """This schedule, and from its end on the others, each counting from its own 0.

        Nesting changes nothing, and a schedule of length 0 vanishes unless it is the last.

        Raises:
            ValueError: A schedule that never ends has another after it.

        >>> from lehr import Constant, Ramp
        >>> warmup_and_hold = Ramp(0, 1, 10).then(Constant(1))
        >>> warmup_and_hold(5), warmup_and_hold(500)
        (0.5, 1.0)
        """
        from .combinators import sequence

        return sequence(self, *others)

    def __mul__(self, other: Schedule | float) -> Schedule:
        from .combinators import Product

        return Product((self, _operand(other, "*")))

    def __rmul__(self, other: float) -> Schedule:
        return self * other

    def __add__(self, other: Schedule | float) -> Schedule:
        from .combinators import Sum

        return Sum((self, _operand(other, "+")))

    def __radd__(self, other: float) -> Schedule:
        return self + other

    def repeat(self, times: int | None = None, *, length_factor: float = 1, height_factor: float = 1) -> Schedule:
        """This schedule over and over: ``times`` cycles, or for ever.

        Args:
            times: How many cycles; None for no end.
            length_factor: Each cycle is this many times as long as the one before.
            height_factor: Each cycle's rates are this many times those of the one before.

        >>> from lehr import Ramp
        >>> saw = Ramp(1, 0, 10).repeat(3, length_factor=2, height_factor=0.5)
        >>> saw.length, saw(10), saw(20), saw(30)
        (70, 0.5, 0.25, 0.25)
        """
        from .combinators import Repeat

        return Repeat(self, times, length_factor, height_factor)

    def clip(self, lo: float | None = None, hi: float | None = None) -> Schedule:
        """This schedule, nowhere below ``lo`` and nowhere above ``hi``.

        >>> from lehr import Exponential
        >>> Exponential(1.0, 0.5).clip(lo=0.1)(20)
        0.1
        """
        from .combinators import Clip

        return Clip(self, lo, hi)

    def cut(self, start: float = 0, stop: float | None = None) -> Schedule:
        """The stretch from ``start`` to ``stop`` (default: the end), as a schedule of its own.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).cut(2, 5)(0), Ramp(0, 1, 10).cut(2, 5)(100)
        (0.2, 0.5)
        """
        from .combinators import Cut

        return Cut(self, start, stop)

    def stretch(self, length: float) -> Schedule:
        """This schedule run faster or slower, so that it takes ``length`` positions.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).stretch(100)(50)
        0.5
        """
        from .combinators import Stretch

        return Stretch(self, length)

    def shift(self, n: float) -> Schedule:
        """This schedule ``n`` positions later, its first rate held until then.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).shift(5)(10)
        0.5
        """
        from .parts import Constant

        return Constant(self(0), checks.length("n", n, owner="shift")).then(self)

    # Showing itself.

    def describe(self, stop: int | None = None) -> str:
        """Every resolved number: phases, boundaries, peak, final value, area under the curve."""
        from .description import describe

        return describe(self, stop)

    def _repr_svg_(self) -> str:
        from .description import svg

        return svg(self)


def _key_of(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value._key()
    return tuple(map(_key_of, value)) if isinstance(value, tuple) else value


def _operand(value: Schedule | float, operator: str) -> Schedule:
    from .parts import Constant

    if isinstance(value, Schedule):
        return value
    return Constant(checks.number(operator, value, owner="a schedule"))
