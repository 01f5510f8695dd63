"""The parts that schedules are made of, each a formula; those made of numbers are in `tables`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, takewhile

from . import checks, shapes
from .backends import Backend, Piece
from .base import Schedule
from .boundaries import first_position


def _check(part: Schedule, *rates: str) -> None:
    """Check the named rates and the length of a part, and store them as floats and ints."""
    owner = type(part).__name__
    for name in rates:
        checks.store(part, **{name: checks.number(name, getattr(part, name), owner=owner)})
    if part.length is not None:
        checks.store(part, length=checks.length("length", part.length, owner=owner))


@dataclass(frozen=True, eq=False, repr=False)
class Constant(Schedule):
    """One rate: for ``length`` positions before the next part, or for ever.

    Args:
        rate: The rate.
        length: Positions it takes up; None if it never ends.

    Raises:
        ValueError: The rate is not a finite number of at least 0, or the length is negative.

    >>> Constant(0.1)(10**15)
    0.1
    """

    rate: float
    length: float | None = None

    def __post_init__(self) -> None:
        _check(self, "rate")

    def _pieces(self, xp: Backend) -> list[Piece]:
        rate = self.rate
        return [(0, lambda t: rate)]

    @property
    def _level(self) -> float | None:
        return self.rate if self.length is None else None

    def _cut(self, start: float, stop: float) -> Schedule:
        return Constant(self.rate, None if stop == math.inf else stop - start)

    @property
    def _bounds(self) -> tuple[float, float]:
        return self.rate, self.rate

    def _prolonged(self, more: float) -> Schedule:
        return Constant(self.rate, self._end + more)

    def _fit(self, length: float) -> Schedule:
        return Constant(self.rate, length)

    def _scaled(self, factor: float) -> Schedule:
        return Constant(self.rate * factor, self.length)


@dataclass(frozen=True, eq=False, repr=False)
class Ramp(Schedule):
    r"""From one rate to another along a shape, then the other for ever.

    .. math:: \eta_t = s + (e - s) \, g(t / n)

    Args:
        start: Rate at position 0, :math:`s`.
        end: Rate from position ``length`` on, :math:`e`.
        length: Positions from the one to the other, :math:`n`; 0 is the end at once.
        shape: The share of the way gone, :math:`g`: ``"linear"``, ``"cosine"``, ``"1-sqrt"``,
            ``"sqrt"``, ``"square"``, ``"polynomial(2)"``, ``"exponential"``, ``"sigmoid"``,
            ``"rex"`` and the others of ``lehr.schedules.shapes``. All but ``"tanh"``,
            ``"saturating"`` and ``"log"`` come to ``end`` without a jump.

    Raises:
        ValueError: A rate is not a finite number of at least 0, the length is negative, the shape
            is unknown, or it is exponential and an end is 0.

    >>> cosine = Ramp(1.0, 0.0, 30, "cosine")
    >>> [round(cosine(t), 12) for t in (0, 10, 15, 20, 30, 99)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    start: float
    end: float
    length: float
    shape: str = "linear"

    def __post_init__(self) -> None:
        _check(self, "start", "end")
        checks.length("length", self.length, owner="Ramp")
        shape = shapes.get(self.shape)
        if shape == shapes.SHAPES["exponential"] and not (self.start > 0 and self.end > 0):
            raise ValueError(
                f"an exponential Ramp is geometric between two rates above 0, got "
                f"start={self.start!r} and end={self.end!r}; give it an end above 0, or the ratio "
                f'that the curve follows, as in "exponential(0.01)"'
            )

    def _pieces(self, xp: Backend) -> list[Piece]:
        start, end = self.start, self.end
        if start == end or not self.length:
            return [(0, lambda t: end)]
        return shapes.get(self.shape).pieces(start, end, self.length, xp)

    def _final(self) -> float:
        return self.end

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        return iter(())  # the pieces of a shape are one formula, which is rounded differently


@dataclass(frozen=True, eq=False, repr=False)
class Exponential(Schedule):
    r"""A rate multiplied by ``factor`` every ``every`` positions, smoothly or in steps.

    .. math:: \eta_t = s \, r^{t / k} \quad\text{or}\quad s \, r^{\lfloor t / k \rfloor}

    Args:
        start: Rate at position 0, :math:`s`.
        factor: Factor per ``every`` positions, :math:`r`, above 0.
        every: Positions that one factor takes, :math:`k`.
        staircase: Whether the rate stays between two multiples of ``every``.
        length: Positions after which it holds; None if it never ends.

    Raises:
        ValueError: A number is out of its range, or the rate grows beyond the largest float: always
            if ``factor`` is above 1 and no ``length`` is given.

    >>> Exponential(1.0, 0.5, every=10)(20)
    0.25
    """

    start: float
    factor: float
    every: float = 1
    staircase: bool = False
    length: float | None = None

    def __post_init__(self) -> None:
        _check(self, "start")
        checks.store(self, factor=checks.number("factor", self.factor, owner="Exponential", above=0))
        checks.store(self, every=checks.length("every", self.every, owner="Exponential", above=0))
        checks.boolean("staircase", self.staircase, owner="Exponential")
        _check_growth(self, "factor", 1)

    def _pieces(self, xp: Backend) -> list[Piece]:
        start, factor, every = self.start, self.factor, self.every
        if self.staircase:
            return [(0, lambda t: start * factor ** (t // every))]
        return [(0, lambda t: start * factor ** (t / every))]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        if not self.staircase:
            return iter(())
        stairs = map(self._stair, count(int(start // self.every) + 1))
        return takewhile(lambda stair: stair < stop, stairs)

    def _stair(self, index: int) -> float:
        """The first position of the stair of that index."""
        return first_position(lambda t: t // self.every, index, near=self.every * index)

    @property
    def _bounds(self) -> tuple[float, float]:
        if self.factor <= 1:
            return super()._bounds
        return self.start, _grown(lambda: self.start * self.factor ** (self._end / self.every))


@dataclass(frozen=True, eq=False, repr=False)
class PowerLaw(Schedule):
    r"""A power of the position.

    .. math:: \eta_t = s \, \left(\frac{t + \tau}{\tau}\right)^{a}

    Args:
        start: Rate at position 0, :math:`s`.
        exponent: The power, :math:`a`; -0.5 is the inverse square root, -1 is inverse time decay, and above 0 the
            rate grows.
        timescale: Positions :math:`\tau`, above 0.
        length: Positions after which it holds; None if it never ends.

    Raises:
        ValueError: A number is out of its range, or the rate grows beyond the largest float: always if ``exponent`` is
            above 0 and no ``length`` is given.

    >>> PowerLaw(1.0, exponent=-0.5, timescale=100)(300)
    0.5
    """

    start: float
    exponent: float
    timescale: float
    length: float | None = None

    def __post_init__(self) -> None:
        _check(self, "start")
        exponent = checks.real("exponent", self.exponent, owner="PowerLaw")
        timescale = checks.number("timescale", self.timescale, owner="PowerLaw", above=0)
        checks.store(self, exponent=exponent, timescale=timescale)
        _check_growth(self, "exponent", 0)

    def _pieces(self, xp: Backend) -> list[Piece]:
        start, exponent, scale = self.start, self.exponent, self.timescale
        return [(0, lambda t: start * ((t + scale) / scale) ** exponent)]

    @property
    def _bounds(self) -> tuple[float, float]:
        if self.exponent <= 0:
            return super()._bounds
        return self.start, _grown(lambda: self.start * ((self._end + self.timescale) / self.timescale) ** self.exponent)


def _grown(rate: Callable[[], float]) -> float:
    try:
        return float(rate())
    except OverflowError:
        return math.inf


def _check_growth(part: Schedule, setting: str, most: int) -> None:
    """Refuse a rate that grows beyond the largest float.

    Args:
        part: What may grow.
        setting: The name of the setting that makes it grow.
        most: The highest value of the setting at which it does not.
    """
    if not math.isfinite(part._highest):
        shown = ", ".join(f"{name}={value!r}" for name, value in part.settings().items())
        raise ValueError(
            f"{type(part).__name__} with `{setting}` above {most} needs a `length` at which its rate is still a finite "
            f"number, got {shown}; give a `length`, or a shorter one"
        )
