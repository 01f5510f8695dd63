"""Greedy: the rates of transformers' GreedyLR after each metric."""

import math
import warnings

import pytest
import torch
from catalogue.optimizers import rates_of, sgd
from catalogue.processes import on_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Ramp
from metrics.greedies import rates_after, watched


def rates_of_peer(metrics, *rates, higher_is_better, average_over, raise_cooldown, reset_after, **options):
    """The same with transformers' GreedyLR."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimization = pytest.importorskip("transformers.optimization")
    opt = sgd(*rates)
    peer = optimization.GreedyLR(
        opt,
        "max" if higher_is_better else "min",
        smooth=average_over is not None,
        window_size=average_over or 50,
        warmup=raise_cooldown,
        reset_start=reset_after,
        **options,
    )
    after = []
    for metric in metrics:
        peer.step(metric)
        after.append(rates_of(opt))
    return after


# Quarters, so that a sum of them is exact in any order: GreedyLR keeps a running one.
METRICS = st.lists(st.integers(1, 24).map(lambda n: n / 4), max_size=60)


SLOPES = st.tuples(st.integers(-4, 4), st.integers(1, 40)).map(lambda a: [100 + a[0] * i / 4 for i in range(a[1])])
LOWER, UPPER = st.sampled_from([0.0, 0.005, 0.02, 0.05]), st.sampled_from([0.05, 0.1, 0.25, 1.0])
OPTIONS = {
    "factor": st.sampled_from([0.5, 0.9, 0.95]),
    "patience": st.integers(0, 3),
    "threshold": st.sampled_from([0.0, 1e-6, 0.1, 0.25]),
    "threshold_mode": st.sampled_from(["abs", "rel"]),
    "cooldown": st.integers(0, 3),
    "raise_cooldown": st.integers(0, 3),
    "average_over": st.sampled_from([None, 1, 3, 8]),
    "reset_after": st.sampled_from([1, 2, 5, 500]),
    "higher_is_better": st.booleans(),
    "eps": st.sampled_from([0.0, 1e-8, 0.00311]),
}
ONE = {"min_lr": LOWER, "max_lr": UPPER}
EACH = {name: st.lists(bound, min_size=2, max_size=2) for name, bound in ONE.items()}
MANY = st.lists(st.one_of(METRICS, SLOPES), max_size=3).map(lambda parts: [m for part in parts for m in part])


@settings(max_examples=300, deadline=None)
@given(MANY, st.fixed_dictionaries(OPTIONS | ONE))
def test_one_schedule_has_the_rates_of_transformers(metrics, options):
    ours = rates_after(metrics, *watched(0.1, **options))
    assert ours == [pytest.approx(rates, rel=1e-9) for rates in rates_of_peer(metrics, 0.1, **options)]


@settings(max_examples=300, deadline=None)
@given(MANY, st.fixed_dictionaries(OPTIONS | EACH))
def test_each_group_has_the_rates_of_transformers(metrics, options):
    ours = rates_after(metrics, *watched(0.1, 0.04, **options))
    assert ours == [pytest.approx(rates, rel=1e-9) for rates in rates_of_peer(metrics, 0.1, 0.04, **options)]


def test_rates_by_hand():
    scheduler, greedy = watched(patience=1, raise_cooldown=1, cooldown=2, max_lr=0.3, min_lr=0.06, reset_after=2)
    #          good good wait good good wait  bad  bad wait wait  bad  bad wait wait  bad  bad
    metrics = [9.0, 8.0, 0.0, 7.0, 6.0, 0.0, 6.0, 6.0, 1.0, 1.0, 6.0, 6.0, 1.0, 1.0, 6.0, 6.0]
    expected = [0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.15, 0.15, 0.15, 0.15, 0.075, 0.075, 0.075, 0.075, 0.06]
    assert rates_after(metrics, scheduler, greedy) == [[pytest.approx(rate)] for rate in expected]
    # The second cut at min_lr starts anew, and any metric is good then.
    more = [0.0, 0.0, 6.0, 6.0, 0.0, 0.0, 50.0, 49.0]
    expected = [0.06, 0.06, 0.06, 0.1, 0.1, 0.1, 0.1, 0.2]
    assert rates_after(more, scheduler, greedy) == [[pytest.approx(rate)] for rate in expected]


def test_a_raise_counts_the_cuts_at_min_lr_anew():
    scheduler, greedy = watched(min_lr=0.05, reset_after=2)
    metrics = [5.0, 5.0, 5.0, 4.0, 5.0, 5.0]
    #           up, down, min,  up, min, min again
    expected = [0.2, 0.1, 0.05, 0.1, 0.05, 0.1]
    assert rates_after(metrics, scheduler, greedy) == [[pytest.approx(rate)] for rate in expected]


def test_a_negative_metric_is_better_by_a_share_of_its_size():
    scheduler, greedy = watched(threshold=0.5, threshold_mode="rel")
    rates_after([-1.0, -1.4, -1.6], scheduler, greedy)  # good; above -1.5, bad; good
    assert scheduler.current_lr == pytest.approx(0.2)


@pytest.mark.parametrize("metric", [math.nan, math.inf, -math.inf])
def test_a_nan_changes_nothing(metric):
    scheduler, greedy = watched(average_over=3)
    greedy.update(1.0)
    before = scheduler.state_dict()
    with pytest.warns(UserWarning, match="Greedy ignores the metric"):
        rates_after([metric] * 7, scheduler, greedy)
    assert scheduler.state_dict()["watchers"] == before["watchers"]
    greedy.update(0.5)
    assert greedy.state_dict()["best"] == 0.75


def test_while_the_schedule_rises_no_metric_counts():
    for in_warmup, expected in ((False, [0.125, 0.25, 0.375, 1.0, 2.0]), (True, [0.25, 1.0, 3.0, 8.0, 16.0])):
        schedule = Ramp(0.125, 0.5, 3).then(Constant(0.5))
        scheduler, greedy = watched(schedule=schedule, in_warmup=in_warmup, max_lr=100.0)
        rates = rates_after([5.0, 4.0, 3.0, 2.0, 1.0], scheduler, greedy)
        assert [rate for (rate,) in rates] == pytest.approx(expected)


def test_a_rate_of_0_stays():
    scheduler, greedy = watched(schedule=Constant(0.1, 1).then(Constant(0.0)), reset_after=1)
    scheduler.step(1)
    rates_after([5.0, 4.0, 6.0, 6.0], scheduler, greedy)
    assert (scheduler.current_lr, scheduler.history) == (0.0, [])


def rates_on_a_rank():
    rank = torch.distributed.get_rank()
    scheduler, greedy = watched(patience=1)
    rates = rates_after([(1 if rank else 9) - 0.25 * min(step, 8) for step in range(16)], scheduler, greedy)
    own = watched(patience=1, reduce=False)
    alone = rates_after([step * (-1) ** rank for step in range(16)], *own)
    return rates, scheduler.state_dict()["watchers"], alone


def test_all_ranks_have_the_same_rate_after_each_metric():
    (first, watchers, alone), (second, others, elsewhere) = on_ranks(rates_on_a_rank, 2)
    assert (first, watchers) == (second, others)
    assert first[-1] != first[0]
    assert alone != elsewhere, "without the mean they differ"
