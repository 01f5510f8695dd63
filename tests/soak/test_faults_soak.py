"""Fifty kills, and ten thousand states that nobody wrote."""

import pytest
import test_faults


def test_fifty_kills(tmp_path):
    test_faults.check_kills(tmp_path, kills=50, seed=50)


@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_states(seed):
    assert test_faults.check_fuzzed_states(500, seed=2_000 + seed)
