"""Shapes: how a ramp goes from its start to its end.

Given a start ``a``, an end ``b`` and a length of ``n`` positions, a shape is a formula from the ``t``
positions done to a value between the two. Most are known by the share of the way that is left, 1 at 0
and 0 at ``n``. It is computed from ``n - t``, which is exact where ``1 - t / n`` is not.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from .backends import Backend, Formula

Curve = Callable[..., Formula]


@dataclass(frozen=True)
class Shape:
    """A curve and the values of its own parameters."""

    curve: Curve
    counts_left: bool
    arguments: tuple[float, ...] = ()

    def between(self, start: float, end: float, n: float, xp: Backend) -> Formula:
        """Position -> rate, on the way from ``start`` at 0 to ``end`` at ``n``."""
        if start < end and self.counts_left:
            # On the way up what is left is taken from the higher end, which would round the lower.
            left, rise = self.curve(1.0, 0.0, n, xp, *self.arguments), end - start
            return lambda t: start + rise * (1 - left(t))
        return self.curve(start, end, n, xp, *self.arguments)


SHAPES: dict[str, Shape] = {}
_NAME = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*")


def _shape(name: str, *, counts: str = "left") -> Callable[[Curve], Curve]:
    def register(curve: Curve) -> Curve:
        SHAPES[name] = Shape(curve, counts == "left")
        return curve

    return register


@_shape("linear", counts="gone")
def linear(a: float, b: float, n: float, xp: Backend) -> Formula:
    """t/n of the way gone"""
    rise = b - a
    return lambda t: a + t / n * rise


@_shape("cosine")
def cosine(a: float, b: float, n: float, xp: Backend, half_turns: float = 1) -> Formula:
    """(1 + cos(πt/n)) / 2 left; with another count of half turns it comes back up"""
    cos, pi = xp.cos, xp.pi
    fall = a - b
    if half_turns == 1:
        return lambda t: b + fall * ((1 + cos(pi * t / n)) / 2)
    return lambda t: b + fall * ((1 + cos(pi * t / n * half_turns)) / 2)


@_shape("quarter-cosine")
def quarter_cosine(a: float, b: float, n: float, xp: Backend) -> Formula:
    """cos(πt/2n) left"""
    cos, pi = xp.cos, xp.pi
    fall = a - b
    return lambda t: b + fall * cos(pi * t / (2 * n))


@_shape("k-decay")
def k_decay(a: float, b: float, n: float, xp: Backend, k: float) -> Formula:
    """(1 + cos(π(t/n)^k)) / 2 left; Zhang & Li 2020, https://arxiv.org/abs/2004.05909"""
    cos, pi = xp.cos, xp.pi
    fall = a - b
    return lambda t: b + fall * ((1 + cos(pi * (t / n) ** k)) / 2)


@_shape("polynomial")
def polynomial(a: float, b: float, n: float, xp: Backend, power: float) -> Formula:
    """(1 - t/n)^power left"""
    fall = a - b
    return lambda t: b + fall * ((n - t) / n) ** power


@_shape("sqrt")
def sqrt(a: float, b: float, n: float, xp: Backend) -> Formula:
    """√(1 - t/n) left"""
    root = xp.sqrt
    fall = a - b
    return lambda t: b + fall * root((n - t) / n)


@_shape("square")
def square(a: float, b: float, n: float, xp: Backend) -> Formula:
    """(1 - t/n)² left"""
    fall = a - b
    return lambda t: b + fall * ((n - t) / n) ** 2


@_shape("1-sqrt")
def one_minus_sqrt(a: float, b: float, n: float, xp: Backend) -> Formula:
    """1 - √(t/n) left; Hägele et al. 2024, https://arxiv.org/abs/2405.18392"""
    root = xp.sqrt
    fall = a - b
    return lambda t: b + fall * (1 - root(t / n))


@_shape("1-square")
def one_minus_square(a: float, b: float, n: float, xp: Backend) -> Formula:
    """1 - (t/n)² left"""
    fall = a - b
    return lambda t: b + fall * ((n - t) / n) * ((n + t) / n)


@_shape("1-power")
def one_minus_power(a: float, b: float, n: float, xp: Backend, inner: float, outer: float = 1) -> Formula:
    """(1 - (t/n)^inner)^outer left"""
    fall = a - b
    return lambda t: b + fall * (1 - (t / n) ** inner) ** outer


