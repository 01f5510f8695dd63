"""A schedule as a Python function that needs neither lehr nor NumPy nor torch.

It is a reading of the one formula (see `backends`): in place of numbers it computes with
expressions, which become the text of the function.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest

from .backends import Formula, Piece, Value
from .base import Schedule
from .checks import LONGEST, shown
from .cycles import MOST, Cycles, length_beyond


class _Expression:
    """A Python expression that grows by arithmetic."""

    def __init__(self, node: ast.expr) -> None:
        self.node = node

    def __str__(self) -> str:
        return ast.unparse(self.node)

    def __neg__(self) -> _Expression:
        return _Expression(ast.UnaryOp(ast.USub(), self.node))


def _node(value: Value) -> ast.expr:
    return value.node if isinstance(value, _Expression) else ast.Constant(value)


def _binary(operator: ast.operator, *, swapped: bool = False) -> Callable[[_Expression, Value], _Expression]:
    neutral = {ast.Add: 0, ast.Mult: 1} | ({} if swapped else {ast.Sub: 0, ast.Pow: 1})

    def build(a: _Expression, b: Value) -> _Expression:
        if not isinstance(b, _Expression) and b == neutral.get(type(operator)):
            return a
        left, right = _node(a), _node(b)
        if a is b:  # the side of a square: named, so that it is computed once
            right = ast.Name("side")
            left = ast.NamedExpr(right, left)
        return _Expression(ast.BinOp(right, operator, left) if swapped else ast.BinOp(left, operator, right))

    return build


for _name, _operator in {
    "add": ast.Add(),
    "sub": ast.Sub(),
    "mul": ast.Mult(),
    "truediv": ast.Div(),
    "floordiv": ast.FloorDiv(),
    "mod": ast.Mod(),
    "pow": ast.Pow(),
}.items():
    setattr(_Expression, f"__{_name}__", _binary(_operator))
    setattr(_Expression, f"__r{_name}__", _binary(_operator, swapped=True))


def _call(function: str, *arguments: Value) -> _Expression:
    return _Expression(ast.Call(ast.Name(function), [_node(a) for a in arguments], []))


class _Source:
    """The backend of text: each choice between pieces becomes a function of its own."""

    pi = _Expression(ast.Attribute(ast.Name("math"), "pi"))
    maximum = staticmethod(partial(_call, "max"))
    minimum = staticmethod(partial(_call, "min"))

    def __getattr__(self, name: str) -> Callable[..., _Expression]:
        return partial(_call, f"math.{name}")

    def __init__(self) -> None:
        self.functions: list[str] = []

    def define(self, lines: Sequence[str]) -> Formula:
        """A new function of ``t`` with these lines as its body."""
        name = f"_part_{len(self.functions) + 1}"
        self.functions.append("\n".join([f"def {name}(t):", *(f"    {line}" for line in lines)]))
        return lambda t: _call(name, t)

    def piecewise(self, pieces: Sequence[Piece]) -> Formula:
        if len(pieces) == 1:
            return pieces[0][1]
        return self.define(list(self.branches(pieces)))

    def branches(self, pieces: Sequence[Piece]) -> list[str]:
        """The body of a function that follows each piece from its start to the next one's."""
        t = _Expression(ast.Name("t"))
        lines = []
        stops = [start for start, _ in pieces[1:]]
        for (start, formula), stop in zip_longest(pieces, stops):
            if start != stop:
                here: Value = t - start if start else t  # type: ignore[operator]  # arithmetic is set above
                rate = f"return {_text(formula(here))}"
                lines += [rate] if stop is None else [f"if t < {stop!r}:", f"    {rate}"]
        return lines

    def table(self, values: Sequence[float]) -> Formula:
        return self.define([f"return {tuple(values)!r}[int(t)]"])

    def line(self, at: Sequence[float], values: Sequence[float]) -> Formula:
        return self.define(
            [
                f"at, rates = {tuple(at)!r}, {tuple(values)!r}",
                "right = 1",
                "while right < len(at) - 1 and at[right] <= t:",
                "    right += 1",
                "left = right - 1",
                "share = (t - at[left]) / (at[right] - at[left])",
                "return rates[left] + share * (rates[right] - rates[left])",
            ]
        )

    def cycle(self, length: float, factor: float, times: int | None) -> Formula:
        slow = len(Cycles(length, factor, times).near(LONGEST)) > MOST
        last = MOST if slow else None if times is None else times - 1
        more = "" if last is None else f"index != {last!r} and "
        locate = self.define(
            [
                f"index, start, length = 0, 0, {length!r}",
                f"while {more}start + length <= t:",
                f"    index, start, length = index + 1, start + length, length * {factor!r}",
                *(_beyond_most(length, factor) if slow else ()),
                "return index, start",
            ]
        )

        def parts(t: Value) -> tuple[Value, Value, Value]:
            index_and_start = _node(locate(t))
            index, start = (_Expression(ast.Subscript(index_and_start, ast.Constant(i))) for i in (0, 1))
            return index, start, factor**index  # type: ignore[operator]  # arithmetic is set above

        return parts


def _beyond_most(length: float, factor: float) -> list[str]:
    """The lines that compute what `Cycles` does beyond `MOST`."""
    return [
        f"if index == {MOST}:",
        f"    length, log, growth = {length_beyond(length, factor)!r}, {math.log(factor)!r}, {factor - 1!r}",
        "    n = int(math.log1p((t - start) * growth / length) / log)",
        "    this, following = (start + length * (math.expm1(i * log) / growth) for i in (n, n + 1))",
        "    n += (following <= t) - (this > t)",
        "    index, start = index + n, min(t, start + length * (math.expm1(n * log) / growth))",
    ]


def _text(value: Value) -> str:
    return str(value) if isinstance(value, _Expression) else repr(value)


def _check_name(name: str) -> None:
    read = unicodedata.normalize("NFKC", name)  # as Python reads it
    used = hasattr(builtins, read) or read == "math" or read.startswith(("_part_", "__"))
    if not read.isidentifier() or keyword.iskeyword(read) or used:
        raise ValueError(
            f"`name` must be a valid name of a Python function, and none that the function uses itself, such as "
            f"math or max; got {shown(name)}"
        )


def to_python(schedule: Schedule, name: str = "learning_rate") -> str:
    """The source of a Python function from step to rate that gives the same rates and imports only `math`.

    Args:
        schedule: The schedule.
        name: The name of the function.

    Raises:
        ValueError: The name is not a valid name, or is one that the function uses itself.

    >>> from lehr import linear
    >>> print(to_python(linear(100, 10, 0.1)).partition("import math")[2].strip())
    def learning_rate(t):
        if t < 10:
            return max(0.010000000000000002, t / 10 * 0.1)
        if t < 100:
            return 0.1 + (t - 10) / 90 * -0.1
        return 0.0
    """
    _check_name(name)
    source = _Source()
    body = [f"    {line}" for line in source.branches(schedule._held_pieces(source))]
    head = f'"""The learning rate at step t, counted from 0, of\n\n    {schedule!r}\n"""'
    return "\n\n\n".join([f"{head}\n\nimport math", *source.functions, "\n".join([f"def {name}(t):", *body])]) + "\n"
