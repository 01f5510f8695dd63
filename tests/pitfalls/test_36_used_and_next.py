"""After `step()` torch's `get_last_lr()` is the rate of the next update, so a log shows the rate of another step.

`last_used_lrs` has the rates of the last update and `next_lrs` those of the next, whenever they are read.

Reported in https://github.com/huggingface/transformers/issues/35942 https://github.com/huggingface/transformers/issues/28124 https://github.com/pytorch/pytorch/issues/22107
"""

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Scheduler


def recording(opt):
    """What a pre-hook sees in the groups at each update."""
    seen = []
    opt.register_step_pre_hook(lambda *_: seen.append(rates_of(opt)))
    return seen


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("name", SHORT)
def test_used_is_what_was_used(name, follow):
    opt = sgd(1.0, 0.5)
    seen = recording(opt)
    scheduler = Scheduler(opt, SHORT[name], group_scale="ratio")
    if follow:
        scheduler.follow()
    assert scheduler.last_used_lrs == scheduler.next_lrs == rates_of(opt)
    for t in range(19):
        announced = scheduler.next_lrs
        update(opt)
        assert scheduler.last_used_lrs == seen[-1] == announced
        if not follow:
            scheduler.step()
        assert scheduler.last_used_lrs == seen[-1]
        assert scheduler.next_lrs == rates_of(opt)
        assert scheduler.next_lrs[0] == SHORT[name](t + 1)


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("change", ["dip", "scale", "amend", "rebase"])
def test_a_change_does_not_rewrite_what_was_used(change, follow):
    opt = sgd()
    seen = recording(opt)
    scheduler = Scheduler(opt, "linear", 100)
    if follow:
        scheduler.follow()
    for _ in range(10):
        update(opt)
        if not follow:
            scheduler.step()
    update(opt)
    given = {"dip": (0.5, 10), "scale": (0.5,), "amend": (lehr.Constant(0.1),), "rebase": (0.3,)}[change]
    getattr(scheduler, change)(*given)
    assert scheduler.last_used_lrs == seen[-1] == [0.9]


def test_skipped_and_micro_steps_are_no_updates():
    opt = sgd()
    scheduler = Scheduler(opt, "linear", 10)
    update(opt)
    scheduler.step()
    for _ in range(3):
        scheduler.step()
    assert (scheduler.last_used_lrs, scheduler.next_lrs, scheduler.skipped) == ([1.0], [0.9], 3)


def test_alive_in_torch():
    opt = sgd()
    seen = recording(opt)
    scheduler = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.5, 10)
    update(opt)
    scheduler.step()
    assert scheduler.get_last_lr() != seen[-1]
