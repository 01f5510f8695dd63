"""Checkpoints: small, plain, loaded in any order, and refused where they differ."""

import copy
import json
import pickle
import warnings

import pytest
from catalogue.optimizers import adamw, rates_of, through_a_file

import lehr
from lehr import Ramp, Scheduler
from lehr.scheduler import StateMismatchError


def test_the_state_is_small_and_plain():
    scheduler = Scheduler(adamw(), "cosine", 100, 10, 1e-3, 1e-4)
    before = scheduler.state_dict()
    scheduler.step(50)
    state = scheduler.state_dict()
    assert before.keys() == state.keys()
    assert {type(value) for value in state.values()} <= {int, str}
    assert state["position"] == 50
    assert json.loads(state["schedule"]) == {
        "schedule": "cosine",
        "training_steps": 100,
        "warmup_steps": 10,
        "max_lr": 1e-3,
        "min_lr": 1e-4,
    }
    assert len(pickle.dumps(state)) <= 2048
    assert through_a_file(state) == state


def test_the_state_of_512_groups_is_small_too():
    factors = [0.1] * 256 + [1.0] * 256
    scheduler = Scheduler(adamw(*[0.1] * 512), "cosine", 100, 10, 1e-3, group_scale=factors)
    assert len(pickle.dumps(scheduler.state_dict())) <= 2048


def _resumed(order, opt_state, scheduler_state, build):
    if order == "optimizer, scheduler, load":
        opt = adamw(0.4, 0.1)
        opt.load_state_dict(opt_state)
        scheduler = build(opt)
        scheduler.load_state_dict(scheduler_state)
    else:
        opt = adamw(0.4, 0.1)
        scheduler = build(opt)
        loads = {"o": lambda: opt.load_state_dict(opt_state), "s": lambda: scheduler.load_state_dict(scheduler_state)}
        for letter in order:
            loads[letter]()
    return opt, scheduler


@pytest.mark.parametrize("order", ["optimizer, scheduler, load", "os", "so", "s", "sos", "oss"])
@pytest.mark.parametrize("position", [0, 1, 5, 9, 10, 11, 99, 100, 105])
@pytest.mark.parametrize("scale", ["ratio", "same"])
def test_every_order_of_loading_goes_on_bit_equal(order, position, scale):
    def build(opt):
        return Scheduler(opt, "cosine", 100, 10, min_lr=1e-3, group_scale=scale)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opt = adamw(0.4, 0.1)
        scheduler = build(opt)
        for t in range(position + 1):
            scheduler.step(t)
        saved = copy.deepcopy(opt.state_dict()), through_a_file(scheduler.state_dict())
        expected = [rates_of(opt)]
        for _ in range(50):
            scheduler.step()
            expected.append(rates_of(opt))

        opt, scheduler = _resumed(order, *saved, build)
        resumed = [rates_of(opt)]
        for _ in range(50):
            scheduler.step()
            resumed.append(rates_of(opt))
    assert resumed == expected


def test_a_difference_is_shown_field_by_field():
    state = Scheduler(adamw(), "cosine", 100, 10, 1.0, 0.0).state_dict()
    opt = adamw()
    scheduler = Scheduler(opt, "cosine", 400, 10, 0.1, 0.001)
    scheduler.step(7)
    before = rates_of(opt)
    with pytest.raises(StateMismatchError) as refused:
        scheduler.load_state_dict(state)
    assert refused.value.differences == [
        "training_steps: checkpoint 100, code 400",
        "max_lr: checkpoint 1.0, code 0.1",
        "min_lr: checkpoint 0.0, code 0.001",
    ]
    assert "keep='checkpoint'" in str(refused.value)
    assert (rates_of(opt), scheduler.position) == (before, 7)


def test_keep_says_who_is_right():
    old = Scheduler(adamw(), "cosine", 100, 10, 1.0, 0.0)
    old.step(50)
    for keep, schedule in [("checkpoint", old.schedule), ("code", lehr.linear(400, 0, 0.1))]:
        opt = adamw()
        scheduler = Scheduler(opt, "linear", 400, 0, 0.1)
        scheduler.load_state_dict(old.state_dict(), keep=keep)
        assert scheduler.schedule == schedule
        assert rates_of(opt) == [schedule(50)]
        scheduler.step()
        assert rates_of(opt) == [schedule(51)]


def test_the_same_schedule_by_another_name_is_no_difference():
    state = Scheduler(adamw(), "linear", 10, 0, 1.0).state_dict()
    scheduler = Scheduler(adamw(), Ramp(1.0, 0.0, 10))
    scheduler.load_state_dict(state)


