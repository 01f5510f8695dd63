"""Prints every figure of docs/benchmarks.md, then the targets: ``python -m benchmarks [SECTION ...]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import arrays, construct, far, follow, machines, processes, rates, state, step, structure, trainers
from .table import Grid, Section, targets

SECTIONS: dict[str, Callable[[], Section | Grid]] = {
    "step": step.steps,
    "boundary": step.boundary,
    "construct": construct.construction,
    "rates": rates.whole_run,
    "tensors": arrays.whole_run,
    "compiled": arrays.compiled_step,
    "far": far.far_steps,
    "import": processes.imports,
    "show": processes.show,
    "state": state.sizes,
    "follow": follow.follow,
    "changes": follow.changes,
    "machines": machines.machines,
    "structure": structure.structure,
    "trainers": trainers.trainers,
}
PACKAGES = ("torch", "numpy", "transformers", "timm", "pytorch-ignite", "pytorch_optimizer", "lrsched")


def main() -> None:
    """Measure the chosen sections, and print each as soon as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all if none is named"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}; available: {', '.join(SECTIONS)}")
    print(_machine(), flush=True)
    measured = {name: _shown(SECTIONS[name]()) for name in arguments.sections or SECTIONS}
    print(f"\n{targets(measured.values())}".rstrip())
    if arguments.json:
        figures = {name: asdict(section) for name, section in measured.items()}
        arguments.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _shown(section: Section | Grid) -> Section | Grid:
    print(f"\n{section}", flush=True)
    return section


def _machine() -> str:
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    load = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {load}Python {platform.python_version()} on {sys.platform}; {versions}."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes when it ends
        sys.exit(1)
