"""What `import lehr` offers, and what its documentation says of it."""

import pydoc
import re
import subprocess
import sys

import pytest

import lehr
from lehr.schedules.base import KINDS
from lehr.schedules.recipes import RECIPES


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_every_public_name_is_in_all():
    listed = {name for name in dir(lehr) if not name.startswith("_")} - {
        "schedules",
        "scheduler",
        "files",
        "warn",
        "cli",
        "design",
    }
    assert listed == set(lehr.__all__)
    assert lehr.__all__ == sorted(lehr.__all__)
    assert {*RECIPES, "Scheduler", "Plateau", "Schedule", "Constant", "Ramp", "Table", "control"} <= listed
    assert {name for name in KINDS if name in vars(lehr)} <= listed


def test_a_star_import_gives_every_name_and_needs_no_matplotlib():
    pytest.importorskip("torch")
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from lehr import *\n"
        "import lehr\n"
        "assert Scheduler is lehr.Scheduler and Scheduler.__name__ == 'Scheduler'\n"
        "assert control.Cooldown(2000).steps == 2000\n"
        "assert all(name in globals() for name in lehr.__all__)\n"
    )
    assert run(code).stderr == ""


def test_a_star_import_without_torch_says_how_to_get_it():
    done = run("import sys; sys.modules['torch'] = None\nfrom lehr import *")
    assert done.stderr.splitlines()[-1] == 'ImportError: lehr.Scheduler needs torch: pip install "lehr[torch]"'
    assert run("import sys; sys.modules['torch'] = None\nfrom lehr import cosine, plot, control").stderr == ""


def test_the_docstring_is_a_map_of_all_names():
    assert set(re.findall(r"`(\w+)`", re.sub(r"``.*?``", "", lehr.__doc__))) == set(lehr.__all__)
    assert "lehr.Scheduler(optimizer, schedule)" in pydoc.plain(pydoc.render_doc(lehr))


@pytest.mark.parametrize("module", [lehr, lehr.plot])
def test_a_name_that_there_is_not_is_an_attribute_error(module):
    assert not hasattr(module, "cosin")
    assert set(module.__all__) <= set(dir(module))
