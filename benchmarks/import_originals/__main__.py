"""Prints how far imported schedules are from the originals: ``python -m benchmarks.import_originals [FRAMEWORK]``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from . import FRAMEWORKS
from .compare import difference


def rows(frameworks: Sequence[str] = FRAMEWORKS) -> Iterator[tuple[str, str, int, float | None]]:
    """Framework, family, number of configs and the largest relative difference; None if it is not installed."""
    for framework in frameworks:
        module = import_module(f"{__package__}.{framework}")
        by_family: dict[str, list[dict[str, Any]]] = {}
        for family, config in module.CASES:
            by_family.setdefault(family, []).append(config)
        for family, configs in by_family.items():
            found = [_difference(framework, module, config) for config in configs]
            known = [value for value in found if value is not None]
            yield framework, family, len(configs), max(known, default=None)


def _difference(framework: str, module: Any, config: dict[str, Any]) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importers warn of what the original does after its end
        imported = import_module(f"lehr.importers.{framework}")
        rates = imported.original(config, module.steps(config))
        return None if rates is None else difference(imported.from_config(config, after="peer"), rates, module.SMALLEST)


def main() -> None:
    """Print the table as Markdown."""
    print("| framework | schedule | configs | largest relative difference |\n|---|---|---|---|")
    for framework, family, configs, largest in rows(sys.argv[1:] or FRAMEWORKS):
        shown = "not installed" if largest is None else f"{largest:.1e}"
        print(f"| {framework} | {family} | {configs} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
