"""The laws: against sums written out by hand, against the dense sum, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr.forecast.laws import LAWS, get
from lehr.forecast.trajectory import compress, join

CONSTANTS = {
    "kww": np.array([5.0, 0.3, 0.53, -0.7, 2.0, 0.4, -0.4, 0.55, -0.2, -2.9]),
    "mpl": np.array([5.0, 0.3, 0.53, -0.7, 2.0, 0.5, 0.5]),
    "momentum": np.array([5.0, 0.3, 0.53, -0.7, np.log(1000.0)]),
}
SCHEDULES = {
    "cosine": lehr.cosine(24_000, 2160, max_lr=3e-4, min_lr=3e-5),
    "long cosine": lehr.cosine(72_000, 2160, max_lr=3e-4, min_lr=0.0),
    "wsd": lehr.wsd(24_000, 2160, max_lr=3e-4, min_lr=0.0, decay_steps="20%"),
    "linear": lehr.linear(24_000, 300, max_lr=1e-3, min_lr=0.0),
    "short": lehr.cosine(1000, 100, max_lr=1e-3, min_lr=0.0),
    "steps": lehr.multistep(24_000, 500, max_lr=3e-4, milestones=[8000, 16_000]),
    "restarts": lehr.cosine_restarts(24_000, 500, max_lr=3e-4, cycle_steps=8000),
    "one cycle": lehr.one_cycle(24_000, max_lr=3e-4),
}


def dense(law, theta, schedule, at):
    """The law's own sum over every update."""
    return law.final(theta, schedule(np.arange(at)) / schedule(np.arange(schedule.length)).max())[0]


def test_kww_by_hand():
    # 2,000 updates at the peak are 2 units of area. C = kappa = p = 1, no coupling: V = 1 - exp(-2).
    theta = np.array([2.0, np.log(0.5), 1.0, np.log(0.1), 0.0, 1.0, 0.0, 1.0, -np.inf, 0.0])
    expected = 2.0 + 0.5 / (2 + 1) + 0.1 * (1 - np.exp(-2.0))
    assert LAWS["kww"].value(theta, compress(lehr.Constant(3e-4), [2000]))[0] == pytest.approx(expected, rel=1e-14)


HALVED = np.array([2e-4] * 1000 + [1e-4] * 1000)
"""One unit of area at the peak, and half of one at half the peak: two changes of the rate, by 1 and by -1/2."""


def test_mpl_by_hand():
    theta = np.array([2.0, np.log(0.5), 1.0, np.log(0.1), np.log(3.0), 1.0, 0.0])
    relaxed = [1 - 1 / (1 + 3.0 * 1.5), 1 - 1 / (1 + 3.0 * 0.5)]
    expected = 2.0 + 0.5 / 1.5 + 0.1 * (relaxed[0] - relaxed[1] / 2)
    assert LAWS["mpl"].value(theta, compress(HALVED, [2000]))[0] == pytest.approx(expected, rel=1e-14)


