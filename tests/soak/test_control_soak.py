"""Ten thousand control files, and a thousand changes of one run."""

import pytest
from control.control_files import check_fuzzed_files, look_at_every_step, path  # noqa: F401  # fixtures
from control.test_changes_in_a_run import check_amendments


@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_control_files(seed, path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(path.parent)
    assert check_fuzzed_files(path, files=500, seed=1_000 + seed)


def test_a_thousand_amendments():
    check_amendments(1_000, most=64_000)
