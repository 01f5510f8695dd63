"""Greedy: the rates of transformers' GreedyLR after each metric, its many changes as one entry, and its state."""

import copy
import json
import math
import random
import warnings

import pytest
import torch
from catalogue.optimizers import rates_of, sgd, through_a_file
from catalogue.processes import on_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Greedy, Plateau, Ramp, Scheduler, cosine
from lehr.control import Scale, steps
from lehr.scheduler import StateMismatchError
from lehr.scheduler.checkpoint.text import checksum


def watched(*rates, schedule=None, **options):
    """A Scheduler with a schedule for each rate, or one for all, and its Greedy."""
    opt = sgd(*(rates or (0.1,)))
    default = Constant(0.1) if len(rates) < 2 else {i: Constant(rate) for i, rate in enumerate(rates)}
    scheduler = Scheduler(opt, schedule or default)
    return scheduler, Greedy(scheduler, **{"max_lr": 1.0, "patience": 0, "factor": 0.5} | options)


def rates_after(metrics, scheduler, greedy):
    """The rate of each group after each metric, one update after another."""
    rates = []
    for metric in metrics:
        greedy.update(metric)
        rates.append(rates_of(scheduler.optimizer))
        scheduler.step(scheduler.position + 1)
    return rates


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


# One entry of the history for all changes.


def test_the_rate_is_the_schedule_times_a_factor():
    scheduler, greedy = watched(schedule=cosine(100, max_lr=0.1))
    scheduler.step(10)
    rates_after([5.0, 4.0, 4.0, 4.0], scheduler, greedy)  # up, up, down, down
    assert [scheduler.schedule(t) / cosine(100, max_lr=0.1)(t) for t in (9, 10, 11, 12, 13, 90)] == pytest.approx(
        [1, 2, 4, 2, 1, 1]
    )
    assert (scheduler.training_steps, scheduler.schedule(100)) == (100, 0.0)
    [change] = scheduler.history
    assert (change.position, change.merged, change.what) == (10, 4, "scale(factor=1.0)")
    assert change.why == "4 changes, the last at 13: no better than 4 for 1 metrics"


def test_changes_of_others_stay_entries_of_their_own():
    scheduler, greedy = watched(min_lr=0.02, reset_after=2)
    rates_after([5.0, 5.0, 5.0], scheduler, greedy)  # 0.2, 0.1, 0.05
    scheduler.rebase(0.08, why="by hand")
    rates_after([5.0, 5.0], scheduler, greedy)  # 0.04, 0.02
    assert scheduler.current_lr == pytest.approx(0.02)
    rates_after([5.0], scheduler, greedy)
    assert scheduler.current_lr == pytest.approx(0.08)  # back to what the change by hand left
    kinds = [(change.what.partition("(")[0], change.merged) for change in scheduler.history]
    assert kinds == [("scale", 3), ("rebase", 0), ("scale", 3)]
    assert [scheduler.schedule(t) for t in range(7)] == pytest.approx([0.2, 0.1, 0.05, 0.04, 0.02, 0.08, 0.08])


def test_after_a_step_back_the_later_change_still_comes_as_after_any_scale():
    scheduler, greedy = watched()
    scheduler.step(10)
    greedy.update(5.0)
    scheduler.step(4)
    rates_after([4.0, 3.0], scheduler, greedy)
    assert [scheduler.schedule(t) for t in (3, 4, 5, 20)] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert [(change.position, change.merged) for change in scheduler.history] == [(10, 1), (4, 2)]


def test_several_with_groups_of_their_own_share_an_entry():
    scheduler, greedy = watched(0.1, 0.04, groups=0)
    other = Greedy(scheduler, max_lr=1.0, patience=0, factor=0.5, groups=1)
    rates_after([5.0], scheduler, greedy)
    rates_after([5.0, 5.0], scheduler, other)
    rates_after([5.0], scheduler, greedy)
    [change] = scheduler.history
    assert (change.merged, change.what) == (4, "scale(factor=1.0)")
    first, second = scheduler.schedules.values()
    assert [first(t) for t in range(5)] == pytest.approx([0.2, 0.2, 0.2, 0.1, 0.1])
    assert [second(t) for t in range(5)] == pytest.approx([0.04, 0.08, 0.04, 0.04, 0.04])


