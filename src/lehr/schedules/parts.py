"""The parts that schedules are made of, each a formula; those made of numbers are in `tables`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, takewhile

from . import checks, shapes
from .backends import Backend, Piece
from .base import Schedule


def _check(part: Schedule, *rates: str) -> None:
    """Hold the named rates and the length of a part to their rules, and store them clean."""
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
        ValueError: The rate is no finite number of at least 0, or the length is negative.

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
            ``"rex"`` and the others of ``lehr.schedules.shapes``.

    Raises:
        ValueError: A rate is no finite number of at least 0, the length is negative, there is no
            such shape, or the shape is exponential and an end is 0.

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
        return [(0, shapes.get(self.shape).between(start, end, self.length, xp))]

    def _final(self) -> float:
        return self.end


@dataclass(frozen=True, eq=False, repr=False)
class Exponential(Schedule):
    r"""A rate multiplied by ``rate`` every ``every`` positions, smoothly or in steps.

    .. math:: \eta_t = s \, r^{t / k} \quad\text{or}\quad s \, r^{\lfloor t / k \rfloor}

    Args:
        start: Rate at position 0, :math:`s`.
        rate: Factor per ``every`` positions, :math:`r`, above 0.
        every: Positions that one factor takes, :math:`k`.
        staircase: Whether the rate stays between two multiples of ``every``.
        length: Positions after which it holds; None if it never ends.

    >>> Exponential(1.0, 0.5, every=10)(20)
    0.25
    """

    start: float
    rate: float
    every: float = 1
    staircase: bool = False
    length: float | None = None

    def __post_init__(self) -> None:
        _check(self, "start")
        checks.store(self, rate=checks.number("rate", self.rate, owner="Exponential", above=0))
        checks.store(self, every=checks.length("every", self.every, owner="Exponential", above=0))
        if not isinstance(self.staircase, bool):
            raise ValueError(f"Exponential needs True or False for `staircase`, got {self.staircase!r}")

    def _pieces(self, xp: Backend) -> list[Piece]:
        start, rate, every = self.start, self.rate, self.every
        if self.staircase:
            return [(0, lambda t: start * rate ** (t // every))]
        return [(0, lambda t: start * rate ** (t / every))]

    def _breaks(self, stop: float) -> Iterator[float]:
        if not self.staircase:
            return iter(())
        return takewhile(lambda stair: stair < stop, count(self.every, self.every))


@dataclass(frozen=True, eq=False, repr=False)
class PowerLaw(Schedule):
    r"""A power of the position.

    .. math:: \eta_t = s \, \left(\frac{t + \tau}{\tau}\right)^{a}

    Args:
        start: Rate at position 0, :math:`s`.
        exponent: The power, :math:`a`, at most 0; -0.5 is the inverse square root.
        timescale: Positions :math:`\tau`, above 0.
        length: Positions after which it holds; None if it never ends.

    >>> PowerLaw(1.0, exponent=-0.5, timescale=100)(300)
    0.5
    """

    start: float
    exponent: float
    timescale: float
    length: float | None = None

    def __post_init__(self) -> None:
        _check(self, "start")
        negated = -self.exponent if isinstance(self.exponent, int | float) else self.exponent
        if isinstance(self.exponent, bool):
            negated = self.exponent
        checks.number("-exponent", negated, owner="PowerLaw")
        checks.store(self, exponent=float(self.exponent))
        checks.store(self, timescale=checks.number("timescale", self.timescale, owner="PowerLaw", above=0))

    def _pieces(self, xp: Backend) -> list[Piece]:
        start, exponent, scale = self.start, self.exponent, self.timescale
        return [(0, lambda t: start * ((t + scale) / scale) ** exponent)]
