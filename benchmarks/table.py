"""Rows of figures, and apart from them their targets, as Markdown that reads well as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

HEAD = ("what", "figure", "ratio")
TARGETS = ("table", *HEAD, "target", "met")
NUMBERS = ("figure", "ratio")


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: What was measured.
        value: The figure, or the reason why there is none.
        unit: ``"s"`` is printed as ns, µs, ms or s; others as they are.
        ratio: How many times the section's yardstick.
        target: What lehr promises, in words.
        met: Whether it holds; None where nothing is promised.
    """

    what: str
    value: float | str
    unit: str = "s"
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> tuple[str, str]:
        """The target, and whether it is met."""
        return self.target, {None: "", True: "yes", False: "NO"}[self.met]

    @property
    def figure(self) -> str:
        """The value with its unit."""
        return self.value if isinstance(self.value, str) else _with_unit(self.value, self.unit)

    @property
    def times(self) -> str:
        """The ratio, or nothing."""
        return "" if self.ratio is None else f"{self.ratio:.2f} ×" if self.ratio < 10 else f"{self.ratio:,.0f} ×"

    def cells(self) -> tuple[str, str, str]:
        """The row as users read it."""
        return self.what, self.figure, self.times


@dataclass(frozen=True)
class Section:
    """A table, what it is about, and what a reader must know to read it."""

    title: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        table = markdown(HEAD, [row.cells() for row in self.rows], NUMBERS)
        return "\n\n".join([f"### {self.title}", table, *self.notes])


@dataclass(frozen=True)
class Grid:
    """A table with a column for each case, such as a number of param groups.

    Attributes:
        title: What it is about.
        columns: The name of each case -> what was measured in it. All have the same rows, in the same order.
        notes: What a reader must know to read it.
    """

    title: str
    columns: dict[str, list[Row]]
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Every row, with its case."""
        return [replace(row, what=f"{row.what}, {case}") for case, rows in self.columns.items() for row in rows]

    def __str__(self) -> str:
        rows = zip(*self.columns.values(), strict=True)
        lines = [(cases[0].what, *(row.times or row.figure for row in cases)) for cases in rows]
        table = markdown((HEAD[0], *self.columns), lines, numbers=tuple(self.columns))
        return "\n\n".join([f"### {self.title}", table, *self.notes])


def put(page: Path, command: str, name: str, text: str) -> None:
    """Put what a command prints into a page, between its marks."""
    before = page.read_text(encoding="utf-8")
    region = re.compile(rf"(<!-- python -m {re.escape(command)} {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not region.search(before):
        raise SystemExit(f"{page.name} has no place for the table {name!r}")
    page.write_text(region.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", before), encoding="utf-8")


def by_groups(column: Callable[[int], list[Row]], counts: Iterable[int]) -> dict[str, list[Row]]:
    """A column for each number of param groups."""
    return {f"{count} group{'s' if count > 1 else ''}": column(count) for count in counts}


def targets(sections: Iterable[Section | Grid]) -> str:
    """What lehr promises in these sections, and whether it holds; nothing where it promises nothing."""
    rows = [
        (section.title, *row.cells(), *row.verdict)
        for section in sections
        for row in section.rows
        if row.met is not None
    ]
    return f"## Appendix: targets\n\n{markdown(TARGETS, rows, NUMBERS)}" if rows else ""


def _with_unit(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:,.0f} {unit}" if float(value).is_integer() else f"{value:.2g} {unit}"
    for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= scale:
            return f"{value / scale:,.{_decimals(value / scale)}f} {name}"
    return f"{value * 1e9:.0f} ns"


def _decimals(value: float) -> int:
    return 2 if value < 10 else 1 if value < 100 else 0


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> str:
    """A table whose columns are as wide as they must be; those headed by one of ``numbers`` end alike."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    sides = [">" if name in numbers else "<" for name in head]
    rule = ["-" * (width - 1) + (":" if side == ">" else "-") for side, width in zip(sides, widths, strict=True)]
    top, *body = [
        [f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True)]
        for line in (head, *rows)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [top, rule, *body])
