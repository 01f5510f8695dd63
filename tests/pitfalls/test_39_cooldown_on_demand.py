"""No library can start a cooldown at the present step, and the WSD schedule of transformers accepts phases that do not fit and jumps.

A run may have no end: `cooldown(steps)` at any step is continuous, is saved, and can be branched from one checkpoint.

Reported in https://github.com/huggingface/transformers/issues/34905 https://github.com/kohya-ss/sd-scripts/issues/1653 https://github.com/pytorch/torchtitan/pull/2340
"""

import pytest
import transformers
from catalogue.optimizers import rates_of, sgd, used_by

import lehr
from lehr import Scheduler

TRUNK = lehr.constant_with_warmup(None, 50, 1.0)


def trunk_at(position, schedule=TRUNK):
    scheduler = Scheduler(sgd(), schedule)
    scheduler.step(position)
    return scheduler


def rest(scheduler, stop):
    rates = []
    for t in range(scheduler.position, stop):
        scheduler.step(t)
        rates += rates_of(scheduler.optimizer)
    return rates


def test_from_700_to_800():
    scheduler = trunk_at(700)
    assert scheduler.training_steps is None
    before = rates_of(scheduler.optimizer)
    scheduler.cooldown(100, shape="1-sqrt", why="the loss is flat")
    assert rates_of(scheduler.optimizer) == before == [1.0]  # continuous
    assert scheduler.training_steps == 800
    for t in (700, 701, 725, 750, 799, 800):
        scheduler.step(t)
        assert rates_of(scheduler.optimizer) == [pytest.approx(1 - ((t - 700) / 100) ** 0.5, abs=1e-15)]
    assert [scheduler.schedule(t) for t in range(700)] == [TRUNK(t) for t in range(700)]  # the past is as it was
    assert "at 700 cooldown(steps=100, to=0.0, shape='1-sqrt'): the loss is flat" in scheduler.report()


@pytest.mark.parametrize("shape", ["linear", "cosine", "1-sqrt", "sqrt", "square", "exponential(0.01)", "sigmoid"])
def test_any_shape_from_any_schedule_to_any_floor(shape):
    for schedule in (TRUNK, lehr.cosine(1000, 10, max_lr=1.0), lehr.cosine_restarts(max_lr=1.0, cycle_steps=300)):
        scheduler = trunk_at(700, schedule)
        scheduler.cooldown("0.1k", to=0.05, shape=shape)
        rates = rest(scheduler, 801)
        assert (rates[0], rates[-1]) == (schedule(700), 0.05)
        assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("at", [700, 701, 750, 799, 800])
def test_saved_in_the_cooldown_and_resumed(at):
    scheduler = trunk_at(700)
    scheduler.cooldown(100)
    scheduler.step(at)
    state = scheduler.state_dict()
    again = Scheduler(sgd(), TRUNK)
    again.load_state_dict(state)
    again.load_state_dict(state)
    assert again.schedule == scheduler.schedule
    assert rest(again, 801) == rest(scheduler, 801)
    assert again.state_dict() == scheduler.state_dict()


def test_one_checkpoint_branched_twice_and_the_trunk_goes_on():
    trunk = trunk_at(700)
    state = trunk.state_dict()
    branches = []
    for steps in (100, 50):
        branch = Scheduler(sgd(), TRUNK)
        branch.load_state_dict(state)
        branch.cooldown(steps)
        branches.append(rest(branch, 801 if steps == 100 else 751))
    assert [branch[-1] for branch in branches] == [0.0, 0.0]
    assert branches[0] != branches[1]
    assert rest(trunk, 900) == [1.0] * 200
    assert trunk.state_dict()["history"] == state["history"]


def test_a_run_shorter_or_longer_than_its_schedule_says_so():
    scheduler = trunk_at(60, lehr.wsd(100, 10, max_lr=1.0))
    with pytest.warns(UserWarning, match=r"60 of 100 steps \(60 %\) used"):
        scheduler.report()


def test_phases_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"warmup_steps=6 [+] decay_steps=8 = 14 > 10"):
        lehr.wsd(10, 6, max_lr=1.0, decay_steps=8)


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"steps": 10, "to": 2.0}, {"steps": 10, "shape": "1-sqr"}])
def test_a_refused_cooldown_changes_nothing(wrong):
    scheduler = trunk_at(700)
    before = scheduler.state_dict()
    with pytest.raises(ValueError):
        scheduler.cooldown(**wrong)
    assert (scheduler.state_dict(), rates_of(scheduler.optimizer)) == (before, [1.0])


def test_alive_in_transformers():
    with pytest.raises(TypeError, match="num_decay_steps"):
        transformers.get_scheduler("warmup_stable_decay", sgd(), num_warmup_steps=6, num_training_steps=10)
    opt = sgd()
    options = {"num_warmup_steps": 6, "num_training_steps": 10, "scheduler_specific_kwargs": {"num_decay_steps": 8}}
    rates = used_by(opt, transformers.get_scheduler("warmup_stable_decay", opt, **options), 10)
    assert rates[5:7] == pytest.approx([0.8333, 0.5], abs=1e-3)
    assert max(rates) < 1  # the peak is never reached
