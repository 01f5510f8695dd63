"""OneCycleLR and CyclicLR overwrite betas, momentum and the rates of all groups without being asked.

A schedule changes only the hyperparameters it names, and `group_scale="ratio"` keeps each group's ratio.

Reported in https://github.com/pytorch/pytorch/issues/73910 https://github.com/pytorch/pytorch/issues/84485 https://github.com/pytorch/pytorch/issues/19003
"""

import copy

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import adamw, rates_of, sgd, update

from lehr import Scheduler

make = torch.optim.lr_scheduler


def test_one_cycle_keeps_the_ratio():
    opt = adamw(1e-4, 1e-2)
    scheduler = Scheduler(opt, "one_cycle", 100, max_lr=0.1, group_scale="ratio")
    for t in range(101):
        scheduler.step(t)
        low, high = rates_of(opt)
        assert high == scheduler.schedule(t)
        assert high / low == pytest.approx(100, rel=1e-12)


def test_a_flattening_is_said():
    with pytest.warns(UserWarning, match=r"different lr \(0\.0001, 0\.01\) and will all get the same"):
        Scheduler(adamw(1e-4, 1e-2), "one_cycle", 100)


@pytest.mark.parametrize("name", SHORT)
def test_nothing_else_changes(name):
    for opt in (adamw(0.5, betas=(0.9, 0.98), weight_decay=0.1), sgd(0.5, momentum=0.9, weight_decay=0.1)):
        before = [{k: copy.copy(v) for k, v in g.items() if k not in ("lr", "params")} for g in opt.param_groups]
        defaults = dict(opt.defaults)
        scheduler = Scheduler(opt, SHORT[name])
        for t in range(20):
            scheduler.step(t)
        after = [{k: v for k, v in g.items() if k not in ("lr", "params")} for g in opt.param_groups]
        assert (after, opt.defaults) == (before, defaults)


def test_any_optimizer_will_do():
    opt = torch.optim.Adagrad(adamw(1e-2).param_groups[0]["params"], lr=1e-2)
    Scheduler(opt, "one_cycle", 100, max_lr=0.1)
    assert rates_of(opt) == [pytest.approx(0.004)]


def test_alive_in_torch():
    opt = adamw(1e-4, 1e-2, betas=(0.9, 0.98))
    scheduler = make.OneCycleLR(opt, 0.1, total_steps=10)
    assert rates_of(opt) == pytest.approx([0.004, 0.004])
    seen = []
    for _ in range(9):
        seen.append(opt.param_groups[0]["betas"][0])
        update(opt)
        scheduler.step()
    assert (seen[0], min(seen)) == (0.95, pytest.approx(0.85))  # it was 0.9
    with pytest.raises(ValueError, match="cycle_momentum"):
        make.OneCycleLR(torch.optim.Adagrad([torch.nn.Parameter(torch.zeros(1))]), 0.1, total_steps=10)
    opt = sgd(0.01, momentum=0.9)
    make.CyclicLR(opt, 0.1, 1.0)
    assert rates_of(opt) == [0.1]
