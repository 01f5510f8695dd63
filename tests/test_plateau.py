"""Plateau: torch's counting, for all param groups and for some, its settings in the state, and what it refuses."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from catalogue.optimizers import adamw, rates_of, through_a_file
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Plateau, Ramp, Scheduler
from lehr.scheduler import StateMismatchError

FLAT = [1.0] * 16
SLOW = [3.0 - 0.00025 * i for i in range(200)]
"""Each metric is better than the last, but by less than the threshold of 3e-4."""


def watched(**options):
    scheduler = Scheduler(adamw(0.1), Constant(0.1))
    return scheduler, Plateau(scheduler, **options)


def rates_after(metrics, **options):
    scheduler, plateau = watched(**options)
    rates = []
    for metric in metrics:
        plateau.update(metric)
        rates.append(scheduler.current_lr)
    return rates


def torch_rates_after(metrics, *, higher_is_better=False, **options):
    opt = adamw(0.1)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, "max" if higher_is_better else "min", eps=0, **options)
    rates = []
    for metric in metrics:
        peer.step(metric)
        rates += rates_of(opt)
    return rates


def cuts(rates):
    """Numbers of the metrics, from 1, that cut the rate."""
    pairs = enumerate(itertools.pairwise([0.1, *rates]), start=1)
    return [number for number, (before, after) in pairs if not math.isclose(before, after, rel_tol=1e-9)]


# Counting.


def test_slow_steady_progress_keeps_the_rate():
    assert rates_after(SLOW) == torch_rates_after(SLOW) == [0.1] * 200


def test_best_is_replaced_only_by_a_metric_that_is_better_by_the_threshold():
    _, plateau = watched(threshold=0.1)
    bests = []
    for metric in (1.0, 0.95, 0.91, 0.89, 0.85):
        plateau.update(metric)
        bests.append(plateau.state_dict()["best"])
    assert bests == [1.0, 1.0, 1.0, 0.89, 0.89]


positive = st.one_of(st.integers(1, 8).map(lambda n: n / 4), st.floats(1e-3, 1e3))
any_sign = st.one_of(st.integers(-8, 8).map(lambda n: n / 4), st.floats(-1e3, 1e3))
common = {
    "factor": st.sampled_from([0.1, 0.5, 0.9]),
    "patience": st.integers(0, 5),
    "cooldown": st.integers(0, 5),
    "min_lr": st.sampled_from([0.0, 1e-3, 0.03, 0.1, 1.0]),
    "threshold": st.sampled_from([0.0, 1e-4, 0.1, 0.25]),
    "higher_is_better": st.booleans(),
}


@settings(max_examples=400)
@given(
    st.one_of(
        st.tuples(st.lists(positive, max_size=50), st.fixed_dictionaries(common | {"threshold_mode": st.just("rel")})),
        st.tuples(st.lists(any_sign, max_size=50), st.fixed_dictionaries(common | {"threshold_mode": st.just("abs")})),
    )
)
def test_cuts_come_at_the_metrics_where_torch_cuts(drawn):
    metrics, options = drawn
    ours, theirs = rates_after(metrics, **options), torch_rates_after(metrics, **options)
    assert cuts(ours) == cuts(theirs)
    assert ours == pytest.approx(theirs, rel=1e-9)


# Cuts on metrics that do not change, counted by hand from the source of each library:
# torch/optim/lr_scheduler.py (2.13), keras/src/callbacks/reduce_lr_on_plateau.py (040582f) and
# optax/contrib/_reduce_on_plateau.py (05a7425). The first metric is the best in all of them. torch cuts when its count
# of bad metrics is above `patience`, the others when it reaches `patience`. Keras lowers its cooldown counter before it
# looks whether it is 0, so that the last metric of the cooldown counts already.
COUNTING = [
    # patience, cooldown, torch, Keras, optax
    (1, 0, [3, 5, 7, 9, 11, 13, 15], list(range(2, 17)), list(range(2, 17))),
    (2, 0, [4, 7, 10, 13, 16], [3, 5, 7, 9, 11, 13, 15], [3, 5, 7, 9, 11, 13, 15]),
    (2, 1, [4, 8, 12, 16], [3, 5, 7, 9, 11, 13, 15], [3, 6, 9, 12, 15]),
    (2, 2, [4, 9, 14], [3, 6, 9, 12, 15], [3, 7, 11, 15]),
    (3, 4, [5, 13], [4, 10, 16], [4, 11]),
]


@pytest.mark.parametrize(("patience", "cooldown", "torch_cuts", "keras_cuts", "optax_cuts"), COUNTING)
def test_the_docstring_says_how_to_count_as_others(patience, cooldown, torch_cuts, keras_cuts, optax_cuts):
    as_keras = {"patience": patience - 1, "cooldown": max(0, cooldown - 1), "threshold_mode": "abs"}
    as_optax = {"patience": patience - 1, "cooldown": cooldown}
    as_torch = {"patience": patience, "cooldown": cooldown}
    assert cuts(torch_rates_after(FLAT, **as_torch)) == cuts(rates_after(FLAT, **as_torch)) == torch_cuts
    assert cuts(rates_after(FLAT, **as_keras)) == keras_cuts
    assert cuts(rates_after(FLAT, **as_optax)) == optax_cuts


# Best metrics by hand: (settings, metrics, numbers of those that become the best).
BESTS = [
    ({"threshold": 0.5}, [-1.0, -1.4, -1.6, -2.0], [1, 3]),  # below -1.5 is better
    ({"threshold": 0.5, "higher_is_better": True}, [-1.0, -0.6, -0.4, 0.0, 0.1], [1, 3, 4, 5]),  # -0.5, -0.2, 0, 0
    ({"threshold": 0.25, "threshold_mode": "abs"}, [0.5, 0.25, 0.125, 0.0, -0.25], [1, 3, 5]),  # 0.25, -0.125
    ({"threshold": 2.0, "threshold_mode": "abs", "higher_is_better": True}, [-1.0, 1.0, 1.5, 4.0], [1, 3, 4]),
]


@pytest.mark.parametrize(("options", "metrics", "expected"), BESTS, ids=str)
def test_thresholds_of_metrics_of_any_sign(options, metrics, expected):
    _, plateau = watched(**options)
    better = []
    for number, metric in enumerate(metrics, start=1):
        plateau.update(metric)
        if plateau.state_dict()["best"] == metric:
            better.append(number)
    assert better == expected


@given(any_sign, any_sign, st.sampled_from(["rel", "abs"]), st.booleans())
def test_a_worse_metric_is_never_better(best, metric, mode, higher_is_better):
    _, plateau = watched(threshold=0.1, threshold_mode=mode, higher_is_better=higher_is_better)
    plateau.update(best)
    plateau.update(metric)
    improved = metric > best if higher_is_better else metric < best
    assert improved or plateau.state_dict()["best"] == best


def test_a_window_forgets_a_lucky_metric_and_keeps_slow_progress():
    lucky = [1.0, *(5.0 - 0.25 * i for i in range(14))]
    assert cuts(rates_after(lucky, patience=2)) == [4, 7, 10, 13]
    assert cuts(rates_after(lucky, patience=2, window=2)) == []
    assert cuts(rates_after([-metric for metric in lucky], patience=2, window=2, higher_is_better=True)) == []
    assert cuts(rates_after(SLOW, patience=2, window=3)) == []
    # 1.0 is compared with while it is among the last two; 3.0 and 4.0 are bad beside 2.0 and beside 3.0.
    _, plateau = watched(window=2)
    bad = []
    for metric in (1.0, 2.0, 3.0, 4.0, 2.5):
        plateau.update(metric)
        bad.append(plateau.state_dict()["bad"])
    assert bad == [0, 1, 2, 3, 0]


def test_without_a_window_no_metric_is_kept():
    _, plateau = watched()
    for metric in FLAT:
        plateau.update(metric)
    assert plateau.state_dict()["recent"] == []
    assert plateau._counters.recent == ()


def test_a_metric_may_be_a_tensor_or_a_numpy_number():
    metrics = [torch.tensor(1.0), np.float32(1.0), np.array(1.0), torch.tensor([1.0]), 1]
    assert cuts(rates_after(metrics, patience=0)) == [2, 3, 4, 5]


# Cuts that change nothing.


@pytest.mark.parametrize("schedule", [Constant(0.0), Constant(0.001), Constant(0.0005)], ids=str)
def test_a_rate_at_or_below_its_bound_is_no_change(schedule):
    scheduler = Scheduler(adamw(0.1), schedule)
    plateau = Plateau(scheduler, patience=0, min_lr=0.001)
    for metric in FLAT:
        plateau.update(metric)
    assert (scheduler.history, scheduler.schedule) == ([], schedule)


@pytest.mark.parametrize(("factor", "changes"), [(0.3, 4), (0.1, 2)])  # 0.03, 0.009, 0.0027, 0.001; 0.01, 0.001
def test_cuts_end_at_the_bound(factor, changes):
    scheduler, plateau = watched(patience=0, factor=factor, min_lr=0.001)
    for metric in FLAT:
        plateau.update(metric)
    assert scheduler.current_lr == pytest.approx(0.001, rel=1e-12)
    assert len(scheduler.history) == changes  # 0.1 * 0.1 * 0.1 is above 0.001 by rounding, which is no reason to cut


def test_each_rate_of_several_schedules_ends_at_the_bound():
    opt = adamw(0.1, 0.2)
    scheduler = Scheduler(opt, {"weight_decay": Constant(0.0), "lr": {0: Constant(0.01), 1: Constant(0.1)}})
    plateau = Plateau(scheduler, patience=0, min_lr=0.05)
    plateau.update(1.0)
    plateau.update(1.0)
    assert rates_of(opt) == pytest.approx([0.01, 0.05])
    assert scheduler.history[0].what == "scale(factor={1: 0.5})"
    assert opt.param_groups[0]["weight_decay"] == 0


def test_a_cut_by_no_more_than_eps_is_left_out():
    assert cuts(rates_after(FLAT, patience=0, factor=0.5, eps=0.03)) == [2]  # 0.05; then it would be 0.025


# Param groups, each with a schedule of its own.

NAMES = ("body", "head")


def by_group(rates=(0.1, 0.02), names=NAMES, **options):
    opt = adamw(*rates, names=names)
    keys = names or range(len(rates))
    scheduler = Scheduler(opt, {key: Constant(rate) for key, rate in zip(keys, rates, strict=True)})
    return opt, scheduler, Plateau(scheduler, **options)


@settings(max_examples=200)
@given(
    st.lists(positive, max_size=40),
    st.fixed_dictionaries(
        common
        | {
            "min_lr": st.lists(st.sampled_from([0.0, 1e-3, 0.007, 0.03, 0.5]), min_size=2, max_size=2),
            "eps": st.sampled_from([0.0, 1e-8, 0.00311, 0.0291]),
        }
    ),
)
def test_each_group_has_the_rates_that_torch_gives_it(metrics, options):
    theirs, mode = adamw(0.1, 0.02), "max" if options["higher_is_better"] else "min"
    of_torch = {name: value for name, value in options.items() if name != "higher_is_better"}
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, mode, **of_torch)
    ours, _, plateau = by_group(**options)
    for metric in metrics:
        peer.step(metric)
        plateau.update(metric)
        assert rates_of(ours) == pytest.approx(rates_of(theirs), rel=1e-9)


@pytest.mark.parametrize("groups", ["head", ["head"], 1, (1,)], ids=repr)
def test_only_the_chosen_groups_are_cut(groups):
    opt, scheduler, plateau = by_group(patience=0, groups=groups)
    plateau.update(1.0)
    plateau.update(1.0)
    assert rates_of(opt) == pytest.approx([0.1, 0.002])
    assert scheduler.history[0].what == "scale(factor={'head': 0.1})"
    assert plateau.settings()["groups"] == ["head"]


@pytest.mark.parametrize("bounds", [{"head": 0.01, "body": 0.05}, {1: 0.01, "body": 0.05}, [0.05, 0.01]], ids=repr)
def test_a_bound_for_each_group_by_name_index_or_in_order(bounds):
    opt, _, plateau = by_group(patience=0, min_lr=bounds)
    for metric in FLAT:
        plateau.update(metric)
    assert rates_of(opt) == pytest.approx([0.05, 0.01])
    assert plateau.settings()["min_lr"] == {"body": 0.05, "head": 0.01}


def test_a_group_in_its_warmup_delays_only_those_who_watch_it():
    for groups, expected in (("head", [0.1]), ("body", [0.01]), (None, [0.1])):
        opt = adamw(0.1, 0.1, names=NAMES)
        scheduler = Scheduler(opt, {"body": Constant(0.1), "head": Ramp(0.1, 0.2, 50)})
        plateau = Plateau(scheduler, patience=0, groups=groups)
        for _ in range(2):
            plateau.update(1.0)
        assert rates_of(opt)[:1] == pytest.approx(expected)


@pytest.mark.parametrize("names", [NAMES, None], ids=["names", "indices"])
def test_groups_are_saved(names):
    options = {"patience": 0, "groups": [1], "min_lr": [0.005]}
    opt, scheduler, plateau = by_group(names=names or (), **options)
    plateau.update(1.0)
    plateau.update(1.0)
    state = through_a_file(scheduler.state_dict())
    again, second, resumed = by_group(names=names or (), **options)
    second.load_state_dict(state)
    assert (resumed.state_dict(), rates_of(again)) == (plateau.state_dict(), rates_of(opt))
    _, third, others = by_group(names=names or (), patience=0)
    with pytest.raises(StateMismatchError, match=r"Plateau: min_lr: checkpoint \{.*0.005\}, code 0.0"):
        third.load_state_dict(state)
    third.load_state_dict(state, keep="checkpoint")
    assert others.settings() == plateau.settings()


BAD_GROUPS = [
    ({"groups": "neck"}, "unknown param group 'neck' in `groups`; Available: 'body', 'head'"),
    ({"groups": 2}, "unknown param group 2"),
    ({"groups": True}, "unknown param group True"),
    ({"groups": []}, r"each of its param groups once in `groups`, got \[\]"),
    ({"groups": ["head", 1]}, "each of its param groups once"),
    ({"groups": [None]}, "unknown param group None"),
    ({"min_lr": [0.1]}, r"for each of the 2 param groups 'body', 'head', got \[0.1\]"),
    ({"min_lr": [0.1, 0.1, 0.1]}, "for each of the 2 param groups"),
    ({"min_lr": {"head": 0.1}}, "for each of the 2 param groups"),
    ({"min_lr": {"head": 0.1, 1: 0.1}}, "for each of the 2 param groups"),
    ({"min_lr": {"neck": 0.1, "head": 0.1}}, "unknown param group 'neck' in `min_lr`"),
    ({"min_lr": [0.1, -0.1]}, "`min_lr of group 'head'`, got -0.1"),
    ({"min_lr": [0.1, 0.1], "groups": "head"}, "for each of the 1 param groups 'head'"),
    ({"min_lr": "0.1"}, "write it without quotes"),
]


@pytest.mark.parametrize(("options", "message"), BAD_GROUPS, ids=str)
def test_groups_that_there_are_not_are_refused(options, message):
    _, scheduler, _ = by_group()
    with pytest.raises(ValueError, match=message):
        Plateau(scheduler, **options)
    assert len(scheduler._watchers) == 1


@pytest.mark.parametrize("options", [{"groups": "head"}, {"min_lr": [0.1, 0.1]}, {"min_lr": {"head": 0.1}}], ids=str)
def test_one_schedule_for_all_groups_cannot_be_cut_for_one_of_them(options):
    scheduler = Scheduler(adamw(0.1, 1.0, names=NAMES), Constant(1.0), group_scale="ratio")
    way_out = r"lehr.Scheduler\(optimizer, \{'body': schedule \* 0.1, 'head': schedule\}\)"
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` by group.*{way_out}"):
        Plateau(scheduler, **options)


def test_a_mapping_scales_the_groups_that_it_names():
    opt, scheduler, _ = by_group()
    scheduler.scale({"body": 0.5})
    assert rates_of(opt) == [0.05, 0.02]
    scheduler.scale({"body": 2.0, "head": 3.0})
    assert rates_of(opt) == pytest.approx([0.1, 0.06])
    before = scheduler.state_dict()
    for wrong in ({"neck": 0.5}, {}, {None: 0.5}, {"body": -1.0}):
        with pytest.raises(ValueError, match="scale needs"):
            scheduler.scale(wrong)
    with pytest.raises(ValueError, match="none with a schedule of its own"):
        watched()[0].scale({0: 0.5})
    assert scheduler.state_dict() == before


# The state.


def test_the_state_is_plain_and_resumes_anywhere():
    metrics = [3.0, 2.0, 2.0, 2.5, 1.9, 1.5, 1.6, 1.7, 1.8, 1.9, 1.0, 1.0, 1.0, 1.0, 1.0]
    options = {"patience": 1, "cooldown": 1, "window": 3, "threshold": 0.2, "threshold_mode": "abs"}
    whole = rates_after(metrics, **options)
    for stop in range(len(metrics)):
        first, plateau = watched(**options)
        for metric in metrics[:stop]:
            plateau.update(metric)
        second, resumed = watched(**options)
        second.load_state_dict(through_a_file(first.state_dict()))
        assert resumed.state_dict() == plateau.state_dict()
        rates = []
        for metric in metrics[stop:]:
            resumed.update(metric)
            rates.append(second.current_lr)
        assert rates == whole[stop:]


CHANGES = {
    "factor": 0.5,
    "patience": 3,
    "threshold": 0.01,
    "threshold_mode": "abs",
    "cooldown": 2,
    "min_lr": 1e-5,
    "window": 4,
    "higher_is_better": True,
    "in_warmup": True,
    "eps": 1e-8,
}


def test_every_setting_but_the_groups_is_in_the_table_above():
    assert {*watched()[1].settings()} == {*CHANGES, "groups"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_differs_is_reported_and_chosen(name):
    first, _ = watched()
    first.step(3)
    second, plateau = watched(**{name: CHANGES[name]})
    code, checkpoint = plateau.settings(), watched()[1].settings()
    expected = f"{name}: checkpoint {checkpoint[name]!r}, code {CHANGES[name]!r}"
    before = second.state_dict()
    assert plateau.differences(watched()[1].state_dict()) == [expected]
    with pytest.raises(ValueError, match="Plateau") as refusal:
        second.load_state_dict(first.state_dict())
    assert expected in str(refusal.value)
    with pytest.raises(ValueError, match=f"{name}: checkpoint .*keep='checkpoint' or keep='code'"):
        plateau.load_state_dict(watched()[1].state_dict())
    assert second.state_dict() == before
    second.load_state_dict(first.state_dict(), keep="code")
    assert plateau.settings() == code
    second.load_state_dict(first.state_dict(), keep="checkpoint")
    assert plateau.settings() == checkpoint


def test_the_settings_of_the_checkpoint_act():
    first, _ = watched(patience=0)
    second, plateau = watched(patience=9)
    second.load_state_dict(first.state_dict(), keep="checkpoint")
    plateau.update(1.0)
    plateau.update(1.0)
    assert second.current_lr == pytest.approx(0.01)


def test_the_codes_settings_take_over_the_counters():
    _, old = watched(window=4)
    for metric in (1.0, 2.0, 3.0, 4.0):
        old.update(metric)
    _, shorter = watched(window=2)
    shorter.load_state_dict(old.state_dict(), keep="code")
    assert shorter.state_dict()["recent"] == [3.0, 4.0]
    assert (shorter.state_dict()["best"], shorter.state_dict()["bad"]) == (1.0, 3)
    _, accuracy = watched(higher_is_better=True)
    accuracy.load_state_dict(old.state_dict(), keep="code")  # the best loss says nothing about an accuracy
    assert accuracy.state_dict() == watched(higher_is_better=True)[1].state_dict()


def test_a_copy_counts_alone():
    scheduler, plateau = watched(patience=0)
    plateau.update(1.0)
    twin = copy.deepcopy(scheduler)
    twin._watchers[0].update(1.0)
    assert (twin.current_lr, scheduler.current_lr) == (pytest.approx(0.01), 0.1)
    assert plateau.state_dict()["bad"] == 0


# Refusals.

BAD_STATES = [
    ({"best": math.nan}, "needs a finite number for `best`, got nan"),
    ({"best": -math.inf}, "needs a finite number for `best`"),
    ({"best": "1.0"}, "needs a finite number for `best`"),
    ({"best": True}, "needs a finite number for `best`"),
    ({"recent": [1.0, math.nan]}, "needs a finite number for `recent`"),
    ({"recent": [math.inf]}, "needs a finite number for `recent`"),
    ({"recent": [1.0, 1.0, 1.0]}, "a list of at most 2 metrics for `recent`"),
    ({"recent": None}, "a list of at most 2 metrics for `recent`"),
    ({"recent": {"a": 1}}, "a list of at most 2 metrics for `recent`"),
    ({"bad": -1}, "an integer of at least 0 for `bad`"),
    ({"bad": 1.5}, "an integer of at least 0 for `bad`"),
    ({"bad": 10**30}, "for `bad`"),
    ({"cooling": None}, "an integer of at least 0 for `cooling`"),
    ({"more": 1}, "must have the keys bad, best, cooling, recent, settings"),
    ({"settings": None}, "`settings` in the state of a Plateau must have the keys"),
    ({"settings": {"factor": 0.1}}, "must have the keys"),
    ({"kind": "Greedy"}, "a Plateau cannot take the state of a Greedy"),
    ({"kind": None}, "a Plateau cannot take the state of a None"),
]


@pytest.mark.parametrize(("entries", "message"), BAD_STATES, ids=str)
def test_a_damaged_state_changes_nothing(entries, message):
    _, plateau = watched(window=2)
    plateau.update(1.0)
    before = plateau.state_dict()
    damaged = {**before, **entries}
    for load in (plateau.differences, plateau.load_state_dict):
        with pytest.raises(ValueError, match=message):
            load(damaged)
    with pytest.raises(ValueError, match=message):
        plateau.load_state_dict(damaged, keep="checkpoint")
    assert plateau.state_dict() == before


BAD_GROUPS_IN_STATE = [
    ({"groups": []}, "a list of param groups for `groups`"),
    ({"groups": "head"}, "a list of param groups for `groups`"),
    ({"groups": [1.5]}, "the index or the name of each param group, got 1.5"),
    ({"groups": ["neck"]}, "for other param groups than there are"),
    ({"groups": ["head"], "min_lr": [["body", 0.1]]}, "a bound of the rate for each of 'head'"),
    ({"min_lr": [["head", 0.1]]}, "for other param groups than there are"),
    ({"min_lr": [["head"]]}, "`min_lr`"),
    ({"min_lr": [[None, 0.1]]}, "the index or the name of each param group, got None"),
    ({"min_lr": [["head", "x"], ["body", 0.1]]}, "`min_lr of group 'head'`"),
]


@pytest.mark.parametrize(("entries", "message"), BAD_GROUPS_IN_STATE, ids=str)
def test_damaged_groups_change_nothing(entries, message):
    _, _, plateau = by_group()
    before = plateau.state_dict()
    with pytest.raises(ValueError, match=message):
        plateau.load_state_dict(before | {"settings": before["settings"] | entries}, keep="checkpoint")
    assert plateau.state_dict() == before


def test_a_state_from_before_there_were_groups():
    _, plateau = watched(window=2)
    plateau.update(1.0)
    plateau.update(2.0)
    old = {name: value for name, value in plateau.state_dict().items() if name != "kind"}
    old["settings"] = {name: value for name, value in old["settings"].items() if name not in ("eps", "groups")}
    _, again = watched(window=2)
    again.load_state_dict(old)
    assert again.state_dict() == plateau.state_dict()


@pytest.mark.parametrize("state", [None, 3, [], {}, "best", {1: 2}])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match="must have the keys"):
        watched()[1].load_state_dict(state)


BAD_SETTINGS = [
    ({"factor": 0}, "above 0 for `factor`, got 0"),
    ({"factor": 1.0}, "`factor` below 1"),
    ({"factor": "0.1"}, "got the string '0.1'; write it without quotes: 0.1"),
    ({"factor": math.nan}, "`factor`"),
    ({"patience": -1}, "an integer of at least 0 for `patience`, got -1"),
    ({"patience": 1.5}, "an integer of at least 0 for `patience`, got 1.5"),
    ({"patience": True}, "`patience`"),
    ({"cooldown": None}, "an integer of at least 0 for `cooldown`"),
    ({"window": 0}, "an integer of at least 1 for `window`, got 0"),
    ({"window": 10**6}, "at most 10,000 for `window`"),
    ({"threshold": -0.1}, "`threshold`"),
    ({"threshold": 1.0}, "below 1, got 1; for a threshold in the unit of the metric use threshold_mode='abs'"),
    ({"threshold_mode": "absolute"}, "did you mean 'abs'"),
    ({"threshold_mode": None}, "Available: rel, abs"),
    ({"min_lr": [0.1]}, "`min_lr`"),
    ({"min_lr": math.inf}, "`min_lr`"),
    ({"higher_is_better": "max"}, "True or False for `higher_is_better`, got 'max'"),
    ({"in_warmup": 1}, "True or False for `in_warmup`"),
    ({"reduce": None}, "True or False for `reduce`"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=str)
def test_a_setting_out_of_range_is_refused(options, message):
    scheduler = Scheduler(adamw(0.1), Constant(0.1))
    with pytest.raises(ValueError, match=message):
        Plateau(scheduler, **options)
    assert scheduler._watchers == []
    name = next(iter(options))
    if name != "reduce":
        _, plateau = watched()
        state = plateau.state_dict()
        with pytest.raises(ValueError, match=message):
            plateau.load_state_dict(state | {"settings": state["settings"] | options}, keep="checkpoint")


def test_it_needs_a_scheduler_with_a_learning_rate():
    with pytest.raises(ValueError, match=r"needs a lehr.Scheduler, got AdamW; .*lehr.Scheduler\(optimizer"):
        Plateau(adamw(0.1))
    decay_alone = Scheduler(adamw(0.1), {"weight_decay": Constant(0.1)})
    with pytest.raises(ValueError, match="drives only weight_decay"):
        Plateau(decay_alone)
    assert decay_alone._watchers == []


@pytest.mark.parametrize("metric", ["loss", "1.0", b"1", None, True, [1.0], torch.ones(2), 10**400, 1j], ids=repr)
def test_what_is_no_number_is_refused_and_counts_nothing(metric):
    scheduler, plateau = watched(patience=0)
    plateau.update(1.0)
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="needs a number for `metric`"):
        plateau.update(metric)
    assert scheduler.state_dict() == before


def test_a_cut_that_is_refused_counts_nothing(monkeypatch):
    scheduler, plateau = watched(patience=0)
    plateau.update(1.0)
    before = plateau.state_dict()

    def refuse(act, why):
        raise ValueError("too many parts")

    monkeypatch.setattr(scheduler, "change", refuse)
    with pytest.raises(ValueError, match="too many parts"):
        plateau.update(1.0)
    assert plateau.state_dict() == before


def test_settings_are_shown():
    assert repr(watched(patience=2)[1]).startswith("Plateau(factor=0.1, patience=2, threshold=0.0001")
