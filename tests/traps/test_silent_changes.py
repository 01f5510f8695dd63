"""Changes that would do nothing, or something else than was meant."""

from functools import partial

import catalogue.optimizers
import pytest
from catalogue.optimizers import rates_of

import lehr
from lehr import Constant, Ramp, Scheduler, control

sgd = partial(catalogue.optimizers.sgd, gradient=True)


@pytest.mark.parametrize("policy", ["stretch", "hold"])
def test_an_extension_that_would_train_at_rate_0_is_refused(policy):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    with pytest.raises(ValueError, match=r"would train at the rate 0.*policy='replan' or policy='restart', or amend"):
        scheduler.extend(200, policy)
    assert (scheduler.history, scheduler.training_steps) == ([], 100)


@pytest.mark.parametrize(("policy", "rate"), [("replan", 0.5), ("restart", 1.0)])
def test_the_ways_out_train(policy, rate):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    scheduler.extend(200, policy)
    assert scheduler.current_lr == pytest.approx(rate)
    assert scheduler.training_steps == 200


def test_a_run_that_ended_above_0_can_be_extended_at_its_floor():
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0, min_lr=0.1))
    scheduler.step(100)
    scheduler.extend(200)
    assert (scheduler.current_lr, scheduler.training_steps) == (0.1, 200)


def test_a_schedule_that_is_over_does_not_make_the_run_endless():
    scheduler = Scheduler(sgd(weight_decay=0.1), {"lr": Ramp(1, 0, 100), "weight_decay": Ramp(0.1, 0.2, 10)})
    scheduler.step(50)
    scheduler.scale(0.5)
    assert scheduler.training_steps == 100
    assert scheduler.schedules["weight_decay"] == Ramp(0.1, 0.2, 10)
    scheduler.extend(200)
    assert scheduler.training_steps == 200
    scheduler.step(200)
    with pytest.warns(UserWarning, match=r"step 201 is past the end of the schedule \(200 steps\)"):
        scheduler.step(201)


def test_amend_does_not_give_every_group_the_same_rate():
    scheduler = Scheduler(sgd(1.0, 0.1, names=("head", "body")), {"head": Constant(1.0), "body": Constant(0.1)})
    with pytest.raises(ValueError, match=r"every param group the same rate.*a mapping.*'head', 'body'"):
        scheduler.amend(Constant(0.5))
    with pytest.raises(ValueError, match="a schedule for each of 'head', 'body', got 'head', 'tail'"):
        scheduler.amend({"head": Constant(0.5), "tail": Constant(0.5)})
    scheduler.amend({"body": Constant(0.05), "head": Constant(0.5)})
    assert rates_of(scheduler.optimizer) == [0.5, 0.05]


@pytest.mark.parametrize("act", [control.Rebase, control.Scale])
def test_refusals_are_value_errors_with_a_schedule_per_group(act):
    scheduler = Scheduler(sgd(1.0, 0.1), {0: Constant(1.0), 1: Constant(0.1)})
    for wrong in ("3e-4", None, 10**400, float("nan")):
        with pytest.raises(ValueError, match="finite number"):
            scheduler.change(act(wrong))


def test_factors_of_0_leave_nothing_to_rebase():
    scheduler = Scheduler(sgd(), Constant(1.0), group_scale=[0.0])
    with pytest.raises(ValueError, match="rebase multiplies the present rate, which is 0"):
        scheduler.rebase(0.1)


def test_lengths_of_changes_may_be_shares_of_the_run():
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(50)
    scheduler.extend("200%")
    scheduler.cooldown("10%")
    assert [change.what for change in scheduler.history] == [
        "extend(training_steps=200, policy='stretch')",
        "cooldown(steps=20, to=0.0, shape='1-sqrt')",
    ]


@pytest.mark.parametrize("act", [control.Cooldown(10), control.Dip(0.5, 10), control.Scale(5.0)])
def test_a_change_that_leaves_the_rate_at_0_is_refused(act):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    with pytest.raises(ValueError, match=r"would train at the rate 0.*amend with another schedule"):
        scheduler.change(act)
    assert scheduler.history == []
