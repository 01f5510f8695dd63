"""Tables and notes, as text for a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import TypeVar

import click

Value = TypeVar("Value")
_WIDEST = 100


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows, the first of which is the heading: names left in the first and last column, numbers right.

    >>> print(table([("", "steps", "schedule"), ("A", "1,000", "cosine"), ("BB", "9", "linear")]))
        steps  schedule
    A   1,000  cosine
    BB      9  linear
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *cells, last in rows:
        aligned = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:-1], strict=True)]
        lines.append("  ".join([f"{first:<{widths[0]}}", *aligned, last]).rstrip())
    return "\n".join(lines)


def lettered(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values under the letters that the rows of a table and the lines of a plot go by.

    Raises:
        ValueError: There are more values than letters.

    >>> lettered({"cosine": 1, "linear": 2})
    {'A': 1, 'B': 2}
    """
    if len(values) > len(ascii_uppercase):
        raise ValueError(f"at most {len(ascii_uppercase)} schedules are compared at once, got {len(values)}")
    return dict(zip(ascii_uppercase, values.values(), strict=False))


def bullets(lines: Iterable[str]) -> str:
    """Each line after a dash, wrapped to the terminal."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return "\n".join(click.wrap_text(line, width, initial_indent="- ", subsequent_indent="  ") for line in lines)