def test_momentum_by_hand():
    theta = np.array([2.0, np.log(0.5), 1.0, np.log(0.1), np.log(1000.0)])
    relaxed = [1 - np.exp(-2.0), 1 - np.exp(-1.0)]
    expected = 2.0 + 0.5 / 1.5 + 0.1 * (relaxed[0] - relaxed[1] / 2)
    assert LAWS["momentum"].value(theta, compress(HALVED, [2000]))[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("law", LAWS)
def test_the_unit_of_rates_does_not_matter(law):
    formula, at = LAWS[law], [500, 5000, 20_000]
    for schedule in SCHEDULES.values():
        here, there = (formula.value(CONSTANTS[law], compress(s, at)) for s in (schedule, 1000 * schedule))
        np.testing.assert_allclose(here, there, rtol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("law", LAWS)
def test_compressed_meets_dense(law, name):
    formula, theta, schedule = LAWS[law], CONSTANTS[law], SCHEDULES[name]
    total = int(schedule.length)
    at = np.unique(np.linspace(total // 10, total, 12).astype(int))
    trajectory = compress(schedule, at)
    exact = np.array([dense(formula, theta, schedule, n) for n in at])
    assert trajectory.cell_count <= 400
    assert np.max(np.abs(formula.value(theta, trajectory) / exact - 1)) <= 5e-5


@pytest.mark.parametrize("law", LAWS)
def test_jacobian_meets_finite_differences(law):
    formula, theta = LAWS[law], CONSTANTS[law]
    trajectory = join([compress(SCHEDULES[name], [2500, 5000, 20_000]) for name in ("cosine", "wsd", "steps")])
    _, jacobian = formula.evaluate(theta, trajectory)
    for i in range(len(theta)):
        h = 1e-5 * np.eye(len(theta))[i]
        slope = (formula.value(theta + h, trajectory) - formula.value(theta - h, trajectory)) / 2e-5
        np.testing.assert_allclose(jacobian[:, i], slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("law", LAWS)
def test_gradient_by_rates_meets_finite_differences(law):
    formula, theta = LAWS[law], CONSTANTS[law]
    rates = np.linspace(1.0, 0.1, 40)
    _, gradient = formula.final(theta, rates)
    for i in (0, 1, 17, 38, 39):
        h = 1e-5 * rates[i] * np.eye(40)[i]
        slope = (formula.final(theta, rates + h)[0] - formula.final(theta, rates - h)[0]) / (2e-5 * rates[i])
        assert gradient[i] == pytest.approx(slope, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("law", LAWS)
def test_joining_changes_nothing(law):
    formula, theta = LAWS[law], CONSTANTS[law]
    trajectories = [compress(SCHEDULES[name], [700, 9000]) for name in ("cosine", "steps")]
    apart = np.concatenate([formula.value(theta, trajectory) for trajectory in trajectories])
    np.testing.assert_array_equal(formula.value(theta, join(trajectories)), apart)


@settings(max_examples=50, deadline=None)
@given(
    total=st.integers(200, 3000),
    floor=st.floats(0, 1),
    shape=st.sampled_from(["linear", "cosine", "1-sqrt", "square"]),
    kappa=st.floats(0.25, 0.8),
    p=st.floats(0.4, 1.0),
)
def test_compression_holds_for_any_cooldown(total, floor, shape, kappa, p):
    theta = CONSTANTS["kww"].copy()
    theta[5], theta[7] = kappa, p
    schedule = lehr.wsd(total, total // 10, max_lr=1e-3, min_lr=floor * 1e-3, decay_steps="50%", decay_shape=shape)
    at = [total // 2, total * 3 // 4, total]
    trajectory = compress(schedule, at)
    exact = [dense(LAWS["kww"], theta, schedule, n) for n in at]
    assert trajectory.cell_count <= 400
    # Constants far from any that were ever fitted are allowed twice the error.
    np.testing.assert_allclose(LAWS["kww"].value(theta, trajectory), exact, rtol=1e-4)


def test_a_schedule_and_its_rates_agree():
    schedule = SCHEDULES["cosine"]
    by_schedule, by_rates = compress(schedule, [100, 24_000]), compress(schedule(np.arange(24_000)), [100, 24_000])
    np.testing.assert_array_equal(by_schedule.gap, by_rates.gap)


@pytest.mark.parametrize(
    ("schedule", "at", "words"),
    [
        (lehr.Constant(1e-3), [0], "integers of at least 1"),
        (lehr.Constant(1e-3), [1.5], "integers of at least 1"),
        (lehr.Constant(1e-3), [], "integers of at least 1"),
        (np.ones(5), [6], "6 updates"),
        (np.array([1.0, np.nan]), [2], "for update 1"),
        (np.array([1.0, -1.0]), [2], "for update 1"),
        (np.zeros(5), [5], "a rate of at least 1e-12"),
    ],
)
def test_bad_input_is_refused(schedule, at, words):
    with pytest.raises(ValueError, match=words):
        compress(schedule, at)


def test_an_unknown_law_is_refused():
    with pytest.raises(ValueError, match="kww, mpl, momentum"):
        get("cubic")