def test_another_number_of_groups_is_a_difference():
    state = Scheduler(adamw(0.1), "linear", 10, 0, 1.0).state_dict()
    scheduler = Scheduler(adamw(0.1, 0.1), "linear", 10, 0, 1.0)
    with pytest.raises(StateMismatchError, match="param groups: checkpoint 1, code 2"):
        scheduler.load_state_dict(state)
    with pytest.raises(ValueError, match="keep='code'"):
        scheduler.load_state_dict(state, keep="checkpoint")
    scheduler.load_state_dict(state, keep="code")


def test_loading_does_not_change_the_state_it_is_given():
    state = Scheduler(adamw(), "linear", 10, 0, 1.0).state_dict()
    kept = copy.deepcopy(state)
    Scheduler(adamw(), "linear", 10, 0, 1.0).load_state_dict(state)
    assert state == kept


def test_a_state_of_version_1_loads():
    """As the first version wrote it: position, schedule and factors."""
    state = {
        "version": 1,
        "position": 5,
        "schedule": '{"schedule": "linear", "training_steps": 10, "warmup_steps": 0, "max_lr": 1.0, "min_lr": 0.0}',
        "group_factors": "[[1.0, 1]]",
    }
    opt = adamw(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.load_state_dict(state)
    assert (scheduler.position, scheduler.updates, rates_of(opt)) == (5, 5, [0.5])


def test_a_state_of_version_2_loads_and_its_check_holds():
    """As the second version wrote it: without `samples_per_step`."""
    opt = adamw(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    state = {
        "version": 2,
        "position": 5,
        "updates": 4,
        "unit": "steps",
        "schedule": '{"schedule": "linear", "training_steps": 10, "warmup_steps": 0, "max_lr": 1.0, "min_lr": 0.0}',
        "group_factors": "[[1.0, 1]]",
        "history": "[]",
        "watchers": "[]",
        "answered": 0,
        "check": 2957515066,
    }
    with pytest.raises(ValueError, match="checksum mismatch"):
        scheduler.load_state_dict(state | {"position": 6})
    assert (scheduler.position, rates_of(opt)) == (0, [1.0])
    scheduler.load_state_dict(state)
    assert (scheduler.position, scheduler.updates, rates_of(opt)) == (5, 4, [0.5])


def test_a_state_of_version_4_loads_with_its_changes():
    """As the fourth version wrote it: with the time of a change in its row."""
    linear = '{"schedule": "linear", "training_steps": 10, "warmup_steps": 0, "max_lr": 1.0, "min_lr": 0.0}'
    cut = f'{{"schedule": "Cut", "of": {linear}, "start": 4}}'
    rest = f'[{{"schedule": "Product", "parts": [{cut}, {{"schedule": "Constant", "rate": 0.5}}]}}]'
    state = {
        "version": 4,
        "position": 5,
        "updates": 0,
        "unit": "steps",
        "samples_per_step": 0,
        "schedule": linear,
        "group_factors": "[[1.0, 1]]",
        "history": f'[[4, 1700000000, "scale(factor=0.5)", "a spike", {rest}]]',
        "watchers": "[]",
        "commands": 0,
        "pending": 0,
        "check": 2521256469,
    }
    opt = adamw(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.load_state_dict(state)
    [change] = scheduler.history
    assert (change.position, change.time, change.what, change.why) == (4, 1700000000, "scale(factor=0.5)", "a spike")
    assert rates_of(opt) == [0.25]
    again = Scheduler(opt := adamw(0.1), "linear", 10, 0, 1.0)
    again.load_state_dict(scheduler.state_dict())
    assert again.history == scheduler.history


def test_what_comes_before_the_check_is_the_same_wherever_it_was_made(monkeypatch):
    """So a checkpoint of many ranks may take one key from one of them and the next from another."""
    states = []
    for clock in (1_700_000_000, 1_700_000_007):
        monkeypatch.setattr("time.time", lambda clock=clock: clock)
        scheduler = Scheduler(adamw(), "linear", 10, 0, 1.0)
        scheduler.scale(0.5)
        states.append(scheduler.state_dict())
    assert [key for key in states[0] if states[0][key] != states[1][key]] == ["times"]
    Scheduler(adamw(), "linear", 10, 0, 1.0).load_state_dict({**states[0], "times": states[1]["times"]})


def test_a_checkpoint_still_says_the_ratios_after_a_refused_step():
    state = Scheduler(adamw(1.0, 0.5), Ramp(1.0, 0.0, 10), group_scale="ratio").state_dict()
    opt = adamw(0.0, 0.0)
    scheduler = Scheduler(opt, Ramp(1.0, 0.0, 10), group_scale="ratio")
    with pytest.raises(ValueError, match="every group starts at 0"):
        scheduler.step(5)
    scheduler.load_state_dict(state)
    scheduler.step(5)
    assert rates_of(opt) == [0.5, 0.25]
