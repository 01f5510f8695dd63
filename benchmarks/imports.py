"""The imports of a source tree, also those inside functions, and the circles that they make."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

Place = Literal["top", "function", "type checking"]
"""At the top of a file (or of a class), inside a function, or under ``if TYPE_CHECKING``."""
Graph = dict[str, set[str]]
"""A module -> the modules of the same tree that it imports."""


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        importer: The module that imports, such as ``lehr.schedules.base``.
        line: The line of the statement.
        imported: A module of the tree, or the top-level name of a library.
        place: Where the statement stands.
    """

    importer: str
    line: int
    imported: str
    place: Place

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


class Tree:
    """The Python files below a package, and what they import.

    A module does not count as an importer of the packages that contain it, though Python loads them first:
    only what a statement names is an import.

    Args:
        package: The directory of the package.
    """

    def __init__(self, package: Path) -> None:
        self.files = {_module(file, package.parent): file for file in sorted(package.rglob("*.py"))}
        self.imports = [found for module in self.files for found in self._imports_of(module)]

    def graph(self, *places: Place) -> Graph:
        """Which module imports which, in these places."""
        graph: Graph = {module: set() for module in self.files}
        for found in self.imports:
            if found.place in places and found.imported in graph:
                graph[found.importer].add(found.imported)
        return graph

    def spared(self, late: Import, libraries: Collection[str]) -> set[str]:
        """The libraries that are loaded later, because an import is inside a function."""
        return (self._loaded_with(late.imported) - self._loaded_with(late.importer)) & set(libraries)

    def _loaded_with(self, module: str) -> set[str]:
        """The modules and libraries that importing a module loads, itself among them."""
        loaded, left = set(), {module}
        while left:
            name = left.pop()
            loaded.add(name)
            package = name.rpartition(".")[0]
            left |= {package} if package else set()
            left |= {found.imported for found in self.imports if found.importer == name and found.place == "top"}
            left -= loaded
        return loaded

    def names_in(self, module: str) -> set[str]:
        """The full names that a module imports, such as ``lehr.schedules.Ramp``."""
        return {
            name for statement, _ in self._statements_of(module) for name in _names(statement, self._package(module))
        }

    def _imports_of(self, module: str) -> Iterator[Import]:
        for statement, place in self._statements_of(module):
            for imported in sorted({self._resolved(name) for name in _names(statement, self._package(module))}):
                yield Import(module, statement.lineno, imported, place)

    def _statements_of(self, module: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, Place]]:
        return _statements(ast.parse(self.files[module].read_text(encoding="utf-8")), "top")

    def _package(self, module: str) -> str:
        return module if self.files[module].stem == "__init__" else module.rpartition(".")[0]

    def _resolved(self, name: str) -> str:
        """The module of the tree that a name is in, or the library."""
        path = name.split(".")
        modules = (".".join(path[:length]) for length in range(len(path), 0, -1))
        return next((module for module in modules if module in self.files), path[0])


def circles(graph: Graph) -> list[list[str]]:
    """One circle of each group of modules that import each other: ``[a, b, a]`` if a imports b, and b a."""
    reached = {module: _reached(graph, module) for module in graph}
    groups = {frozenset(other for other in reached[module] if module in reached[other]) for module in graph}
    return sorted(
        _circle_in({module: sorted(graph[module] & group) for module in sorted(group)}) for group in groups if group
    )


def _reached(graph: Graph, start: str) -> set[str]:
    """The modules that one imports, directly or not; itself only if it is in a circle."""
    reached: set[str] = set()
    left = set(graph[start])
    while left:
        module = left.pop()
        reached.add(module)
        left |= graph[module] - reached
    return reached


def _circle_in(group: dict[str, list[str]]) -> list[str]:
    try:
        TopologicalSorter(group).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]  # there each module is imported by the next
    raise AssertionError("modules that reach each other have a circle")


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _statements(node: ast.AST, place: Place) -> Iterator[tuple[ast.Import | ast.ImportFrom, Place]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, place
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from _statements(ast.Module(child.body, []), "type checking")
            yield from _statements(ast.Module(child.orelse, []), place)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _statements(child, "function")
        else:
            yield from _statements(child, place)


def _names(statement: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """The full names that a statement in a package imports."""
    names = [alias.name for alias in statement.names]
    if isinstance(statement, ast.Import):
        return names
    parents = package.split(".")
    head = parents[: len(parents) - statement.level + 1] if statement.level else []
    return [".".join([*head, *([statement.module] if statement.module else []), name]) for name in names]
