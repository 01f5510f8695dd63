"""When a wrapper or `load_state_dict` replaces the param groups, torch's schedulers write to groups that nobody reads.

Groups are looked up at each write, and `check()` compares what the innermost optimizer reads with the schedule.

Reported in https://github.com/pytorch/ignite/issues/545 https://github.com/microsoft/dp-transformers/issues/43 https://github.com/deepspeedai/DeepSpeed/issues/4344
"""

import copy

import pytest
import torch
from catalogue.optimizers import rates_of, sgd

from lehr import Exponential, Scheduler


class Wrapper(torch.optim.Optimizer):
    """Shares the groups of the optimizer inside it until those are replaced, as many wrappers do."""

    def __init__(self, inner):
        self.optimizer, self.defaults, self.state = inner, inner.defaults, inner.state
        self.param_groups = inner.param_groups

    def step(self, closure=None):
        self.optimizer.step(closure)


class Property(Wrapper):
    """Looks the groups up each time."""

    param_groups = property(lambda self: self.optimizer.param_groups, lambda self, groups: None)


HALVING = Exponential(1.0, 0.5)


def applied_and_shown(make, wrapper, inner):
    scheduler = make(wrapper)
    inner.load_state_dict(inner.state_dict())
    rows = []
    for _ in range(3):
        before = inner.param_groups[0]["params"][0].detach().clone()
        wrapper.step()
        rows.append([float((before - inner.param_groups[0]["params"][0].detach())[0])])
        scheduler.step()
        rows[-1].append(scheduler.get_last_lr()[0])
    return scheduler, rows


def test_alive_in_torch():
    inner = sgd(gradient=True)
    make = lambda opt: torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)  # noqa: E731
    _, rows = applied_and_shown(make, Wrapper(inner), inner)
    assert rows == [[1.0, 0.5], [1.0, 0.25], [1.0, 0.125]]


def test_a_wrapper_that_looks_up_is_right():
    inner = sgd(gradient=True)
    scheduler, rows = applied_and_shown(lambda opt: Scheduler(opt, HALVING), Property(inner), inner)
    assert rows == [[1.0, 0.5], [0.5, 0.25], [0.25, 0.125]]
    scheduler.check()


def test_a_wrapper_that_lost_its_groups_is_looked_through():
    inner = sgd(gradient=True)
    scheduler, rows = applied_and_shown(lambda opt: Scheduler(opt, HALVING), Wrapper(inner), inner)
    assert rows == [[1.0, 0.5], [0.5, 0.25], [0.25, 0.125]]
    scheduler.check()


@pytest.mark.parametrize("steps", [1, 3])
def test_a_wrapper_that_took_another_optimizer_is_told_of(steps):
    wrapper = Wrapper(sgd(gradient=True))
    scheduler = Scheduler(wrapper, HALVING)
    scheduler.check()
    wrapper.optimizer = sgd(gradient=True)
    for _ in range(steps):
        wrapper.step()
        scheduler.step(scheduler.position + 1)
    said = rf"at step {steps}: lr of param group 0 .*1\.0.*{0.5**steps}"
    with pytest.raises(ValueError, match=said):
        scheduler.check()


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("tensor", [False, True])
def test_loading_between_two_steps(tensor, follow):
    rate = torch.tensor(1.0, dtype=torch.float64) if tensor else 1.0
    opt = sgd(rate, gradient=True)
    scheduler = Scheduler(opt, HALVING)
    if follow:
        scheduler.follow()
    seen = []
    for _ in range(4):
        opt.load_state_dict(copy.deepcopy(opt.state_dict()))
        seen.append(rates_of(opt)[0])
        opt.step()
        if not follow:
            scheduler.step()
    assert seen == [1.0, 0.5, 0.25, 0.125]
    scheduler.check()


def test_groups_that_are_replaced_by_hand_get_the_next_rate():
    opt = sgd(1.0, 1.0, gradient=True)
    scheduler = Scheduler(opt, HALVING)
    opt.step()
    opt.param_groups = [dict(group) for group in opt.param_groups]
    scheduler.step()
    assert rates_of(opt) == [0.5, 0.5]
    scheduler.check()
