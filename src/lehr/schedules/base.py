"""`Schedule`: a value that maps a position in the run to a rate.

lehr's convention, said once here. Position ``t`` is the index, from 0, of the update that uses the
rate. A part of length ``n`` covers ``[0, n)``: ``part(0)`` is its start, ``part(n)`` its end, and
the end belongs to what comes next. So a run of N updates uses the positions 0 … N-1, position N has
the final value, and every later position holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

from . import checks, description
from .field_value import FieldValue
from .piecewise import Piecewise

KINDS: dict[str, Callable[..., Schedule]] = {}
"""Every kind of schedule by its class name: a spec names them, and the operators below build them.

The operators look them up here because the combinators extend `Schedule`: an import would be a circle.
"""

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly Python binds what a repr is written with, the loosest first. A call or a method is an atom."""


class Schedule(FieldValue, Piecewise):
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

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if Schedule not in cls.__bases__:
            raise TypeError(
                f"{cls.__name__} extends {cls.__bases__[0].__name__}, which is a leaf; "
                f"extend Schedule, or combine schedules with then, *, +, clip, cut, repeat"
            )
        KINDS[cls.__name__] = cls

    # What a kind of its own may define, beside what `Piecewise` asks for.

    def _cut(self, start: float, stop: float) -> Schedule:
        """`cut`, where 0 ≤ start < stop ≤ length and something is cut off."""
        return KINDS["Cut"](self, start, None if stop == self._end else stop)

    def _fit(self, length: float) -> Schedule:
        """`_stretched`, where both lengths are above 0, without the check of the result."""
        return self.stretch(length)

    def _inside_cycle(self, position: float) -> bool:
        """Whether a cycle has begun before ``position`` and ends after it."""
        return False

    @property
    def _body(self) -> Schedule:
        """Itself, or the schedule that it gives a name."""
        return self

    @property
    def _unwrapped(self) -> Schedule:
        """Itself, or the one part that it combines."""
        return self

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

    def _repr_html_(self) -> str:
        return description.as_html(self, [checks.shown(self, most=400)])


def _operand(value: Schedule | float, operator: str) -> Schedule:
    if isinstance(value, Schedule):
        return value
    return KINDS["Constant"](checks.number(operator, value, owner="a schedule"))
