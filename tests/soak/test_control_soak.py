"""Ten thousand control files, and a thousand changes of one run."""

import pytest
import test_control
import test_control_file
from test_control_file import look_at_every_step, path  # noqa: F401  # fixtures


@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_control_files(seed, path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(path.parent)
    assert test_control_file.check_fuzzed_files(path, files=500, seed=1_000 + seed)


def test_a_thousand_amendments():
    test_control.check_amendments(1_000, most=64_000)