@_shape("exponential", counts="gone")
def exponential(a: float, b: float, n: float, xp: Backend, ratio: float | None = None) -> Formula:
    """a (b/a)^(t/n), geometric between two ends above 0; or, for a given r, (1 - r^(t/n)) / (1 - r) gone"""
    if ratio is None:
        whole = b / a
        return lambda t: a * whole ** (t / n)
    r, rise = ratio, b - a
    return lambda t: a + rise * ((1 - r ** (t / n)) / (1 - r))


@_shape("rex")
def rex(a: float, b: float, n: float, xp: Backend) -> Formula:
    """(1 - t/n) / (1 - t/2n) left; Chen et al. 2021, https://arxiv.org/abs/2107.04197"""
    fall = a - b
    return lambda t: b + fall * (2 * (n - t) / (2 * n - t))


@_shape("sigmoid", counts="gone")
def sigmoid(a: float, b: float, n: float, xp: Backend, steepness: float = 10) -> Formula:
    """The logistic curve 1/(1 + e^(-k(t/n - 1/2))) gone, stretched to run from 0 to 1"""
    function, whole = xp.tanh, math.tanh(steepness / 4)
    rise = b - a
    return lambda t: a + rise * ((1 + function(steepness / 2 * (t / n - 0.5)) / whole) / 2)


@_shape("tanh")
def tanh(a: float, b: float, n: float, xp: Backend, lower: float = -6, upper: float = 3) -> Formula:
    """Left: ½(1 - tanh(l(1 - t/n) + u·t/n)); Hsueh et al. 2018, https://arxiv.org/abs/1806.01593

    It does not reach its ends: with the usual bounds 0.25 % is left at n.
    """
    function = xp.tanh
    fall = a - b
    return lambda t: b + fall * ((1 - function(lower * ((n - t) / n) + upper * t / n)) / 2)


@_shape("log", counts="gone")
def log(a: float, b: float, n: float, xp: Backend) -> Formula:
    """Gone: ln(1 + t) / ln(n), all of the way at n - 1, as DeepSpeed's warmup"""
    function, whole = xp.log, math.log(n)
    rise = b - a
    return lambda t: a + rise * (function(1 + t) / whole)


@_shape("saturating", counts="gone")
def saturating(a: float, b: float, n: float, xp: Backend) -> Formula:
    """1 - e^(-t/n) gone: 63 % of the way at n"""
    exp = xp.exp
    rise = b - a
    return lambda t: a + rise * (1 - exp(-t / n))


def get(name: object) -> Shape:
    """The shape that a name such as ``"cosine"`` or ``"polynomial(2)"`` says.

    Raises:
        ValueError: There is none of that name, or its parameters are not the ones it takes.

    >>> get("polynomial(2)").arguments
    (2.0,)
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    known = ", ".join(SHAPES)
    if match is None or match[1] not in SHAPES:
        nearest = difflib.get_close_matches(str(name), SHAPES, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise ValueError(f"there is no shape {name!r}; {hint}There are {known}")
    shape = SHAPES[match[1]]
    try:
        arguments = tuple(float(word) for word in match[2].split(",")) if match[2] else ()
        if not all(map(math.isfinite, arguments)):
            raise ValueError
    except ValueError:
        raise ValueError(f"shape {name!r} takes finite numbers between its brackets") from None
    return _with_arguments(shape, match[1], arguments)


@functools.lru_cache(maxsize=256)  # a run of many changes asks again and again
def _with_arguments(shape: Shape, name: str, arguments: tuple[float, ...]) -> Shape:
    takes = list(inspect.signature(shape.curve).parameters.values())[4:]
    required = [p for p in takes if p.default is p.empty]
    if not len(required) <= len(arguments) <= len(takes):
        names = ", ".join(p.name for p in takes) or "none"
        raise ValueError(f"shape {name!r} takes the parameters: {names}; got {len(arguments)}")
    if any(value <= 0 for value in arguments) and shape.curve is not tanh:
        raise ValueError(f"shape {name!r} takes parameters above 0, got {arguments}")
    if shape.curve is exponential and arguments == (1.0,):
        raise ValueError("shape 'exponential(1)' divides by zero: a ratio of 1 is a constant")
    return Shape(shape.curve, shape.counts_left, arguments)
