"""The reference: every public name, from its docstring."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.pycode import ModuleAnalyzer

import lehr
from lehr.schedules.recipes import RECIPES

TITLES = {
    "lehr": "Schedules and the Scheduler",
    "lengths": "Lengths",
    "plot": "Pictures",
    "spec": "Specs",
    "control": "Changes during training",
    "check": "Checks before the run",
    "peak": "Peak rates",
    "report": "Reports",
    "forecast": "Forecasts",
    "importers": "Importers",
    "integrations": "Trainers and other libraries",
}
"""Each module with public names, and what its page is called."""


def public_names(module: ModuleType) -> dict[str, Any]:
    """The public classes, functions and values of a module, by name; a recipe has its page in the gallery."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = {name: getattr(module, name) for name in names if not (module is lehr and name in RECIPES)}
    return {name: value for name, value in found.items() if _is_ours(module, name, value)}


def _is_ours(module: ModuleType, name: str, value: object) -> bool:
    if inspect.ismodule(value):
        return False
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__module__.startswith("lehr.")
    return bool(_docstring(module, name))


def write(folder: Path) -> None:
    """Write a page for each module, and the list of them."""
    folder.mkdir(exist_ok=True)
    for name in TITLES:
        (folder / f"{name}.rst").write_text(_page(name), "utf-8")
    pages = "\n   ".join(TITLES)
    title = "API reference"
    text = (
        f"{title}\n{'=' * len(title)}\n\nEvery public name. The recipes have their formulas in the "
        f":doc:`gallery </gallery/index>`.\n\n.. toctree::\n\n   {pages}\n"
    )
    (folder / "index.rst").write_text(text, "utf-8")


def _page(name: str) -> str:
    module, path = (lehr, "lehr") if name == "lehr" else (getattr(lehr, name), f"lehr.{name}")
    parts = [f"{TITLES[name]}\n{'=' * len(TITLES[name])}"]
    if name != "lehr":
        parts.append(f".. automodule:: {path}")
    return (
        "\n\n".join([*parts, *(_entry(module, path, own, value) for own, value in public_names(module).items())]) + "\n"
    )


def _entry(module: ModuleType, path: str, name: str, value: object) -> str:
    if inspect.isclass(value):
        return (
            f".. autoclass:: {path}.{name}\n   :members:\n   :inherited-members: object, tuple, ValueError, UserWarning"
        )
    if inspect.isroutine(value):
        return f".. autofunction:: {path}.{name}"
    return "\n".join([f".. data:: {path}.{name}", "", *(f"   {line}" for line in _docstring(module, name))])


def _docstring(module: ModuleType, name: str) -> list[str]:
    """What stands below a value where it is defined, which may be deeper inside its module; else nothing."""
    for inner in [
        inner for inner in sys.modules if inner == module.__name__ or inner.startswith(f"{module.__name__}.")
    ]:
        if found := ModuleAnalyzer.for_module(inner).find_attr_docs().get(("", name)):
            return found
    return []
