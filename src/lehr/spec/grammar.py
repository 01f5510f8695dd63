r"""The grammar of one line of text: a part of Python's, and lengths and words without quotes.

::

    value     := product (("+" | "-") product)*
    product   := power ("*" power)*
    power     := operand ["**" number]
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
from typing import TypeAlias

from ..schedules import checks, lengths
from ..schedules.recipes.settings import by_position
from .errors import SpecError
from .kinds import METHODS, THEN, Kind, kind
from .limits import DEEPEST
from .reader import Call

_MOST_BRACKETS = 2 * DEEPEST + 10
"""Brackets inside each other: what a schedule of the greatest depth may need."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"(?=\.?\d)((?:\d[\d_]*)?(\.[\d_]*)?([eE][+-]?\d+)?)([kKMGBT](?!\w)|[ \t]*%)?", re.ASCII)
_SHAPE = re.compile(r"[\w-]+(?:\([^()]*\))?")
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_CONSTANTS: dict[str, bool | None] = {"None": None, "True": True, "False": False}
_OPERATIONS = [{"+": "Sum", "-": "Difference"}, {"*": "Product"}]
"""The signs of each level and what they build, those that bind loosest first."""
_LONGEST_NUMBER = 80

Value: TypeAlias = "bool | int | float | str | Call | list[Value] | None"


class Parser:
    """Reads one text. A schedule becomes a `Call`, which is not built yet; other values become themselves."""

    def __init__(self, text: str, what: str, example: str) -> None:
        self._text, self._what, self._example = text, what, example
        self._at = self._brackets = 0

    def whole_value(self) -> Value:
        value = self._value()
        self._expect_end()
        return value

    def whole_call(self) -> tuple[str, list[Value], dict[str, Value]]:
        """A name, and the values between its brackets: those without a name, and those with one."""
        match = self._match(_WORD)
        if match is None or not self._accept("("):
            raise self._error("expected a name and a bracket")
        positional, named, _ = self._items(")")
        self._expect_end()
        return match[0], positional, named

    def _value(self, operation: int = 0) -> Value:
        """The sum or difference at this place, or the product, or the power."""
        if operation == len(_OPERATIONS):
            return self._power()
        signs, before = _OPERATIONS[operation], ""
        operands = [self._value(operation + 1)]
        while sign := next(filter(self._accept, signs), ""):
            if before not in ("", sign):
                operands = [self._combined(signs[before], operands)]
            operands.append(self._value(operation + 1))
            before = sign
        return self._combined(signs[before], operands) if before else operands[0]

    def _combined(self, name: str, operands: list[Value]) -> Call:
        first = next((index for index, operand in enumerate(operands) if isinstance(operand, Call)), None)
        if first is None:
            raise self._error("expected a schedule beside `*`, `+` or `-`")
        if name != "Difference":
            operands.insert(0, operands.pop(first))  # as in Python, where 2 * schedule is schedule * 2
        return Call(kind(name, "text"), {"parts": operands})

    def _power(self) -> Value:
        base = self._operand()
        if not isinstance(base, Call) or not self._accept("**"):
            return base
        return Call(kind("Pow", "text"), {"of": base, "exponent": self._signed_number()})

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
        positional, named, _ = self._items(")")
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
            if not self._accept("("):
                return _CONSTANTS.get(match[0], match[0])
            positional, named, _ = self._items(")")
            return _bound(kind(match[0], "text"), positional, named)
        if match := self._match(_STRING):
            return _ESCAPE.sub(self._unescaped, match[1] if match[1] is not None else match[2])
        if self._accept("("):
            values, _, ends_with_comma = self._items(")", takes_names=False)
            return values if ends_with_comma or len(values) != 1 else values[0]
        if self._accept("["):
            return self._items("]", takes_names=False)[0]
        return self._signed_number()

    def _signed_number(self) -> int | float | str:
        if not self._accept("-"):
            return self._number()
        number = self._number()
        if isinstance(number, str):
            raise self._error("a share cannot be negative")
        return -number

    def _number(self) -> int | float | str:
        match = self._match(_NUMBER)
        if match is None or len(match[0]) > _LONGEST_NUMBER:
            raise self._error("expected a number, a word or a schedule")
        if _WORD.match(self._text, self._at):
            raise self._error(f"expected a number, got {checks.shown(self._text[match.start() : self._at + 20])}")
        _, fraction, exponent, suffix = match.groups()
        if suffix:
            number = match[1] + suffix.strip()
            return number if number.endswith("%") else lengths.steps(number, name="text")
        value = float(match[1]) if fraction or exponent else int(match[1])
        if not math.isfinite(value):
            raise self._error(f"expected a finite number, got {match[1]}")
        return value

    def _unescaped(self, match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        try:
            return chr(int(code, 16)) if code else _ESCAPED[match[4]]
        except (KeyError, ValueError, OverflowError):
            raise self._error(f"unknown escape {checks.shown(match[0])} in a string") from None

    def _items(self, closing: str, *, takes_names: bool = True) -> tuple[list[Value], dict[str, Value], bool]:
        """The values up to the closing bracket without a name, those with one, and whether a comma ends them."""
        positional: list[Value] = []
        named: dict[str, Value] = {}
        comma = False
        self._brackets += 1
        if self._brackets > _MOST_BRACKETS:
            raise self._error("nested too deeply")
        while not self._accept(closing):
            name = self._name() if takes_names else None
            if name in named:
                raise self._error(f"`{name}` is given twice")
            if name is not None:
                shape = self._match(_SHAPE) if name.endswith("shape") else None
                named[name] = shape[0] if shape else self._value()
            elif named:
                raise self._error("a value without a name cannot follow one with a name")
            else:
                positional.append(self._value())
            comma = self._accept(",")
            if not comma and not self._text.startswith(closing, self._at):
                raise self._error(f"expected `,` or `{closing}`")
        self._brackets -= 1
        return positional, named, comma

    def _name(self) -> str | None:
        """The word before ``=``, or None if there is none."""
        before = self._at
        match = self._match(_WORD)
        if match and self._accept("="):
            return match[0]
        self._at = before
        return None

    # Characters.

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches at this place, after any space."""
        space = _SPACE.match(self._text, self._at)
        assert space is not None  # it may be empty
        self._at = space.end()
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match

    def _accept(self, sign: str) -> bool:
        """Whether this sign comes next; if so, it is passed."""
        self._match(_SPACE)
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _expect_end(self) -> None:
        self._match(_SPACE)
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
    return Call(kind, {**by_position(kind.name, kind.positional, positional, named), **named})
