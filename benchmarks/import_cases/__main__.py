"""Prints how far imported schedules are from the originals: ``python -m benchmarks.import_cases [SETS]``."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module

from . import __path__
from .case import SETS, difference, drawn

COMMON = ("__main__", "case")


def rows(sets: int = SETS) -> Iterator[tuple[str, str, int, float]]:
    """Framework, family, number of configs and the largest relative difference, for each family."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in COMMON:
            families = import_module(f"{__package__}.{module.name}").FAMILIES
            for family, draw in families.items():
                cases = drawn({family: draw}, sets)
                yield module.name, family, sets, max(difference(c.schedule(), c.original(c.steps)) for c in cases)


def main() -> None:
    """Print the table as Markdown."""
    print("| framework | schedule | configs | largest relative difference |\n|---|---|---|---|")
    for framework, family, sets, largest in rows(int(sys.argv[1]) if len(sys.argv) > 1 else SETS):
        print(f"| {framework} | {family} | {sets} | {largest:.1e} |", flush=True)


if __name__ == "__main__":
    main()
