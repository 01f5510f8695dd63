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
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from functools import cached_property
from importlib import import_module
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from . import checks, description
from .backends import ARRAYS, SCALARS, Backend, Formula, Piece
from .readers import reader

if TYPE_CHECKING:
    from dataclasses import Field

    import numpy as np

    from .backends import Array

    Positions = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

T = TypeVar("T")
"""A torch tensor, a JAX array, or what else a position may be."""

KINDS: dict[str, Callable[..., Schedule]] = {}
"""Every kind of schedule by its class name: a spec names them, and the operators below build them.

The operators look them up here because the combinators extend `Schedule`: an import would be a circle.
"""

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly Python binds what a repr is written with, the loosest first. A call or a method is an atom."""


class Schedule(ABC):
    """A position in the run -> a rate, and nothing else: frozen, comparable, printable.

    ``schedule(position)`` takes an int or a float and gives a float; given a NumPy array, a torch tensor or a JAX
    array it gives one of the same kind and shape. They are computed from one formula and agree, in float64, within
    2 units in the last place of the ramp's larger end. Positions below zero raise; past the end the final value holds
    for ever.

    To add a kind of your own, subclass this with a frozen dataclass (``eq=False``, so that equality
    stays the one below) that has a ``length`` and defines its formula in ``_pieces``.

    Attributes:
        length: Positions until the final value is reached (an int, unless a part was given a
            fraction), or None if it never ends.
    """

    _precedence: ClassVar[int] = ATOM

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

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

    def _cut(self, start: float, stop: float) -> Schedule:
        """`cut`, where 0 ≤ start < stop ≤ length and something is cut off."""
        return KINDS["Cut"](self, start, None if stop == self._end else stop)

    def _fit(self, length: float) -> Schedule:
        """`_stretched`, where both lengths are above 0, without the check of the result."""
        return self.stretch(length)

    def _inside_cycle(self, position: float) -> bool:
        """Whether a cycle has begun before ``position`` and ends after it."""
        return False

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

    @property
    def _body(self) -> Schedule:
        """Itself, or the schedule that it gives a name."""
        return self

    @property
    def _unwrapped(self) -> Schedule:
        """Itself, or the one part that it combines."""
        return self

    @property
    def _name(self) -> str:
        """What builds it from its settings."""
        return type(self).__name__

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

    # Values: equal when they have the same formula, whatever they are called.

    def _key(self) -> tuple[object, ...]:
        return (type(self).__name__, *(_key_of(getattr(self, f.name)) for f in fields(self)))

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Schedule) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __getstate__(self) -> dict[str, object]:
        """The fields alone, without what is kept for speed."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def settings(self) -> dict[str, Any]:
        """What it was built from, by name, without what is left at its default."""
        values = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        return {n: v for n, (v, default) in values.items() if default is MISSING or v != default}

    def _chunks(self) -> Iterator[str]:
        """Its repr piece by piece, so that a message need not write down all of a long one."""
        yield f"{self._name}("
        yield from chunks_of_call(self.settings().items())
        yield ")"

    def __repr__(self) -> str:
        return "".join(self._chunks())

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
        return KINDS["Then"]((self, *others))._unwrapped

    def __mul__(self, other: Schedule | float) -> Schedule:
        return KINDS["Product"]((self, _operand(other, "*")))

    def __rmul__(self, other: float) -> Schedule:
        return self * other

    def __add__(self, other: Schedule | float) -> Schedule:
        return KINDS["Sum"]((self, _operand(other, "+")))

    def __radd__(self, other: float) -> Schedule:
        return self + other

    def __sub__(self, other: Schedule | float) -> Schedule:
        return KINDS["Difference"]((self, _operand(other, "-")))

    def __rsub__(self, other: float) -> Schedule:
        return _operand(other, "-") - self

    def __pow__(self, exponent: float) -> Schedule:
        return KINDS["Pow"](self, exponent)

    def _scaled(self, factor: float) -> Schedule:
        """``self * factor``, but factor upon factor becomes one."""
        return self if factor == 1 else self * factor

    def repeat(self, times: int | None = None, *, length_factor: float = 1, height_factor: float = 1) -> Schedule:
        """This schedule over and over: ``times`` cycles, or for ever.

        Args:
            times: How many cycles; None for no end.
            length_factor: Each cycle is this many times as long as the one before.
            height_factor: Each cycle's rates are this many times those of the one before.

        Raises:
            ValueError: The schedule has no length, a factor is not above 0, or without ``times`` the
                cycles shrink or their rates grow for ever.

        >>> from lehr import Ramp
        >>> saw = Ramp(1, 0, 10).repeat(3, length_factor=2, height_factor=0.5)
        >>> saw.length, saw(10), saw(20), saw(30)
        (70, 0.5, 0.25, 0.25)
        """
        return KINDS["Repeat"](self, times, length_factor, height_factor)

    def clip(self, lo: float | None = None, hi: float | None = None) -> Schedule:
        """This schedule, nowhere below ``lo`` and nowhere above ``hi``.

        Raises:
            ValueError: ``lo`` is above ``hi``.

        >>> from lehr import Exponential
        >>> Exponential(1.0, 0.5).clip(lo=0.1)(20)
        0.1
        """
        return KINDS["Clip"](self, lo, hi)

    def cut(self, start: float = 0, stop: float | None = None) -> Schedule:
        """The rates from ``start`` to ``stop`` (default: the end), as a schedule of its own.

        ``schedule.cut(start, stop)(t)`` is ``schedule(min(start + t, stop))``. Parts that lie outside
        are dropped. Where ``start`` is past the end, the result has length 0 and the final value.

        Raises:
            ValueError: A position is negative, or ``start`` is after ``stop``.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).cut(2, 5)(0), Ramp(0, 1, 10).cut(2, 5)(100)
        (0.2, 0.5)
        >>> Ramp(0, 1, 10).then(Ramp(1, 0, 10)).cut(10)
        Ramp(start=1.0, end=0.0, length=10)
        """
        end = self._end
        start, stop = checks.span(start, stop, owner="cut")
        stop = max(start, end) if stop is None else stop
        if start >= min(stop, end):
            return KINDS["Constant"](self(start), stop - start)
        if stop > end:
            return self.cut(start)._prolonged(stop - end)
        return self if start == 0 and stop == end else self._cut(start, stop)

    def _prolonged(self, more: float) -> Schedule:
        """This schedule, and its final rate for so many positions more."""
        return self.then(KINDS["Constant"](self._final_rate, more))

    def stairs(self, every: float) -> Schedule:
        """This schedule in steps: each rate at a multiple of ``every`` is held until the next one.

        ``schedule.stairs(every)(t)`` is ``schedule(⌊t / every⌋ · every)``. A last step that the end would cut short
        is as long as the others.

        Raises:
            ValueError: ``every`` is not above 0.

        >>> from lehr import Ramp
        >>> stairs = Ramp(1, 0, 10).stairs(5)
        >>> stairs(4), stairs(5), stairs(9), stairs(10)
        (1.0, 0.5, 0.5, 0.0)
        """
        return KINDS["Stairs"](self, every)

    def stretch(self, length: float) -> Schedule:
        """This schedule run faster or slower, so that it takes ``length`` positions.

        Raises:
            ValueError: The schedule never ends or has length 0, or ``length`` is not above 0.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).stretch(100)(50)
        0.5
        """
        return KINDS["Stretch"](self, length)

    def _stretched(self, length: float) -> Schedule:
        """`stretch`, but stretch upon stretch becomes one.

        The parts are stretched instead of the whole, so that `cut` can drop what is over.
        """
        result = self._fit(length) if self.length and length else self
        same = result.length == length and abs(result(0) - self(0)) <= 1e-12 * self(0)
        return result if same else self.stretch(length)  # rounding has moved a stair to where it begins

    def shift(self, n: float) -> Schedule:
        """This schedule ``n`` positions later, its first rate held until then.

        >>> from lehr import Ramp
        >>> Ramp(0, 1, 10).shift(5)(10)
        0.5
        """
        return KINDS["Constant"](self(0), checks.length("n", n, owner="shift")).then(self)

    # Showing itself.

    def describe(self, stop: int | None = None) -> str:
        """Every resolved number: phases, boundaries, peak, final value, area under the curve.

        Args:
            stop: Steps to describe; None for all, or for the first ones of a schedule that never ends.
        """
        return description.describe(self, stop)

    def plot(self, ax: object = None, **options: object) -> Any:
        """Draw it with matplotlib: `lehr.plot.plot_schedule` with the same options.

        Args:
            ax: The matplotlib Axes to draw on; None for the current ones.
            **options: As `lehr.plot.plot_schedule` takes them.

        Returns:
            The Axes drawn on.

        Raises:
            ImportError: matplotlib is missing.
        """
        # lehr.plot stands above the schedules and needs matplotlib. So it is looked up by name on the first call,
        # as pandas does with its plotting backend, and not imported.
        return import_module("lehr.plot").plot_schedule(self, ax, **options)

    def _repr_svg_(self) -> str:
        return description.svg(self)


def _key_of(value: object) -> object:
    if isinstance(value, Schedule):
        return value._key()
    return tuple(map(_key_of, value)) if isinstance(value, tuple) else value


def chunks_of_call(settings: Iterable[tuple[str, object]]) -> Iterator[str]:
    """What stands between the brackets of a call, piece by piece."""
    for index, (name, value) in enumerate(settings):
        yield f"{', ' if index else ''}{name}="
        yield from _chunks_of(value)


def _chunks_of(value: object) -> Iterator[str]:
    if isinstance(value, Schedule):
        yield from value._chunks()
    elif isinstance(value, tuple):
        yield "("
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _chunks_of(item)
        yield ",)" if len(value) == 1 else ")"
    else:
        yield repr(value)


def _operand(value: Schedule | float, operator: str) -> Schedule:
    if isinstance(value, Schedule):
        return value
    return KINDS["Constant"](checks.number(operator, value, owner="a schedule"))
