"""No two files of the schedules import each other, not even inside a function or for type checkers."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "lehr" / "schedules"


def module_of(file: Path) -> tuple[str, ...]:
    return file.relative_to(ROOT).with_suffix("").parts


MODULES = {module_of(file): file for file in ROOT.rglob("*.py") if file.name != "__init__.py"}


def imports_of(module: tuple[str, ...], source: str) -> set[tuple[str, ...]]:
    """The files that a file imports, wherever the statement stands; a package stands for all of its files."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(module):
            head = (*module[: len(module) - node.level], *(node.module or "").split("."))
            head = tuple(part for part in head if part)
            candidates = [head, *((*head, alias.name) for alias in node.names)]
            packages = [other for other in MODULES if head and other[: len(head)] == head and head not in MODULES]
            found |= {name for name in candidates if name in MODULES} | set(packages)
    return found


def test_the_imports_make_no_circle():
    graph = {module: imports_of(module, file.read_text(encoding="utf-8")) for module, file in MODULES.items()}
    assert ("base",) in graph[("parts",)]
    tuple(TopologicalSorter(graph).static_order())


def test_a_circle_would_be_found():
    source = "def later():\n    from .parts import Constant"
    graph = {("base",): imports_of(("base",), source), ("parts",): imports_of(("parts",), "from .base import Schedule")}
    with pytest.raises(CycleError):
        tuple(TopologicalSorter(graph).static_order())
