"""Shapes: how a ramp goes from its start to its end.

A shape is a formula from the ``t`` positions done, of ``n``, to a rate between the two ends. Most are known
by the share of the way that is left, 1 at 0 and 0 at ``n``: its base is the end of the ramp. Where a shape
counts the way that is gone, its base is the start. What is left is computed from ``n - t``, which is exact
where ``1 - t / n`` is not.

To add a shape, write its function here and give it a row in the table of the golden tests.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from . import checks
from .backends import Backend, Formula, Piece, Value

Curve = Callable[..., Value]
"""The base, the height above it, n, the backend and the shape's own parameters -> the formula.

A curve that counts from both ``ends`` takes these two instead, and gives a list of pieces.
"""

Rule = Callable[..., str | None]
"""A shape's own parameters -> why it does not take them, or None."""


@dataclass(frozen=True)
class Shape:
    """A curve and the values of its own parameters."""

    curve: Curve
    counts: str
    rule: Rule
    arguments: tuple[float, ...] = ()

    def pieces(self, start: float, end: float, n: float, xp: Backend) -> list[Piece]:
        """The formulas from position to rate, on the way from ``start`` at 0 to ``end`` at ``n``."""
        rise = end - start

        def curve(base: float, height: float) -> Value:
            return self.curve(base, height, n, xp, *self.arguments)

        if self.counts == "ends":
            return curve(start, end)  # type: ignore[no-any-return]  # a list of pieces
        if self.counts == "gone":
            return [(0, curve(start, rise))]
        if rise < 0:
            return [(0, curve(end, -rise))]
        left = curve(0.0, 1.0)  # what is left is taken from the higher end, which would round the lower
        return [(0, lambda t: start + rise * (1 - left(t)))]

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """The parameters of its own."""
        return list(inspect.signature(self.curve).parameters.values())[4:]


def _positive(*arguments: float) -> str | None:
    return None if all(1e-300 <= value <= 1e300 for value in arguments) else "each must be above 0"


def _odd(half_turns: float = 1) -> str | None:
    if half_turns > 0 and half_turns % 2 == 1:
        return None
    return "only an odd number of half turns comes to its end; join ramps with `then`, or cut a longer one"


def _not_one(ratio: float | None = None) -> str | None:
    return "a ratio of 1 is a constant" if ratio == 1 else None if ratio is None else _positive(ratio)


def _any_sign(lower: float = -6, upper: float = 3) -> str | None:
    return None if lower < upper else "the first must be below the second"


SHAPES: dict[str, Shape] = {}
_PI = Fraction("3.14159265358979323846264338327950288")
_NAME = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*")


def _shape(name: str, *, counts: str = "left", rule: Rule = _positive) -> Callable[[Curve], Curve]:
    def register(curve: Curve) -> Curve:
        SHAPES[name] = Shape(curve, counts, rule)
        return curve

    return register


@_shape("linear", counts="gone")
def linear(base: float, height: float, n: float, xp: Backend) -> Formula:
    """t/n of the way gone"""
    return lambda t: base + t / n * height


@_shape("cosine", counts="ends", rule=_odd)
def cosine(a: float, b: float, n: float, xp: Backend, half_turns: float = 1) -> list[Piece]:
    """(1 + cos(πt/n)) / 2 left; with 3, 5, … half turns it goes down and up again before it ends"""
    # Near the lower end 1 + cos loses the last digits, and sin² of half the angle from there does not.
    middle = n - n / (2 * half_turns)
    near = n - min(int(middle) + 1, (middle + n) / 2)
    far, sin, cos, angle = n - near, xp.sin, xp.cos, xp.pi * half_turns
    base, height, half = min(a, b), abs(a - b), abs(a - b) / 2
    high, low = _split(_PI * Fraction(half_turns) / (2 * Fraction(n)))

    def from_lower_end(at: float) -> Formula:
        return lambda t: base + height * ((s := sin(high * (k := t - at) + low * k)) * s)

    if a < b:
        return [(0, from_lower_end(0)), (near, lambda t: base + half * (1 + cos(angle * (far - t) / n)))]
    return [(0, lambda t: base + half * (1 + cos(angle * t / n))), (far, from_lower_end(near))]


def _split(angle: Fraction) -> tuple[float, float]:
    """Two floats whose sum is the angle; the first has so few bits that its products with positions are exact."""
    exponent = math.frexp(float(angle))[1] - 30
    high = math.ldexp(math.floor(math.ldexp(float(angle), -exponent)), exponent)
    return high, float(angle - Fraction(high))


@_shape("quarter-cosine")
def quarter_cosine(base: float, height: float, n: float, xp: Backend) -> Formula:
    """cos(πt/2n) left"""
    sin, pi = xp.sin, xp.pi  # the cosine, counted from the end: exact there
    return lambda t: base + height * sin(pi * (n - t) / (2 * n))


@_shape("k-decay")
def k_decay(base: float, height: float, n: float, xp: Backend, k: float) -> Formula:
    """(1 + cos(π(t/n)^k)) / 2 left; Zhang & Li 2020, https://arxiv.org/abs/2004.05909"""
    cos, pi = xp.cos, xp.pi
    return lambda t: base + height * ((1 + cos(pi * (t / n) ** k)) / 2)


@_shape("polynomial")
def polynomial(base: float, height: float, n: float, xp: Backend, power: float) -> Formula:
    """(1 - t/n)^power left"""
    return lambda t: base + height * ((n - t) / n) ** power


