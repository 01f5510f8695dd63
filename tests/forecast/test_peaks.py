"""Runs at several peaks: how constants move with the peak, and which peak is best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_fit import COSINE, FALL, PEAK, STABLE, STEPS, TRUTH, WARMUP

import lehr
from lehr.forecast import Run, default_prior, fit
from lehr.forecast.laws import LAWS
from lehr.forecast.model import LossModel
from lehr.forecast.trajectory import compress

KWW = LAWS["kww"]
SLOPES = default_prior("kww").mean[len(KWW.beliefs) :]
MODEL = LossModel(KWW, PEAK, FALL)
THETA = np.concatenate([TRUTH, SLOPES])
"""What a model would follow whose constants move with the peak as the prior expects."""


def cosine(peak, steps=STEPS):
    return lehr.cosine(steps, WARMUP, max_lr=peak, min_lr=0.1 * peak)


def run(schedule, steps=STEPS, every=100):
    at = np.arange(every, steps + 1, every)
    return Run(schedule, at, MODEL.value(THETA, compress(schedule, at)))


@pytest.fixture(scope="module")
def law():
    """Of runs at two peaks, the second twice as high."""
    return fit([run(COSINE), run(STABLE), run(cosine(2 * PEAK)), run(2 * STABLE)])


def test_constants_at_the_reference_peak_are_those_of_the_law():
    np.testing.assert_array_equal(MODEL.constants(THETA, PEAK), TRUTH)
    at_e_times = MODEL.constants(THETA, np.e * PEAK)
    np.testing.assert_allclose(at_e_times[1:], TRUTH[1:] + SLOPES)
    assert at_e_times[0] == TRUTH[0]


def test_a_loss_is_in_nats_whatever_the_peak():
    trajectory = compress(cosine(2 * PEAK), [STEPS])
    by_hand = FALL * KWW.value(TRUTH + np.log(2) * np.concatenate([[0.0], SLOPES]), trajectory)
    np.testing.assert_allclose(MODEL.value(THETA, trajectory), by_hand)


def test_derivatives_by_constants_and_slopes_meet_finite_differences():
    trajectory = compress(cosine(2 * PEAK), [2500, STEPS])
    _, jacobian = MODEL.evaluate(THETA, trajectory)
    for i in range(len(THETA)):
        h = 1e-5 * np.eye(len(THETA))[i]
        slope = (MODEL.value(THETA + h, trajectory) - MODEL.value(THETA - h, trajectory)) / 2e-5
        np.testing.assert_allclose(jacobian[:, i], slope, rtol=1e-5, atol=1e-8)


def test_the_derivative_by_rates_meets_finite_differences():
    rates = PEAK * np.concatenate([[1.0], np.linspace(0.9, 0.1, 39)])
    _, gradient = MODEL.final(THETA, rates)
    for i in (1, 17, 39):  # the peak itself is held
        h = 1e-5 * rates[i] * np.eye(40)[i]
        slope = (MODEL.final(THETA, rates + h)[0] - MODEL.final(THETA, rates - h)[0]) / (2e-5 * rates[i])
        assert gradient[i] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("factor", [0.5, 1.4, 4.0])
def test_two_peaks_tell_a_third(law, factor):
    schedule = cosine(factor * PEAK)
    forecast, truth = law.predict(schedule, [STEPS]), MODEL.value(THETA, compress(schedule, [STEPS]))[0]
    assert abs(forecast.loss[0] - truth) < 0.01 * FALL
    assert forecast.low[0] < truth < forecast.high[0]


def test_a_second_peak_makes_a_third_surer(law):
    one = fit([run(COSINE), run(STABLE)])
    bands = [fitted.predict(cosine(3 * PEAK), [STEPS]) for fitted in (one, law)]
    assert bands[1].high[0] - bands[1].low[0] < 0.8 * (bands[0].high[0] - bands[0].low[0])


def test_what_a_forecast_goes_beyond_is_said(law):
    assert law.predict(cosine(1.5 * PEAK), [STEPS]).reach == "interpolates"
    assert law.predict(cosine(5 * PEAK), [STEPS]).reach == "extrapolates in peak"
    assert law.predict(cosine(5 * PEAK, 2 * STEPS)).reach == "extrapolates in horizon and peak"
    stable = fit(run(STABLE))
    assert stable.predict(COSINE).reach == "extrapolates in kind of schedule"
    assert stable.predict(STABLE).reach == "interpolates"


def test_a_free_peak_is_the_best_of_all(law):
    pytest.importorskip("scipy")
    best = law.optimise(training_steps=STEPS, max_lr="free")
    peak = max(map(best.schedule, range(STEPS)))
    fixed = [law.optimise(training_steps=STEPS, max_lr=factor * peak).loss for factor in (0.7, 1.4)]
    assert best.loss < min(fixed)
    assert PEAK / 2 <= peak <= 4 * PEAK


def test_a_free_peak_at_the_end_of_what_was_tried_is_said(law):
    pytest.importorskip("scipy")
    theta = law.theta.copy()
    theta[law.model.names.index("ln A per ln peak")] = -2.0  # the higher the peak, the lower the loss
    best = replace(law, theta=theta).optimise(training_steps=STEPS, max_lr="free")
    assert best.notes[0].startswith(f"The best peak is the highest that was tried, {4 * PEAK:.3g}: ")


def test_runs_at_one_peak_cannot_free_it():
    pytest.importorskip("scipy")
    rule = r'"free" only for runs with at least two peaks, but every run peaks at 0\.0005'
    with pytest.raises(ValueError, match=rule):
        fit(run(COSINE)).optimise(training_steps=STEPS, max_lr="free")