def up_and_down(n, seed=0):
    """Metrics of which each changes the rate: better than all before, or not."""
    better, metric, metrics = random.Random(seed), 0.0, []
    for _ in range(n):
        good = better.random() < 0.5
        metric -= good
        metrics.append(metric if good else metric + 1)
    return metrics


@pytest.mark.parametrize("schedule", [Constant(0.1), cosine(10_000, max_lr=0.1)], ids=["constant", "cosine"])
def test_of_many_changes_the_last_ones_and_the_sum_of_the_past_stay(schedule, monkeypatch):
    def factors(n):
        scheduler, greedy = watched(schedule=schedule, factor=0.9, max_lr=10.0)
        rates = rates_after(up_and_down(n), scheduler, greedy)
        assert [scheduler.schedule(n - 1)] == rates[-1]
        return scheduler, [scheduler.schedule(t) / schedule(t) for t in range(n)]

    _, exact = factors(200)
    monkeypatch.setattr(steps, "MOST_STEPS", 40)
    scheduler, kept = factors(200)
    assert kept[-20:] == pytest.approx(exact[-20:], rel=1e-12)
    assert kept != pytest.approx(exact, rel=1e-3)  # alive
    assert sum(kept) == pytest.approx(sum(exact), rel=1e-12)
    [change] = scheduler.history
    assert change.merged == 200
    assert len(change.rest[0].parts[-1].parts) <= 40


def test_the_size_of_the_state_is_bounded():
    scheduler, greedy = watched(factor=0.95, average_over=None, min_lr=1e-3)
    sizes = []
    for metrics in (up_and_down(20), up_and_down(700)):
        rates_after(metrics, scheduler, greedy)
        sizes.append(len(json.dumps(scheduler.state_dict())))
    assert sizes[0] < 2_000
    assert sizes[1] < 6_000
    assert len(scheduler.history) == 1
    again, resumed = watched(factor=0.95, average_over=None, min_lr=1e-3)
    again.load_state_dict(scheduler.state_dict())
    assert again.schedule == scheduler.schedule
    assert resumed.state_dict() == greedy.state_dict()


# The state.


@pytest.mark.parametrize("stop", range(0, 30, 3))
def test_it_resumes_anywhere(stop):
    options = {"patience": 1, "cooldown": 1, "average_over": 3, "min_lr": 0.03, "reset_after": 2}
    metrics = [9.0, 8.0, 7.0, 6.0, *([6.5, 6.0] * 13)]
    whole, counting = watched(**options)
    expected = rates_after(metrics, whole, counting)
    first, greedy = watched(**options)
    before = rates_after(metrics[:stop], first, greedy)
    second, resumed = watched(**options)
    second.load_state_dict(through_a_file(first.state_dict()))
    assert resumed.state_dict() == greedy.state_dict()
    assert before + rates_after(metrics[stop:], second, resumed) == expected
    assert [change.merged for change in second.history] == [change.merged for change in whole.history]


def test_a_copy_counts_alone():
    scheduler, greedy = watched()
    twin = copy.deepcopy(scheduler)
    twin._watchers[0].update(1.0)
    assert (twin.current_lr, scheduler.current_lr) == (pytest.approx(0.2), 0.1)
    assert greedy.state_dict()["best"] is None


def test_a_plateau_and_a_greedy_do_not_take_each_others_state():
    scheduler, greedy = watched()
    other = Scheduler(sgd(0.1), Constant(0.1))
    plateau = Plateau(other)
    with pytest.raises(ValueError, match="a Greedy cannot take the state of a Plateau"):
        greedy.load_state_dict(plateau.state_dict(), keep="checkpoint")
    with pytest.raises(ValueError, match="a Plateau cannot take the state of a Greedy"):
        plateau.differences(greedy.state_dict())
    greedy.update(1.0)
    state, before = scheduler.state_dict(), other.state_dict()
    with pytest.raises(StateMismatchError, match="what watches the metric: checkpoint Greedy, code Plateau"):
        other.load_state_dict(state)
    with pytest.raises(ValueError, match="keep='checkpoint' needs the same"):
        other.load_state_dict(state, keep="checkpoint")
    assert other.state_dict() == before
    other.load_state_dict(state, keep="code")  # the metric counts anew
    assert (other.current_lr, plateau.state_dict()["best"]) == (pytest.approx(0.2), None)


