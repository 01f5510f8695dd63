"""The state of a Greedy, and the settings that it refuses."""

import copy
import json

import pytest
from catalogue.optimizers import sgd, through_a_file

from lehr import Constant, Greedy, Plateau, Scheduler
from lehr.scheduler import StateMismatchError
from lehr.scheduler.checkpoint.text import checksum
from metrics.greedies import rates_after, watched


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
