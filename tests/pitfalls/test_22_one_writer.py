"""Two torch schedulers on one optimizer overwrite or multiply each other's rates, depending on the two.

Schedules are combined as values; a second Scheduler for the same hyperparameter is refused.

Reported in https://github.com/Lightning-AI/pytorch-lightning/issues/8884 https://github.com/pytorch/pytorch/issues/82859 https://github.com/pytorch/pytorch/issues/13022
"""

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Constant, Plateau, Ramp, Scheduler

make = torch.optim.lr_scheduler


def test_warmup_times_stairs():
    warmup, stairs = Ramp(0.2, 1, 4), lehr.multistep(max_lr=1.0, milestones=[6, 9])
    both = warmup * stairs
    opt = sgd()
    scheduler = Scheduler(opt, both)
    for t in range(15):
        scheduler.step(t)
        assert rates_of(opt) == [both(t)] == [warmup(t) * stairs(t)]


def test_a_second_scheduler_is_refused_and_changes_nothing():
    opt = sgd()
    first = Scheduler(opt, "cosine", 100)
    first.step(50)
    with pytest.raises(ValueError, match=r"SGD already has a Scheduler for lr, at position 50.*detach"):
        Scheduler(opt, "linear", 10, max_lr=7.0)
    assert rates_of(opt) == [first.schedule(50)]
    with pytest.raises(ValueError, match="already has a Scheduler for lr"):
        Scheduler([sgd(), opt], "linear", 10, group_scale="same")


def test_another_hyperparameter_or_a_detached_or_dead_one_is_no_rival():
    opt = sgd(weight_decay=0.1)
    rate = Scheduler(opt, "cosine", 100)
    decay = Scheduler(opt, {"weight_decay": Ramp(0.1, 0.2, 10)})
    rate.detach()
    second = Scheduler(opt, "linear", 10, max_lr=1.0)
    del second
    Scheduler(opt, "linear", 10, max_lr=0.5)
    decay.step(5)
    assert (rates_of(opt), opt.param_groups[0]["weight_decay"]) == ([0.5], pytest.approx(0.15))


@pytest.mark.parametrize("name", SHORT)
def test_a_step_twice_is_the_same(name):
    opt = sgd()
    scheduler = Scheduler(opt, SHORT[name])
    for t in (2, 2, 7, 2, 2):
        scheduler.step(t)
        assert rates_of(opt) == [SHORT[name](t)]


def test_alive_in_torch():
    opt = sgd()
    both = [make.LambdaLR(opt, lambda t: 1.0), make.ReduceLROnPlateau(opt, patience=1)]
    for _ in range(8):
        update(opt)
        both[1].step(1.0)
        both[0].step()
    assert rates_of(opt) == [1.0]  # every reduction has vanished

    opt = sgd()
    scheduler = Scheduler(opt, Constant(1.0))
    plateau = Plateau(scheduler, patience=1)
    for _ in range(8):
        update(opt)
        plateau.update(1.0)
        scheduler.step()
    assert rates_of(opt) == [pytest.approx(1e-3)]


def test_alive_in_torch_a_step_twice():
    opt = sgd()
    scheduler = make.MultiplicativeLR(opt, lambda t: 0.5)
    update(opt)
    seen = []
    for _ in range(2):
        with pytest.warns(UserWarning, match="epoch parameter"):
            scheduler.step(2)
        seen += rates_of(opt)
    assert seen == [0.5, 0.25]
