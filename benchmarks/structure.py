"""How large the source is, and how its files depend on each other; measured without importing it."""

from __future__ import annotations

import ast
from pathlib import Path

from .imports import Import, Tree, circles
from .table import Row, Section

PACKAGE = Path(__file__).parent.parent / "src" / "lehr"
LINES, ANY, SCHEDULER_FILES = 10_955, 100, 13
HEAVY = (
    *("torch", "numpy", "scipy", "matplotlib", "pandas", "msgspec", "ruamel", "tomli_w", "plotille"),
    *("tensorboard", "mlflow", "click", "jinja2", "starlette", "uvicorn"),
)
"""Libraries that may be imported inside a function, so that they are loaded only where they are needed."""


def structure() -> Section:
    """Lines, uses of `Any`, files of the scheduler, circles, and imports inside functions."""
    tree = Tree(PACKAGE)
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in tree.files.values())
    anys = sum(uses_of_any(file) for file in tree.files.values())
    scheduler_files = sum(file.parent == PACKAGE / "scheduler" for file in tree.files.values())
    running = circles(tree.graph("top", "function"))
    checking = circles(tree.graph("top", "function", "type checking"))
    late = [found for found in tree.imports if found.place == "function" and not found.importer.startswith("lehr.cli")]
    sparing = [found for found in late if tree.spared(found, HEAVY)]
    needless = [found for found in late if found not in sparing]
    return Section(
        "Structure of the source",
        [
            _bounded("lines of src/lehr", lines, "lines", LINES - 1),
            _bounded("uses of `Any` in src/lehr", anys, "uses", ANY - 1),
            _bounded("files in src/lehr/scheduler", scheduler_files, "files", SCHEDULER_FILES),
            _bounded("import circles, imports inside functions included", len(running), "circles", 0),
            Row("the same, imports under TYPE_CHECKING included", len(checking), "circles"),
            Row("imports inside functions that spare a heavy library", len(sparing), "imports"),
            _bounded("imports inside functions that spare none", len(needless), "imports", 0),
        ],
        [
            "Imports inside functions are counted outside cli/. One spares a library if the file that it is in does "
            f"not load that library otherwise. Heavy libraries: {', '.join(HEAVY)}.",
            *_listed("Circles", [" → ".join(circle) for circle in running]),
            *_listed("Circles for type checking", [" → ".join(circle) for circle in checking if circle not in running]),
            *_listed("Imports that spare a heavy library", [_with_spared(tree, found) for found in sparing]),
            *_listed("Imports that spare none", [str(found) for found in needless]),
        ],
    )


def uses_of_any(file: Path) -> int:
    """How often a file names `Any`, imports not counted."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return sum(
        (isinstance(node, ast.Name) and node.id in ("Any", "_Any"))
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
        for node in nodes
    )


def _bounded(what: str, value: int, unit: str, most: int) -> Row:
    return Row(what, value, unit, target=f"≤ {most:,}", met=value <= most)


def _with_spared(tree: Tree, found: Import) -> str:
    return f"{found} ({', '.join(sorted(tree.spared(found, HEAVY)))})"


def _listed(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:\n\n" + "\n".join(f"- {line}" for line in lines)] if lines else []