@_shape("sqrt")
def sqrt(base: float, height: float, n: float, xp: Backend) -> Formula:
    """√(1 - t/n) left"""
    root = xp.sqrt
    return lambda t: base + height * root((n - t) / n)


@_shape("square")
def square(base: float, height: float, n: float, xp: Backend) -> Formula:
    """(1 - t/n)² left"""
    return lambda t: base + height * ((n - t) / n) ** 2


@_shape("1-sqrt")
def one_minus_sqrt(base: float, height: float, n: float, xp: Backend) -> Formula:
    """1 - √(t/n) left; Hägele et al. 2024, https://arxiv.org/abs/2405.18392"""
    root = xp.sqrt
    return lambda t: base + height * (1 - root(t / n))


@_shape("1-square")
def one_minus_square(base: float, height: float, n: float, xp: Backend) -> Formula:
    """1 - (t/n)² left"""
    return lambda t: base + height * ((n - t) / n) * ((n + t) / n)


@_shape("1-power")
def one_minus_power(base: float, height: float, n: float, xp: Backend, inner: float, outer: float = 1) -> Formula:
    """(1 - (t/n)^inner)^outer left"""
    return lambda t: base + height * (1 - (t / n) ** inner) ** outer


@_shape("exponential", counts="ends", rule=_not_one)
def exponential(a: float, b: float, n: float, xp: Backend, ratio: float | None = None) -> list[Piece]:
    """a (b/a)^(t/n), geometric between two ends above 0; or, for a given r, (1 - r^(t/n)) / (1 - r) gone"""
    if ratio is not None:
        r, rise = ratio, b - a
        return [(0, lambda t: a + rise * ((1 - r ** (t / n)) / (1 - r)))]
    whole = b / a
    if sys.float_info.min < whole < math.inf:
        return [(0, lambda t: a * whole ** (t / n))]
    return [(0, lambda t: a ** ((n - t) / n) * b ** (t / n))]  # two ends so far apart that no float is their ratio


@_shape("rex")
def rex(base: float, height: float, n: float, xp: Backend) -> Formula:
    """(1 - t/n) / (1 - t/2n) left; Chen et al. 2021, https://arxiv.org/abs/2107.04197"""
    return lambda t: base + height * (2 * (n - t) / (2 * n - t))


@_shape("sigmoid", counts="gone")
def sigmoid(base: float, height: float, n: float, xp: Backend, steepness: float = 10) -> Formula:
    """The logistic curve 1/(1 + e^(-k(t/n - 1/2))) gone, stretched to run from 0 to 1"""
    function, whole = xp.tanh, math.tanh(steepness / 4)
    return lambda t: base + height * ((1 + function(steepness / 2 * (t / n - 0.5)) / whole) / 2)


@_shape("tanh", rule=_any_sign)
def tanh(base: float, height: float, n: float, xp: Backend, lower: float = -6, upper: float = 3) -> Formula:
    """Left: ½(1 - tanh(l(1 - t/n) + u·t/n)); Hsueh et al. 2018, https://arxiv.org/abs/1806.01593

    As in the paper it does not reach its ends: with the usual bounds 0.25 % is left at n, where the rate jumps.
    """
    function = xp.tanh
    return lambda t: base + height * ((1 - function(lower * ((n - t) / n) + upper * t / n)) / 2)


@_shape("log", counts="gone")
def log(base: float, height: float, n: float, xp: Backend) -> Formula:
    """Gone: ln(1 + t) / ln(n), all of the way from n - 1 on, as DeepSpeed's warmup

    A length below 2 counts as 2, as there. So one below 1 does not reach its end, where the rate jumps.
    """
    function, minimum, whole = xp.log, xp.minimum, math.log(max(n, 2))
    return lambda t: base + height * minimum(1.0, function(1 + t) / whole)


@_shape("saturating", counts="gone")
def saturating(base: float, height: float, n: float, xp: Backend) -> Formula:
    """1 - e^(-t/n) gone: 63 % of the way at n, where the rate jumps to its end, as in pytorch_warmup"""
    exp = xp.exp
    return lambda t: base + height * (1 - exp(-t / n))


def get(name: object) -> Shape:
    """The shape with a name such as ``"cosine"`` or ``"polynomial(2)"``.

    Raises:
        ValueError: The name is unknown, or the shape does not take these parameters.

    >>> get("polynomial(2)").arguments
    (2.0,)
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or match[1] not in SHAPES:
        raise ValueError(checks.unknown("shape", name, SHAPES))
    try:
        arguments = tuple(float(word) for word in match[2].split(",")) if match[2] else ()
        if not all(map(math.isfinite, arguments)):
            raise ValueError
    except ValueError:
        raise ValueError(f"the parameters of shape {checks.shown(name)} must be finite numbers") from None
    return _with_arguments(match[1], arguments)


@functools.lru_cache(maxsize=256)  # a run of many changes asks again and again
def _with_arguments(name: str, arguments: tuple[float, ...]) -> Shape:
    shape = SHAPES[name]
    required = [p for p in shape.parameters if p.default is p.empty]
    if not len(required) <= len(arguments) <= len(shape.parameters):
        names = ", ".join(p.name for p in shape.parameters) or "none"
        raise ValueError(f"shape {name!r} takes the parameters: {names}; got {len(arguments)}")
    if reason := shape.rule(*arguments):
        raise ValueError(f"shape {name!r} does not take the parameters {arguments}: {reason}")
    return replace(shape, arguments=arguments)
