r"""The grammar of one line of text: a part of Python's, and lengths and words without quotes.

::

    value     := product ("+" product)*
    product   := operand ("*" operand)*
    operand   := atom ("." name "(" arguments ")")*
    atom      := number | "-" number | string | word | name "(" arguments ")" | "(" values ")" | "[" values "]"
    arguments := [word "="] value, with commas between them
    number    := 1000 | 1_000 | 1e-3 | 100k | 1.5M | 2%

``100k`` is the integer 100000, ``2%`` is a string, a word is a string unless it is None, True or
False, and an argument whose name ends in ``shape`` may be a shape such as ``1-sqrt`` or
``polynomial(2)`` without quotes. The time to read a text is proportional to its length.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from ..schedules import checks, lengths
from ..schedules.recipes.aliases import unknown_schedule
from .errors import SpecError
from .kinds import METHODS, THEN, Kind, kind, names
from .limits import DEEPEST
from .reader import Call

MOST_BRACKETS = 2 * DEEPEST + 10
"""Brackets inside each other: what a schedule of the greatest depth may need."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"(\d[\d_]*)?(\.[\d_]*)?([eE][+-]?\d+)?", re.ASCII)
_SUFFIX = re.compile(r"[kKMGBT](?!\w)|[ \t]*%")
_SHAPE = re.compile(r"[\w-]+(?:\([^()]*\))?")
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_CONSTANTS: dict[str, bool | None] = {"None": None, "True": True, "False": False}
_LONGEST_NUMBER = 80


Value: TypeAlias = "bool | int | float | str | Call | list[Value] | None"


@dataclass
class Parsed:
    """A name, and the values between its brackets: those without a name, and those with one."""

    name: str
    positional: list[Value]
    named: dict[str, Value] = field(default_factory=dict)


