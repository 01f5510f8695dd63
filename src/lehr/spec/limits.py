"""How large a spec may be. Readers and writers share the limits, so what is written can be read."""

from __future__ import annotations

import math

from ..schedules import Schedule, checks
from .errors import SpecError

MOST_PARTS = 10_000
DEEPEST = 50
MOST_NUMBERS = 100_000
LONGEST_WORD = 1_000
LONGEST_TEXT = 4_000_000


class Size:
    """Counts what a spec holds while it is read or checked, and stops at the first limit that it passes."""

    def __init__(self) -> None:
        self._parts = 0
        self._numbers = 0

    def add_part(self, path: str, depth: int) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            reason = f"a spec has at most {MOST_PARTS:,} parts; use Knots or Table, each of which is one part"
            raise SpecError(path, reason)
        if depth > DEEPEST:
            reason = f"a spec is nested at most {DEEPEST} deep; build the schedule anew instead of wrapping it again"
            raise SpecError(f"{path[:40]}...", reason)

    def add_numbers(self, path: str, count: int) -> None:
        self._numbers += count
        if self._numbers > MOST_NUMBERS:
            raise SpecError(
                path,
                f"a spec has at most {MOST_NUMBERS:,} numbers in its lists; keep fewer of them in Knots, "
                f"which joins them by straight lines",
            )


def check(schedule: Schedule) -> None:
    """Check that a schedule can be written as a spec and read again. A cosine takes a few microseconds.

    Raises:
        SpecError: The schedule has more than 10,000 parts or 100,000 numbers in tables, is nested
            more than 50 deep, or has a setting that is not a number, a word, a schedule or a tuple
            of those.

    >>> from lehr import Table, cosine
    >>> check(cosine(1000, max_lr=0.1))
    >>> check(Table([0.1] * 200_000))
    Traceback (most recent call last):
    lehr.spec.errors.SpecError: spec.rates: a spec has at most 100,000 numbers in its lists; keep fewer ...
    """
    size = Size()
    left = [(schedule, 0)]
    while left:
        part, depth = left.pop()
        size.add_part("spec", depth)
        for name, value in part.settings().items():
            items = value if type(value) is tuple else (value,)
            if items and isinstance(items[0], Schedule):
                left += [(inner, depth + 1) for inner in items]
                continue
            if items is value:
                size.add_numbers(f"spec.{name}", len(items))
            for item in items:
                if not _is_plain(item):
                    raise SpecError(
                        f"spec.{checks.named(name)}",
                        f"{checks.shown(item)} cannot be written in a spec: a setting is a finite number, a printable "
                        f"word of at most {LONGEST_WORD:,} characters, a schedule, or a tuple of those",
                    )


def check_text(text: str, language: str) -> None:
    """Check the length of a text that was written or is to be read.

    Raises:
        SpecError: It is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise SpecError(
            "spec", f"a spec has at most {LONGEST_TEXT:,} characters, and this {language} has {len(text):,}"
        )


def _is_plain(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is int:
        return -(2**63) <= value < 2**63
    if type(value) is str:
        return len(value) <= LONGEST_WORD and value.isprintable()
    return value is None or type(value) is bool