CHANGES = {
    "max_lr": 2.0,
    "min_lr": 0.001,
    "factor": 0.7,
    "patience": 3,
    "threshold": 0.01,
    "threshold_mode": "rel",
    "cooldown": 2,
    "raise_cooldown": 2,
    "average_over": 4,
    "reset_after": None,
    "higher_is_better": True,
    "in_warmup": True,
    "eps": 1e-8,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_differs_is_reported_and_chosen(name):
    first, plain = watched()
    second, greedy = watched(**{name: CHANGES[name]})
    assert {*greedy.settings()} == {*CHANGES, "groups"}
    expected = f"Greedy: {name}: checkpoint {plain.settings()[name]!r}, code {CHANGES[name]!r}"
    with pytest.raises(StateMismatchError) as refusal:
        second.load_state_dict(first.state_dict())
    assert refusal.value.differences == [expected]
    second.load_state_dict(first.state_dict(), keep="code")
    assert greedy.settings()[name] == CHANGES[name]
    second.load_state_dict(first.state_dict(), keep="checkpoint")
    assert greedy.settings() == plain.settings()


BAD_STATES = [
    ({"good": -1}, "for `good`"),
    ({"at_min": 0.5}, "for `at_min`"),
    ({"recent": [1.0]}, "at most 0 metrics for `recent`"),
    ({"settings": None}, "`settings` in the state of a Greedy must have the keys"),
    ({"more": 1}, "must have the keys at_min, bad, best, cooling, good, recent, settings"),
]


@pytest.mark.parametrize(("entries", "message"), BAD_STATES, ids=str)
def test_a_damaged_state_changes_nothing(entries, message):
    _, greedy = watched()
    greedy.update(1.0)
    before = greedy.state_dict()
    with pytest.raises(ValueError, match=message):
        greedy.load_state_dict(before | entries, keep="checkpoint")
    assert greedy.state_dict() == before


@pytest.mark.parametrize(("merged", "message"), [(-1, "`merged`"), ("2", "`merged`"), (2, "a schedule times its")])
def test_an_entry_of_many_changes_that_has_no_factors_is_corrupt(merged, message):
    scheduler, _ = watched()
    scheduler.scale(0.5)
    state = scheduler.state_dict()
    [row] = json.loads(state["history"])
    state["history"] = json.dumps([[*row, merged]])
    with pytest.raises(ValueError, match=f"`history` is corrupt: .*{message}"):
        scheduler.load_state_dict(state | {"check": checksum(state)})


BAD_SETTINGS = [
    ({"factor": 1.0}, "Greedy needs `factor` below 1"),
    ({"max_lr": 0.01, "min_lr": 0.1}, "`min_lr` of at most `max_lr`, got 0.1 and 0.01"),
    ({"max_lr": None}, "`max_lr`"),
    ({"max_lr": [1.0]}, "`max_lr` by group"),
    ({"raise_cooldown": -1}, "`raise_cooldown`"),
    ({"average_over": 0}, "`average_over`"),
    ({"average_over": 10**6}, "at most 10,000 for `average_over`"),
    ({"reset_after": 0}, "`reset_after`"),
    ({"groups": 0}, "needs a schedule for each param group"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=str)
def test_a_setting_out_of_range_is_refused(options, message):
    scheduler, _ = watched()
    with pytest.raises(ValueError, match=message):
        Greedy(scheduler, **{"max_lr": 1.0} | options)
    assert len(scheduler._watchers) == 1


def test_bounds_of_a_group_that_are_exchanged_are_refused():
    with pytest.raises(ValueError, match=r"got 0\.2 and 0\.1 of group 1"):
        watched(0.1, 0.1, max_lr=[0.1, 0.1], min_lr=[0.0, 0.2])


def test_a_rate_of_0_stays():
    scheduler, greedy = watched(schedule=Constant(0.1, 1).then(Constant(0.0)), reset_after=1)
    scheduler.step(1)
    rates_after([5.0, 4.0, 6.0, 6.0], scheduler, greedy)
    assert (scheduler.current_lr, scheduler.history) == (0.0, [])


def test_a_control_file_cannot_merge():
    with pytest.raises(TypeError):
        Scale(0.5, True)
    assert "merge" not in Scale.options()


# Ranks.


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
