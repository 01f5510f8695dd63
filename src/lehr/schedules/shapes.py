"""Shapes: how a ramp goes from its start to its end.

A shape is one function of ``t`` positions done out of ``n``: either the share of the way *gone*
(0 to 1) or the share *left* (1 to 0), whichever its usual formula says. It is given ``t`` and ``n``
and not their quotient, because ``n - t`` is exact where ``1 - t / n`` is not.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .backends import Backend, Formula


@dataclass(frozen=True)
class Shape:
    """A unit curve and the values of its parameters."""

    curve: Callable[..., Any]
    counts_left: bool
    arguments: tuple[float, ...] = ()

    def between(self, start: float, end: float, n: float, xp: Backend) -> Formula:
        """Position -> rate, on the way from ``start`` at 0 to ``end`` at ``n``."""
        curve, arguments = self.curve, self.arguments
        if curve is exponential and not arguments:
            arguments = (end / start,)
        if self.counts_left:
            return lambda t: end + (start - end) * curve(t, n, xp, *arguments)
        return lambda t: start + curve(t, n, xp, *arguments) * (end - start)


SHAPES: dict[str, Shape] = {}
_NAME = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*")


def _shape(name: str, *, counts: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(curve: Callable[..., Any]) -> Callable[..., Any]:
        SHAPES[name] = Shape(curve, counts == "left")
        return curve

    return register


@_shape("linear", counts="gone")
def linear(t: Any, n: float, xp: Backend) -> Any:
    """t/n"""
    return t / n


@_shape("cosine", counts="left")
def cosine(t: Any, n: float, xp: Backend, half_turns: float = 1) -> Any:
    """(1 + cos(πt/n)) / 2 left; with another count of half turns it comes back up"""
    angle = xp.pi * t / n
    return (1 + xp.cos(angle if half_turns == 1 else angle * half_turns)) / 2


@_shape("quarter-cosine", counts="left")
def quarter_cosine(t: Any, n: float, xp: Backend) -> Any:
    """cos(πt/2n) left"""
    return xp.cos(xp.pi * t / (2 * n))


@_shape("k-decay", counts="left")
def k_decay(t: Any, n: float, xp: Backend, k: float) -> Any:
    """(1 + cos(π(t/n)^k)) / 2 left; Zhang & Li 2020, https://arxiv.org/abs/2004.05909"""
    return (1 + xp.cos(xp.pi * (t / n) ** k)) / 2


@_shape("polynomial", counts="left")
def polynomial(t: Any, n: float, xp: Backend, power: float) -> Any:
    """(1 - t/n)^power left"""
    return ((n - t) / n) ** power


@_shape("sqrt", counts="left")
def sqrt(t: Any, n: float, xp: Backend) -> Any:
    """√(1 - t/n) left"""
    return xp.sqrt((n - t) / n)


@_shape("square", counts="left")
def square(t: Any, n: float, xp: Backend) -> Any:
    """(1 - t/n)² left"""
    return ((n - t) / n) ** 2


@_shape("1-sqrt", counts="left")
def one_minus_sqrt(t: Any, n: float, xp: Backend) -> Any:
    """1 - √(t/n) left; Hägele et al. 2024, https://arxiv.org/abs/2405.18392"""
    return 1 - xp.sqrt(t / n)


@_shape("1-square", counts="left")
def one_minus_square(t: Any, n: float, xp: Backend) -> Any:
    """1 - (t/n)² left"""
    return (n - t) / n * ((n + t) / n)


@_shape("1-power", counts="left")
def one_minus_power(t: Any, n: float, xp: Backend, inner: float, outer: float = 1) -> Any:
    """(1 - (t/n)^inner)^outer left"""
    return (1 - (t / n) ** inner) ** outer


@_shape("exponential", counts="left")
def exponential(t: Any, n: float, xp: Backend, ratio: float) -> Any:
    """(r^(t/n) - r) / (1 - r) left; r is end/start, which makes it geometric, unless given"""
    return (ratio ** (t / n) - ratio) / (1 - ratio)


@_shape("rex", counts="left")
def rex(t: Any, n: float, xp: Backend) -> Any:
    """(1 - t/n) / (1 - t/2n) left; Chen et al. 2021, https://arxiv.org/abs/2107.04197"""
    return 2 * (n - t) / (2 * n - t)


@_shape("sigmoid", counts="gone")
def sigmoid(t: Any, n: float, xp: Backend, steepness: float = 10) -> Any:
    """the logistic curve 1/(1 + e^(-k(t/n - 1/2))), stretched to run from 0 to 1"""
    return (1 + xp.tanh(steepness / 2 * (t / n - 0.5)) / math.tanh(steepness / 4)) / 2


@_shape("tanh", counts="left")
def tanh(t: Any, n: float, xp: Backend, lower: float = -6, upper: float = 3) -> Any:
    """(1 - tanh(l(1 - t/n) + u·t/n)) / 2 left; Hsueh et al. 2018, https://arxiv.org/abs/1806.01593

    It does not reach its ends: with the usual bounds 0.25 % is left at n.
    """
    return (1 - xp.tanh(lower * ((n - t) / n) + upper * t / n)) / 2


@_shape("log", counts="gone")
def log(t: Any, n: float, xp: Backend) -> Any:
    """ln(1 + t) / ln(n): all of the way at n - 1, as DeepSpeed's warmup"""
    return xp.log(1 + t) / math.log(n)


@_shape("saturating", counts="gone")
def saturating(t: Any, n: float, xp: Backend) -> Any:
    """1 - e^(-t/n): 63 % of the way at n"""
    return 1 - xp.exp(-t / n)


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


def _with_arguments(shape: Shape, name: str, arguments: tuple[float, ...]) -> Shape:
    takes = list(inspect.signature(shape.curve).parameters.values())[3:]
    required = [p for p in takes if p.default is p.empty and shape.curve is not exponential]
    if not len(required) <= len(arguments) <= len(takes):
        names = ", ".join(p.name for p in takes) or "none"
        raise ValueError(f"shape {name!r} takes the parameters: {names}; got {len(arguments)}")
    if any(value <= 0 for value in arguments) and shape.curve is not tanh:
        raise ValueError(f"shape {name!r} takes parameters above 0, got {arguments}")
    if shape.curve is exponential and arguments == (1.0,):
        raise ValueError("shape 'exponential(1)' divides by zero: a ratio of 1 is a constant")
    return Shape(shape.curve, shape.counts_left, arguments)
