"""The state of a Plateau: its counters and settings in a checkpoint, and states that are damaged."""

import copy
import math

import pytest
from catalogue.optimizers import through_a_file

from metrics.plateaus import by_group, rates_after, watched


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
