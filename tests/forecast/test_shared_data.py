"""The goals on the shared loss curves; skipped where they are not."""

from __future__ import annotations

import os

import numpy as np
import pytest

forecast_data = pytest.importorskip("benchmarks.forecast_data")
if not forecast_data.available() and "CI" not in os.environ:  # there they must have run
    pytest.skip("the shared loss curves are not here; LEHR_DATA says where they are", allow_module_level=True)

from benchmarks.forecast import left_out  # noqa: E402
from benchmarks.forecast_data import directory, sets  # noqa: E402
from benchmarks.make_prior import make  # noqa: E402

from lehr.forecast import default_prior, read_run  # noqa: E402
from lehr.forecast.laws import LAWS  # noqa: E402


@pytest.mark.parametrize("name", LAWS)
def test_the_shipped_prior_is_what_its_script_makes(name):
    made, shipped = make(name), default_prior(name)
    np.testing.assert_allclose(shipped.mean, made.mean, atol=2e-3)
    np.testing.assert_allclose(shipped.covariance, made.covariance, atol=2e-3)
    assert shipped.source == made.source


def test_what_is_left_out_of_a_prior_is_not_in_it():
    assert make("kww", ["100M"]).source == "fits of 25M, 124M-5e-4, 124M-1e-3"
    assert make("kww", ["cooldowns"]).source == "fits of 25M, 100M"
    with pytest.raises(ValueError, match="no 400M to leave out"):
        make("kww", ["400M"])


@pytest.mark.parametrize(("name", "goal"), [("25M", 7.5), ("100M", 4.5)])
def test_error_on_a_size_left_out(name, goal):
    assert left_out(name, "size").pred_e <= goal + 0.05


@pytest.mark.parametrize(("name", "goal"), [("25M", 8.5), ("100M", 8.5), ("124M-5e-4", 9), ("124M-1e-3", 15)])
def test_error_and_band_on_a_laboratory_left_out(name, goal):
    score = left_out(name, "lab", after=0 if name.endswith("M") else 5000)
    assert score.pred_e <= goal
    assert score.covered.mean() >= 0.8
    assert score.final.mean() >= 0.8


def test_the_rates_read_from_a_log_are_the_schedules():
    for name, run in sets()["25M"].items():
        read = read_run(directory() / "multi-power-law" / "csv_25" / f"{name}.csv", warmup_steps=2160)
        np.testing.assert_array_equal(read.at, run.at)
        assert np.mean(np.abs(read.rates - run.rates) > 0.03 * 3e-4) < 0.01
