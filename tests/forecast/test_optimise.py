"""Optimised schedules, plans for a run in progress, and the convex bound."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fit import COSINE, PEAK, STABLE, STEPS, WARMUP, run

import lehr
from lehr.forecast import convex_bound, convex_bounds, extend_or_stop, fit, when_to_cool_down


@pytest.fixture(scope="module")
def law():
    return fit([run(COSINE), run(STABLE)])


@pytest.fixture(scope="module")
def optimum(law):
    pytest.importorskip("scipy")
    return law.optimise(training_steps=STEPS, max_lr=PEAK)


def test_the_optimum_is_a_schedule_that_never_rises(optimum):
    rates = optimum.schedule(np.arange(float(STEPS + 1)))
    assert rates[WARMUP] == PEAK == rates.max()
    assert (np.diff(rates[WARMUP:]) <= 0).all()
    np.testing.assert_allclose(rates[:WARMUP], STABLE(np.arange(float(WARMUP))))
    assert optimum.schedule.length == STEPS


def test_no_named_schedule_is_better(optimum):
    assert {choice.name for choice in optimum.families} == {"wsd", "trapezoid", "cosine", "linear"}
    for choice in optimum.families:
        assert choice.excess >= -1e-5
        assert choice.excess_low <= choice.excess <= choice.excess_high
        assert choice.loss == pytest.approx(optimum.loss + choice.excess)
    assert optimum.best_named.loss == min(choice.loss for choice in optimum.families)
    assert "optimised" in str(optimum)


def test_a_floor_is_kept(law):
    pytest.importorskip("scipy")
    found = law.optimise(training_steps=2000, max_lr=PEAK, warmup_steps=0, min_lr=1e-5)
    assert found.schedule(np.arange(2000.0)).min() >= 1e-5
    assert found.schedule(0) == pytest.approx(PEAK)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"training_steps": 400, "max_lr": PEAK}, "at least two of the 400 updates, got 500"),
        ({"training_steps": STEPS, "max_lr": PEAK, "min_lr": 2 * PEAK}, "below `max_lr`"),
    ],
)
def test_impossible_budgets_are_refused(law, options, words):
    with pytest.raises(ValueError, match=words):
        law.optimise(**options)


def test_without_scipy_the_error_says_what_to_install(law, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match=r'pip install "lehr\[forecast\]"'):
        law.optimise(training_steps=STEPS, max_lr=PEAK)


def test_when_to_cool_down(law):
    past = run(STABLE, steps=4000)
    plan = when_to_cool_down(past, STEPS, law=law)
    assert plan.start[0] == 4000
    assert plan.start[-1] == 0.95 * STEPS
    assert 4000 <= plan.start[plan.best] <= 0.95 * STEPS
    assert (plan.low < plan.loss).all()
    best = plan.schedules[plan.best]
    assert best.length == STEPS
    assert best(STEPS) == 0
    np.testing.assert_array_equal(best(np.arange(4000.0)), STABLE(np.arange(4000.0)))
    with pytest.raises(ValueError, match="leaves no cooldown"):
        when_to_cool_down(past, 4100, law=law)


def test_more_updates_buy_less_and_less(law):
    plan = extend_or_stop(run(STABLE, steps=4000), [1000, 2000, 4000, 8000], law=law)
    gains = -np.diff(plan.loss)
    assert (gains > 0).all()
    assert (np.diff(gains / np.diff(plan.total)) < 0).all()
    with pytest.raises(ValueError, match="at least 1 each"):
        extend_or_stop(run(STABLE), [0])


def in_long_double(rates, horizon, distance=1.0):
    rates = np.asarray(rates[:horizon], dtype=np.longdouble)
    after = np.cumsum(rates[::-1])[::-1]
    return (distance**2 / after[0] + (rates[:-1] ** 2 / after[1:]).sum() + rates[-1]) / 2


def test_the_bound_by_hand():
    # One update: half of D^2 / eta + eta G^2.
    assert convex_bound(np.array([0.5]), 1, distance=2.0, gradient=3.0) == pytest.approx((8 + 4.5) / 2)
    assert convex_bound(np.array([0.5, 0.25]), 2) == pytest.approx((1 / 0.75 + 0.25 / 0.25 + 0.25) / 2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.fractions(0.01, 10), st.fractions(0, 3)), min_size=1, max_size=12), st.fractions(0, 5))
def test_it_is_the_theorem_as_printed_in_exact_fractions(updates, distance):
    """Theorem 1 of https://arxiv.org/abs/2501.18965, whose double sum cancels in floating point."""
    rates, costs = [rate for rate, _ in updates], [(rate * gradient) ** 2 for rate, gradient in updates]
    printed = (distance**2 + sum(costs)) / (2 * sum(rates))
    for k in range(len(rates) - 1):
        printed += rates[k] / sum(rates[k + 1 :]) * sum(costs[k:]) / sum(rates[k:]) / 2
    floats = np.array([float(rate) for rate in rates]), [float(gradient) for _, gradient in updates]
    ours = convex_bound(floats[0], len(rates), distance=float(distance), gradient=floats[1])
    assert ours == pytest.approx(float(printed), rel=1e-12)


@pytest.mark.parametrize(
    "schedule",
    [
        lehr.cosine(16_001, 300, max_lr=1.0),
        lehr.linear(16_001, 300, max_lr=1.0),
        lehr.wsd(16_001, 300, max_lr=1.0),
        lehr.Constant(0.1),
    ],
    ids=repr,
)
def test_all_horizons_meet_long_double(schedule):
    rates = schedule(np.arange(16_000.0))
    bounds = convex_bounds(schedule, 16_000)
    for horizon in (1, 2, 65, 513, 3001, 9999, 15_990, 15_999, 16_000):
        expected = float(in_long_double(rates, horizon))
        assert bounds[horizon - 1] == pytest.approx(expected, rel=1e-11)
        assert convex_bound(schedule, horizon) == pytest.approx(expected, rel=1e-11)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-9, 10.0), min_size=1, max_size=1500))
def test_the_bound_holds_for_any_rates(rates):
    rates = np.array(rates)
    bounds = convex_bounds(rates, len(rates))
    horizon = len(rates)
    assert bounds[-1] == pytest.approx(float(in_long_double(rates, horizon)), rel=1e-11)


def test_a_rate_of_zero_has_no_bound():
    with pytest.raises(ValueError, match=r"a last rate above 0, got 0\.0; ask for the update before"):
        convex_bound(np.array([1.0, 0.0]), 2)
    with pytest.raises(ValueError, match="the rate of update 1 is 0"):
        convex_bounds(np.array([1.0, 0.0, 1.0]), 3)
