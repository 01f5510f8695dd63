"""Compares imported schedules with their originals, and puts the tables into docs/coming_from.md.

python -m benchmarks.importers                     # prints all tables; minutes
python -m benchmarks.importers equal torch keras   # of these frameworks only
python -m benchmarks.importers --write             # prints, and puts them into the page
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lehr.importers.comparing import difference

from ..table import markdown, put
from . import FRAMEWORKS, families, files, refused
from .case import Family

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming_from.md"
TABLES = ("equal", "seconds", "every", "refused")


class Row(NamedTuple):
    """A family of schedules, and how far the imported ones are from the original; None if it is not installed."""

    framework: str
    family: str
    settings: int
    largest: float | None

    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        return self.framework, self.family, f"{self.settings:,}", _shown(self.largest)


def largest(framework: str, family: Family) -> tuple[int, float | None]:
    """How many cases a family has, and the largest relative difference in them."""
    count, found = 0, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importers warn of what the original does after its end
        for case in family():
            count += 1
            if (rates := case.original(case.steps)) is not None:
                found.append(difference(case.schedule(), rates, FRAMEWORKS[framework].smallest).largest)
    return count, max(found, default=None)


@cache
def rows(framework: str) -> Sequence[Row]:
    """Every family of a framework; none if the framework is not installed."""
    try:
        known = families(framework)
    except ImportError:
        return []
    return [Row(framework, name, *largest(framework, family)) for name, family in known.items()]


def equal(frameworks: Iterable[str]) -> str:
    """One row a framework."""
    head = ("framework", "stepped beside", "schedules", "settings", "largest relative difference")
    return markdown(head, [_summary(name) for name in frameworks], head[2:])


def _summary(framework: str) -> tuple[str, ...]:
    found = rows(framework)
    worst = max((row.largest for row in found if row.largest is not None), default=None)
    count = sum(row.settings for row in found)
    return framework, FRAMEWORKS[framework].beside, str(len(found)), f"{count:,}", _shown(worst)


def every(frameworks: Iterable[str]) -> str:
    """One row a family."""
    head = ("framework", "schedule", "settings", "largest relative difference")
    return markdown(head, [row.cells() for name in frameworks for row in rows(name)], head[2:])


def _shown(value: float | None) -> str:
    return "not installed" if value is None else f"{value:.1e}"


def tables(names: Sequence[str], frameworks: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each table that is asked for, with its name."""
    for name in names:
        if name == "seconds":
            yield name, files.table()
        elif name == "refused":
            yield name, "\n".join(refused.lines())
        else:
            yield name, (equal if name == "equal" else every)(frameworks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*TABLES, *FRAMEWORKS])}")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in (*TABLES, *FRAMEWORKS):
            parser.error(f"unknown table or framework {name!r}; available: {', '.join([*TABLES, *FRAMEWORKS])}")
    wanted = [name for name in TABLES if name in arguments.names] or TABLES
    frameworks = [name for name in FRAMEWORKS if name in arguments.names] or list(FRAMEWORKS)
    if arguments.write and len(frameworks) < len(FRAMEWORKS):
        parser.error("the page has the tables of all frameworks: leave out --write or the frameworks")
    logging.disable(logging.WARNING)  # timm's own remarks
    for name, text in tables(wanted, frameworks):
        print(f"{name}\n\n{text}\n", flush=True)
        if arguments.write:
            put(PAGE, "benchmarks.importers", name, text)


if __name__ == "__main__":
    main()
