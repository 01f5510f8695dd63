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
        self.imports = [found for name, file in self.files.items() for found in self._imports_of(name, file)]

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

    def _imports_of(self, module: str, file: Path) -> Iterator[Import]:
        package = module if file.stem == "__init__" else module.rpartition(".")[0]
        for statement, place in _statements(ast.parse(file.read_text(encoding="utf-8")), "top"):
            for imported in sorted({self._resolved(name, package) for name in _names(statement)}):
                yield Import(module, statement.lineno, imported, place)

    def _resolved(self, name: str, package: str) -> str:
        """The module of the tree that a name is in, or the library."""
        levels = len(name) - len(name.lstrip("."))
        path = name.lstrip(".").split(".")
        if levels:
            parents = package.split(".")
            path = [*parents[: len(parents) - levels + 1], *path]
        for length in range(len(path), 0, -1):
            if (module := ".".join(path[:length])) in self.files:
                return module
        return path[0]


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


def _names(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """The full names that a statement imports; a relative one begins with its dots."""
    names = [alias.name for alias in statement.names]
    if isinstance(statement, ast.Import):
        return names
    head = "." * statement.level + (f"{statement.module}." if statement.module else "")
    return [head + name for name in names]
