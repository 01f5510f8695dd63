"""A schedule as one line of text: the Python that builds it, read without running it.

Beside Python's own numbers the text may say ``100k``, ``1.5M`` or ``2%`` for a length, and a shape
without quotes.
"""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

from .. import lengths
from ..schedules import Schedule
from .convert import SpecError, from_dict, to_dict
from .kinds import TAG, kind, names, nearest

METHODS = ("then", "repeat", "clip", "cut", "stretch", "shift")
LONGEST = 100_000

_QUOTED_OR_BARE = re.compile(
    r"""(?P<quoted>"[^"]*"|'[^']*')"""
    r"""|(?P<before>shape\s*=\s*)(?P<shape>[\w-]+(?:\([^()]*\))?)"""
    r"""|(?<![\w.])(?P<length>\d[\d_]*(?:\.\d+)?(?:[kKMGBT](?!\w)|\s*%))"""
)


def to_text(schedule: Schedule) -> str:
    """The schedule as one line: the Python that builds it.

    >>> from lehr import linear
    >>> to_text(linear(100, 10, 0.1))
    'linear(training_steps=100, warmup_steps=10, max_lr=0.1, min_lr=0.0)'
    """
    to_dict(schedule)  # which refuses what cannot be read again
    return repr(schedule)


def from_text(text: str) -> Schedule:
    """The schedule that a line of text says; the reverse of `to_text`.

    Raises:
        SpecError: The text is no schedule.

    >>> from_text("cosine(training_steps=100k, warmup_steps=2%, max_lr=1e-3)")(2000)
    0.001
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise SpecError("text", f"a one-line schedule is a string of at most {LONGEST} characters")
    try:
        tree = ast.parse(_QUOTED_OR_BARE.sub(_quote, text.strip()), mode="eval")
        return _schedule(tree.body)
    except SyntaxError as error:
        raise SpecError("text", f"{text!r:.200} is no schedule: {error.msg}; {_EXAMPLE}") from None
    except (RecursionError, MemoryError):
        raise SpecError("text", "it is nested too deeply") from None
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError("text", str(error)) from None


_EXAMPLE = "write for example cosine(training_steps=100k, warmup_steps=1k, max_lr=1e-3)"


def _quote(match: re.Match[str]) -> str:
    if match["quoted"]:
        return match["quoted"]
    if match["shape"]:
        return f'{match["before"]}"{match["shape"]}"'
    length = match["length"]
    return f'"{length}"' if length.endswith("%") else str(lengths.steps(length, name="text"))


def _schedule(node: ast.expr) -> Schedule:
    """The schedule that an expression says."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _named(node.func.id, node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _method(_schedule(node.func.value), node.func.attr, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add):
        left, right = _value(node.left), _value(node.right)
        if isinstance(left, Schedule) or isinstance(right, Schedule):
            result = left * right if isinstance(node.op, ast.Mult) else left + right
            if isinstance(result, Schedule):
                return result
    raise SpecError("text", f"{ast.unparse(node)!r:.200} is no schedule; {_EXAMPLE}")


def _named(name: str, node: ast.Call) -> Schedule:
    found = kind(name)
    if found is None:
        raise SpecError(
            "text", f"there is no schedule {name!r}; {nearest(name, names())}There are {', '.join(names())}"
        )
    if len(node.args) > len(found.parameters):
        raise SpecError("text", f"{name} takes at most {len(found.parameters)} settings, got {len(node.args)}")
    positional = dict(zip(found.parameters, map(_value, node.args), strict=False))
    said = _keywords(node)
    for word in positional.keys() & said.keys():
        raise SpecError("text", f"{name} is given `{word}` twice")
    return from_dict({TAG: name, **positional, **said})


def _method(schedule: Schedule, name: str, node: ast.Call) -> Schedule:
    if name not in METHODS:
        raise SpecError("text", f"there is no `.{name}`; {nearest(name, METHODS)}There are {', '.join(METHODS)}")
    method, arguments, keywords = getattr(schedule, name), [_value(a) for a in node.args], _keywords(node)
    try:
        inspect.signature(method).bind(*arguments, **keywords)
    except TypeError as error:
        raise SpecError("text", f".{name}: {error}") from None
    return method(*arguments, **keywords)  # type: ignore[no-any-return]


def _keywords(node: ast.Call) -> dict[str, Any]:
    said = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise SpecError("text", "** is not read")
        said[keyword.arg] = _value(keyword.value)
    return said


def _value(node: ast.expr) -> Any:
    """A number, a word, a list of them, or a schedule."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | None):
        return node.value
    if isinstance(node, ast.Name):
        raise SpecError("text", f"{node.id!r} is no value; put a word in quotes")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _value(node.operand)
        if type(number) in (int, float):
            return -number
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item) for item in node.elts]
    return _schedule(node)
