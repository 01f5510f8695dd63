"""After a loss spike people lower the rate by hand, and the scheduler overwrites it at its next step.

`dip(factor, recover)` lowers the rate of any schedule for a while, is recorded and saved, and returns to the schedule by itself.

Reported in https://github.com/bigscience-workshop/Megatron-DeepSpeed/issues/57 https://github.com/axolotl-ai-cloud/axolotl/issues/1310 https://github.com/NVIDIA/tacotron2/issues/387
"""

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Scheduler

COSINE = lehr.cosine(1000, 20, max_lr=1.0)


def at(position, schedule=COSINE):
    scheduler = Scheduler(sgd(), schedule)
    scheduler.step(position)
    return scheduler


def rate(scheduler, t):
    scheduler.step(t)
    return rates_of(scheduler.optimizer)[0]


def test_half_at_100_back_at_150():
    scheduler = at(100)
    scheduler.dip(0.5, recover=50, why="the loss spiked")
    assert rates_of(scheduler.optimizer) == [pytest.approx(0.5 * COSINE(100), rel=1e-12)]  # at once
    for t, share in [(100, 0.5), (125, 0.75), (150, 1.0), (151, 1.0), (999, 1.0)]:
        assert rate(scheduler, t) == pytest.approx(share * COSINE(t), rel=1e-12)
    assert rate(scheduler, 1000) == 0
    assert rate(scheduler, 99) == COSINE(99)  # the past is as it was
    with pytest.warns(UserWarning, match="used"):
        assert "at 100 dip(factor=0.5, recover=50): the loss spiked" in scheduler.report()


@pytest.mark.parametrize("position", [100, 101, 120, 149, 150, 151])
def test_resumed_inside_it(position):
    scheduler = at(100)
    scheduler.dip(0.5, recover=50)
    scheduler.step(position)
    again = Scheduler(sgd(), COSINE)
    again.load_state_dict(scheduler.state_dict())
    for t in range(position, 200):
        assert rate(again, t) == rate(scheduler, t)


@pytest.mark.parametrize("name", SHORT)
def test_it_composes_with_any_schedule(name):
    schedule = SHORT[name]
    scheduler = at(6, schedule)
    scheduler.dip(0.5, recover=8)
    for t in range(6, 20):
        share = min(1.0, 0.5 + 0.5 * (t - 6) / 8)
        assert rate(scheduler, t) == pytest.approx(share * schedule(t), rel=1e-9, abs=1e-15)


def test_dips_multiply_and_compose_with_a_cooldown():
    scheduler = at(100, lehr.Constant(1.0))
    scheduler.dip(0.5, recover=50)
    scheduler.step(110)
    scheduler.dip(0.5, recover=50)
    assert rates_of(scheduler.optimizer) == [pytest.approx(0.6 * 0.5)]
    assert rate(scheduler, 150) == pytest.approx(0.9)
    assert rate(scheduler, 160) == pytest.approx(1.0)
    scheduler.cooldown(10, shape="linear")
    scheduler.step(165)
    scheduler.dip(0.5, recover=2)
    assert rates_of(scheduler.optimizer) == [pytest.approx(0.25)]
    assert rate(scheduler, 169) == pytest.approx(0.1)


def test_the_run_gets_no_longer():
    scheduler = at(980)
    scheduler.dip(0.5, recover=50)
    assert scheduler.training_steps == 1000
    scheduler.step(1000)
    scheduler.report()  # without a warning that part of the schedule was not used


def test_every_group_keeps_its_ratio():
    opt = sgd(1.0, 0.1)
    scheduler = Scheduler(opt, COSINE, group_scale="ratio")
    scheduler.step(100)
    scheduler.dip(0.5, recover=50)
    assert rates_of(opt) == pytest.approx([0.5 * COSINE(100), 0.05 * COSINE(100)], rel=1e-12)


def test_off_by_default():
    assert Scheduler(sgd(), COSINE).history == []


@pytest.mark.parametrize("wrong", [(-0.5, 50), (float("nan"), 50), ("half", 50), (0.5, -1), (0.5, "50 %%"), (0.5, 1.5)])
def test_a_refused_dip_changes_nothing(wrong):
    scheduler = at(100)
    before = scheduler.state_dict()
    with pytest.raises(ValueError):
        scheduler.dip(*wrong)
    assert (scheduler.state_dict(), rates_of(scheduler.optimizer)) == (before, [COSINE(100)])


def test_alive_in_torch():
    opt = sgd()
    scheduler = torch.optim.lr_scheduler.LambdaLR(opt, lambda t: 1.0)
    opt.param_groups[0]["lr"] *= 0.5
    update(opt)
    scheduler.step()
    assert rates_of(opt) == [1.0]
