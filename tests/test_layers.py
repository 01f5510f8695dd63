"""The rooms import downward only, and `import lehr` stays light."""

import subprocess
import sys
from pathlib import Path

import pytest

imports = pytest.importorskip("benchmarks.imports")

SOURCE = Path(__file__).parent.parent / "src" / "lehr"

# Each room, and the rooms below it that it may import.
BELOW = {
    "files": set(),
    "warn": set(),
    "schedules": set(),
    "spec": {"schedules", "files"},
    "control": {"schedules", "spec"},
    "forecast": {"schedules", "plot", "files"},
    "peak": {"schedules", "forecast", "plot"},
    "plot": {"schedules", "control", "files"},
    "design": {"schedules", "spec", "importers", "forecast"},
    "report": {"schedules", "spec", "plot", "control", "forecast", "check", "files"},
    "importers": {"schedules", "spec", "files", "warn"},
    "scheduler": {"schedules", "spec", "control", "importers", "warn"},
    "integrations": {"schedules", "spec", "scheduler", "warn"},
    "check": {"schedules", "importers"},
    "cli": {
        "schedules",
        "spec",
        "check",
        "design",
        "report",
        "scheduler",
        "plot",
        "files",
        "forecast",
        "peak",
        "control",
        "importers",
        "__version__",
    },
    "__main__": {"schedules", "plot", "cli"},
}
HEAVY = ("torch", "numpy", "scipy", "matplotlib", "pandas", "click", "msgspec", "ruamel")
MAY_LOAD = {
    "check": {"numpy"},
    "schedules": {"numpy"},
    "spec": {"msgspec", "ruamel"},
    "forecast": {"matplotlib", "msgspec", "numpy", "pandas", "scipy"},
    "peak": {"numpy"},
    "plot": {"numpy", "matplotlib"},
    "design": {"numpy"},
    "report": {"matplotlib", "numpy"},
    "importers": {"torch"},
    "scheduler": {"torch"},
    "cli": {"click", "matplotlib", "msgspec", "numpy"},
    "__main__": {"click", "matplotlib"},
}


def room_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> set[str]:
    """The full names of all that a file imports, at its top or later."""
    return next(TREE.names_in(module) for module, path in TREE.files.items() if path == file)


TREE = imports.Tree(SOURCE)
FILES = [file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_room_imports_downward(file):
    room = room_of(file)
    inside = {name.split(".")[1] for name in imports_of(file) if name.startswith("lehr.")}
    assert inside - {room} <= BELOW[room], f"{room} may import {BELOW[room]}"
    outside = {name.split(".")[0] for name in imports_of(file)} & set(HEAVY)
    assert outside <= MAY_LOAD.get(room, set()), f"{room} may load {MAY_LOAD.get(room)}"


def test_every_room_has_its_place():
    assert {room_of(file) for file in FILES} == set(BELOW)


@pytest.mark.parametrize("places", [("top", "function"), ("top", "function", "type checking")], ids=" and ".join)
def test_no_circles(places):
    """Imports inside functions count too."""
    assert imports.circles(TREE.graph(*places)) == []


def loaded_by(code: str) -> set[str]:
    """The heavy modules that are loaded when the code has run in a process of its own."""
    probe = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    return set(subprocess.check_output([sys.executable, "-c", probe], text=True).split())


def test_import_lehr_loads_nothing_heavy():
    assert loaded_by("import lehr") == set()


def test_rates_need_only_python():
    assert loaded_by("import lehr\nlehr.cosine(10, max_lr=1.0)(3)") == set()


def test_the_scheduler_loads_torch_when_it_is_asked_for():
    assert "torch" in loaded_by("import lehr\nlehr.Scheduler")


def test_a_missing_extra_is_named():
    code = "import sys, lehr\nsys.modules[{0!r}] = None\nlehr.{1}"
    for module, name, extra in [("torch", "Scheduler", "lehr[torch]"), ("matplotlib", "plot.save", "lehr[plot]")]:
        done = subprocess.run([sys.executable, "-c", code.format(module, name)], capture_output=True, text=True)
        assert done.returncode == 1
        assert f'pip install "{extra}"' in done.stderr


def test_public_names_are_listed_and_found():
    import lehr

    assert {"Scheduler", "plot", "spec", "cosine", "Ramp"} <= set(dir(lehr))
    with pytest.raises(AttributeError, match="no attribute 'cosin'"):
        lehr.cosin  # noqa: B018  # looking it up is the test
