"""Text for a terminal: safe to print, and as wide as there is room for."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import TypeVar

import click

from ..schedules.checks import escaped

Value = TypeVar("Value")
NARROWEST = 40
"""Columns that every text fits into; a terminal with fewer breaks the lines itself."""
_WIDEST_PROSE = 100
_UNLIMITED = 1_000_000
_NARROWEST_CELL = 20


def columns(otherwise: int = _UNLIMITED) -> int:
    """The width of the terminal, or ``otherwise`` where the output is none."""
    return max(shutil.get_terminal_size((otherwise, 24)).columns, NARROWEST)


def echo(text: str) -> None:
    """Print lines of text, in which nothing but the newlines controls the terminal."""
    click.echo(escaped(text, keep="\n"))


def echo_json(data: object) -> None:
    """Print data for a script."""
    click.echo(json.dumps(data, indent=1))


def fitted(text: str, width: int) -> str:
    """The text with each line that is longer than ``width`` broken; what is broken off is indented."""
    return "\n".join(piece for line in text.split("\n") for piece in _broken(line, width))


def _broken(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = min(len(line) - len(line.lstrip()) + 2, width // 2)
    return textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False)


def table(rows: Sequence[Sequence[str]]) -> str:
    """The rows, the first of which is the heading: names left in the first and last column, numbers right.

    In a narrow terminal the last column is wrapped, or each row becomes lines of heading and value.

    >>> print(table([("", "steps", "schedule"), ("A", "1,000", "cosine"), ("BB", "9", "linear")]))
        steps  schedule
    A   1,000  cosine
    BB      9  linear
    """
    rows = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = columns() - indent
    if room < min(widths[-1], _NARROWEST_CELL):
        return _records(rows)
    lines = []
    for first, *cells, last in rows:
        aligned = [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:-1], strict=True)]
        wrapped = textwrap.wrap(last, min(room, widths[-1] or 1), break_on_hyphens=False) or [""]
        start = "  ".join([f"{first:<{widths[0]}}", *aligned, ""])
        lines += [f"{start}{wrapped[0]}", *(" " * indent + line for line in wrapped[1:])]
    return "\n".join(line.rstrip() for line in lines)


def _records(rows: Sequence[Sequence[str]]) -> str:
    """Each row as lines of heading and value, under its first cell."""
    (_, *headings), *body = rows
    width = max(map(len, headings))
    lines = []
    for first, *cells in body:
        named = [(heading, cell) for heading, cell in zip(headings, cells, strict=True) if cell]
        lines += [first.strip(), *(f"  {heading:<{width}}  {cell}" for heading, cell in named)]
    return fitted("\n".join(lines), columns())


def lettered(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values under the letters that name the rows of a table and the lines of a plot.

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
    width = min(columns(otherwise=80), _WIDEST_PROSE)
    return "\n".join(
        click.wrap_text(escaped(line), width, initial_indent="- ", subsequent_indent="  ") for line in lines
    )