class Parser:
    """Reads one text. A schedule becomes a `Call`, which is not built yet; other values become themselves."""

    def __init__(self, text: str, what: str, example: str) -> None:
        self._text = text
        self._what = what
        self._example = example
        self._at = 0
        self._brackets = 0

    def whole_value(self) -> Value:
        value = self._value()
        self._expect_end()
        return value

    def whole_call(self) -> Parsed:
        match = self._match(_WORD)
        if match is None or not self._accept("("):
            raise self._error("expected a name and a bracket")
        call = Parsed(match[0], *self._arguments())
        self._expect_end()
        return call

    # Values.

    def _value(self) -> Value:
        summands = [self._product()]
        while self._accept("+"):
            summands.append(self._product())
        return self._combined("Sum", summands)

    def _product(self) -> Value:
        factors = [self._operand()]
        while self._accept("*"):
            factors.append(self._operand())
        return self._combined("Product", factors)

    def _combined(self, name: str, operands: list[Value]) -> Value:
        if len(operands) == 1:
            return operands[0]
        first = next((index for index, operand in enumerate(operands) if isinstance(operand, Call)), None)
        if first is None:
            raise self._error("expected a schedule beside `*` and `+`")
        operands.insert(0, operands.pop(first))  # as in Python, where 2 * schedule is schedule * 2
        found = kind(name)
        assert found is not None
        return Call(found, {"parts": operands})

    def _operand(self) -> Value:
        value = self._atom()
        while self._accept("."):
            value = self._method(value)
        return value

    def _method(self, value: Value) -> Call:
        match = self._match(_WORD)
        name = match[0] if match else ""
        if not isinstance(value, Call) or name not in METHODS or not self._accept("("):
            raise self._error(checks.unknown("method", f".{name}", [f".{method}()" for method in METHODS]))
        positional, named = self._arguments()
        if name != "then":
            return _bound(METHODS[name], [value, *positional], named)
        if named or not all(isinstance(part, Call) for part in positional):
            raise self._error("`then` takes schedules without names; for a rate use Constant(...)")
        parts = value.settings["parts"] if value.kind is THEN else [value]
        assert isinstance(parts, list)
        parts.extend(positional)  # in place: a chain of many parts must not be copied for each
        return Call(THEN, {"parts": parts})

    def _atom(self) -> Value:
        if match := self._match(_WORD):
            return self._after_word(match[0])
        if match := self._match(_STRING):
            return self._string(match)
        if self._accept("("):
            values, has_comma = self._values(")")
            return values[0] if len(values) == 1 and not has_comma else values
        if self._accept("["):
            return self._values("]")[0]
        if self._accept("-"):
            number = self._number()
            if isinstance(number, int | float):
                return -number
            raise self._error("a share cannot be negative")
        return self._number()

    def _after_word(self, word: str) -> Value:
        if not self._accept("("):
            return _CONSTANTS.get(word, word)
        positional, named = self._arguments()
        found = kind(word)
        if found is None:
            raise SpecError("text", unknown_schedule(word, names()))
        return _bound(found, positional, named)

    def _number(self) -> int | float | str:
        match = self._match(_NUMBER)
        digits = match[0] if match else ""
        if match is None or not any(sign.isdigit() for sign in digits) or len(digits) > _LONGEST_NUMBER:
            raise self._error("expected a number, a word or a schedule")
        suffix = _SUFFIX.match(self._text, self._at)
        if suffix:
            self._at = suffix.end()
        if _WORD.match(self._text, self._at):
            raise self._error(f"expected a number, got {checks.shown(self._text[match.start() : self._at + 20])}")
        if suffix:
            number = digits + suffix[0].strip()
            return number if suffix[0].endswith("%") else lengths.steps(number, name="text")
        value = float(digits) if match[2] or match[3] else int(digits)
        if not math.isfinite(value):
            raise self._error(f"expected a finite number, got {digits}")
        return value

    def _string(self, match: re.Match[str]) -> str:
        return _ESCAPE.sub(self._unescaped, match[1] if match[1] is not None else match[2])

    def _unescaped(self, match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        try:
            return chr(int(code, 16)) if code else _ESCAPED[match[4]]
        except (KeyError, ValueError, OverflowError):
            raise self._error(f"unknown escape {checks.shown(match[0])} in a string") from None

    # What stands between brackets.

    def _arguments(self) -> tuple[list[Value], dict[str, Value]]:
        """The values up to the closing bracket: those without a name, and those with one."""
        positional: list[Value] = []
        named: dict[str, Value] = {}
        self._open()
        while not self._accept(")"):
            name = self._name()
            if name is None and named:
                raise self._error("a value without a name cannot follow one with a name")
            if name in named:
                raise self._error(f"`{name}` is given twice")
            if name is None:
                positional.append(self._value())
            else:
                shape = self._match(_SHAPE) if name.endswith("shape") else None
                named[name] = shape[0] if shape else self._value()
            self._separator(")")
        self._brackets -= 1
        return positional, named

    def _name(self) -> str | None:
        """The word before ``=``, or None if there is none."""
        before = self._at
        match = self._match(_WORD)
        if match and self._accept("="):
            return match[0]
        self._at = before
        return None

    def _values(self, closing: str) -> tuple[list[Value], bool]:
        """The values up to the closing bracket, and whether a comma came after one of them."""
        values: list[Value] = []
        has_comma = False
        self._open()
        while not self._accept(closing):
            values.append(self._value())
            has_comma |= self._separator(closing)
        self._brackets -= 1
        return values, has_comma

    def _open(self) -> None:
        self._brackets += 1
        if self._brackets > MOST_BRACKETS:
            raise self._error("nested too deeply")

    def _separator(self, closing: str) -> bool:
        if self._accept(","):
            return True
        self._skip_space()
        if not self._text.startswith(closing, self._at):
            raise self._error(f"expected `,` or `{closing}`")
        return False

    # Characters.

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None  # it may be empty
        self._at = match.end()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self._skip_space()
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _accept(self, sign: str) -> bool:
        self._skip_space()
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _expect_end(self) -> None:
        self._skip_space()
        if self._at < len(self._text):
            raise self._error("expected the end of the text")

    def _error(self, reason: str) -> SpecError:
        rest = self._text[self._at : self._at + 20]
        where = f"at character {self._at + 1}, before {rest!r}" if rest else "at the end"
        return SpecError(
            "text",
            f"{checks.shown(self._text)} is not a {self._what}: {reason} {where}; write for example {self._example}",
        )


def _bound(kind: Kind, positional: list[Value], named: dict[str, Value]) -> Call:
    """A call whose values all have their names."""
    if len(positional) > len(kind.positional):
        raise SpecError(
            "text",
            f"{kind.name} takes at most {len(kind.positional)} settings without a name "
            f"({', '.join(kind.positional)}), got {len(positional)}",
        )
    settings = dict(zip(kind.positional, positional, strict=False))
    for name in named:
        if name in settings:
            raise SpecError("text", f"{kind.name} got `{name}` twice: by position and by name")
    return Call(kind, {**settings, **named})
