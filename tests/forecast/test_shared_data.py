"""Forecasts of the shared loss curves; skipped where they are not."""

from __future__ import annotations

import os

import numpy as np
import pytest

curves = pytest.importorskip("benchmarks.curves")
if not curves.available() and "CI" not in os.environ:  # there they must have run
    pytest.skip("the shared loss curves are not here; LEHR_DATA says where they are", allow_module_level=True)

from benchmarks import tasks  # noqa: E402
from benchmarks.forecast import score, scored  # noqa: E402
from benchmarks.make_prior import make  # noqa: E402

from lehr.forecast import default_prior, fit, read_run  # noqa: E402
from lehr.forecast.laws import LAWS  # noqa: E402


@pytest.mark.parametrize("name", LAWS)
def test_the_shipped_prior_is_what_its_script_makes(name):
    made, shipped = make(name), default_prior(name)
    spread = np.sqrt(np.diag(shipped.covariance))
    np.testing.assert_allclose((shipped.mean - made.mean) / spread, 0, atol=0.05)
    np.testing.assert_allclose(np.diag(made.covariance) / spread**2, 1, atol=0.1)
    assert shipped.source == made.source


def test_what_is_left_out_of_a_prior_is_not_in_it():
    assert (
        make("kww", ["cooldowns"]).source
        == "106 setups: images, multi-power-law, nanogpt, speech, text, clicks and graphs"
    )
    assert make("kww", ["100M"]).source.startswith("110 setups: ")
    with pytest.raises(ValueError, match="no 400M to leave out"):
        make("kww", ["400M"])


@pytest.mark.parametrize(("size", "goals"), [("25M", (9, 13)), ("100M", (6, 9))])
def test_error_on_a_size_left_out(size, goals):
    three, one, _ = tasks.of_multi_power_law(size)
    assert scored(three, "model").pred_e <= goals[0]
    assert scored(one, "model").pred_e <= goals[1]


def test_error_and_band_on_a_laboratory_left_out():
    for task, goal in zip(tasks.two_runs(), (6.5, 10), strict=True):
        found = scored(task, "laboratory")
        assert found.pred_e <= goal
        assert found.covered.mean() >= 0.9
        assert found.final_held.mean() >= 0.9


def test_one_peak_tells_another():
    """With a prior that has seen no laboratory with several peaks."""
    for task in list(tasks.of_two_peaks())[:2]:
        found = scored(task, "laboratory")
        assert np.abs(found.final).mean() <= 40e-4
        assert found.final_held.all()


def test_a_run_that_is_not_of_a_language_model():
    """Clicks, from 60 % of a run to its end."""
    clicks = [task for task in tasks.of_algoperf() if task.model == "criteo1tb"]
    found = [scored(task, "model") for task in clicks]
    assert np.median([abs(f.final[0]) for f in found]) <= 0.004
    assert np.mean([f.final_held[0] for f in found]) >= 0.8


@pytest.mark.parametrize("name", ["ogbg_baseline_s0t2", "imagenet_resnet_baseline_s0t4"])
def test_a_run_that_no_law_describes_is_said(name):
    [run] = curves.setups()[name].runs.values()
    assert any(note.startswith(f"The law misses {name} by ") for note in fit(run).warnings)


def test_runs_that_the_law_describes_are_not_blamed():
    for name in ("25M", "100M", "360M"):
        law = fit(list(curves.setups()[name].runs.values()))
        assert not any("The law misses" in note for note in law.warnings)


def test_a_score_counts_errors_and_bands():
    task = next(iter(tasks.two_runs()))
    law = fit(list(task.fitted))
    found = score(law, task)
    last = task.others[0]
    forecast = law.predict(last.rates, [last.updates])
    assert found.final[0] == pytest.approx(forecast.loss[0] / last.loss[-1] - 1)
    assert found.final_held[0] == (forecast.low[0] <= last.loss[-1] <= forecast.high[0])


def test_the_rates_read_from_a_log_are_the_schedules():
    for name, run in curves.setups()["25M"].runs.items():
        read = read_run(curves.directory() / "multi-power-law" / "csv_25" / f"{name}.csv", warmup_steps=2160)
        np.testing.assert_array_equal(read.at, run.at)
        assert np.mean(np.abs(read.rates - run.rates) > 0.03 * 3e-4) < 0.01
