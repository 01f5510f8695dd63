"""The imports of a small source tree: where they are, what circles they make, and which libraries they spare."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest

imports = pytest.importorskip("benchmarks.imports")
structure = pytest.importorskip("benchmarks.structure")

FILES = {
    "__init__.py": "from .shapes import Shape\nfrom .tools import names\n",
    "shapes.py": """
import typing
from typing import Any, TYPE_CHECKING
if TYPE_CHECKING:
    from .tools import drawing
else:
    import json
class Shape:
    import dataclasses
    sides: Any
    color: typing.Any
    def draw(self) -> "list[Any]":
        def at_once():
            from .tools.drawing import draw
        return 'Any'
""",
    "tools/__init__.py": "",
    "tools/drawing.py": "from .. import Shape\nfrom . import names\nimport lib.painting\n",
    "tools/names.py": "async def load():\n    from house import shapes\n    import lib, os\n",
    "tools/paint.py": "import lib\ndef again():\n    import lib\n    from . import drawing\n",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / "house" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return imports.Tree(tmp_path / "house")


def test_every_import_has_its_place(tree):
    places = {(found.importer, found.line, found.imported): found.place for found in tree.imports}
    assert places == {
        ("house", 1, "house.shapes"): "top",
        ("house", 2, "house.tools.names"): "top",  # a module, and not a name that the package defines
        ("house.shapes", 2, "typing"): "top",
        ("house.shapes", 3, "typing"): "top",
        ("house.shapes", 5, "house.tools.drawing"): "type checking",
        ("house.shapes", 7, "json"): "top",
        ("house.shapes", 9, "dataclasses"): "top",
        ("house.shapes", 14, "house.tools.drawing"): "function",
        ("house.tools.drawing", 1, "house"): "top",
        ("house.tools.drawing", 2, "house.tools.names"): "top",
        ("house.tools.drawing", 3, "lib"): "top",
        ("house.tools.names", 2, "house.shapes"): "function",
        ("house.tools.names", 3, "lib"): "function",
        ("house.tools.names", 3, "os"): "function",
        ("house.tools.paint", 1, "lib"): "top",
        ("house.tools.paint", 3, "lib"): "function",
        ("house.tools.paint", 4, "house.tools.drawing"): "function",
    }


def test_full_names(tree):
    assert tree.names_in("house.tools.drawing") == {"house.Shape", "house.tools.names", "lib.painting"}
    assert tree.names_in("house") == {"house.shapes.Shape", "house.tools.names"}


def test_a_circle_through_a_function_is_seen(tree):
    assert imports.circles(tree.graph("top")) == []
    [circle] = imports.circles(tree.graph("top", "function"))
    assert circle[0] == circle[-1]
    graph = tree.graph("top", "function")
    assert all(after in graph[before] for before, after in itertools.pairwise(circle))


def test_each_group_of_modules_has_one_circle():
    graph = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}, "e": {"e", "a"}, "f": {"a", "e"}}
    found = [set(circle) for circle in imports.circles(graph)]
    assert found == [{"a", "b"}, {"c", "d"}, {"e"}]
    assert imports.circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_what_an_import_inside_a_function_spares(tree):
    late = {(found.importer, found.imported): found for found in tree.imports if found.place == "function"}
    spared = {names: tree.spared(found, {"lib"}) for names, found in late.items()}
    assert spared == {
        ("house.shapes", "house.tools.drawing"): {"lib"},  # it loads lib, and house.shapes does not
        ("house.tools.names", "house.shapes"): set(),
        ("house.tools.names", "lib"): {"lib"},
        ("house.tools.names", "os"): set(),
        ("house.tools.paint", "lib"): set(),  # it is loaded already
        ("house.tools.paint", "house.tools.drawing"): set(),
    }


def test_uses_of_any_are_names(tmp_path):
    (tmp_path / "shapes.py").write_text(FILES["shapes.py"])
    assert structure.uses_of_any(tmp_path / "shapes.py") == 2  # not the import, not the strings


def test_the_table_covers_the_source():
    section = structure.structure()
    figures = {row.what: row.value for row in section.rows}
    assert figures["lines of src/lehr"] > 1_000
    assert figures["files in src/lehr/scheduler"] >= 5
    assert figures["imports inside functions that spare a heavy library"] > 0


def test_every_extra_that_an_error_or_a_page_names_exists():
    """In `pip install "lehr[plot]"`, say."""
    root = Path(__file__).parent.parent
    with (root / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"])
    pages = [*(root / "src").rglob("*.py"), *root.glob("*.md"), *(root / "docs").glob("*.md")]
    named = {name for page in pages for text in re.findall(r'"(?:lehr|\.)\[([a-z,]+)\]"', page.read_text("utf-8"))
             for name in text.split(",")}  # fmt: skip
    assert named == extras
