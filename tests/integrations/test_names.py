"""The public names of `lehr.integrations`."""

import subprocess
import sys

BLOCKED = "optuna", "ray", "transformers", "lightning", "timm", "keras", "deepspeed", "ignite", "composer"


def in_a_process(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_every_name_is_there_without_any_framework():
    code = f"import sys; sys.modules.update(dict.fromkeys({BLOCKED})); from lehr.integrations import *; print(suggest)"
    outcome = in_a_process(code)
    assert outcome.returncode == 0, outcome.stderr
    assert "function suggest" in outcome.stdout


def test_a_missing_framework_is_named_with_its_install():
    code = "import sys; sys.modules['ray'] = None; from lehr.integrations import search_space; search_space(1_000)"
    assert 'search_space needs Ray Tune: pip install "ray[tune]"' in in_a_process(code).stderr
