"""torchtitan's containers of optimizers and of schedulers.

torchtitan itself needs a nightly torch and a tokenizer's files, so these stand in for its `OptimizersContainer` and
`LRSchedulersContainer` (torchtitan 0.3.0, `components/optimizer/`): what they keep, and what they call.
"""

import copy

import pytest
import torch
from catalogue.optimizers import recorded

import lehr
from lehr import Scheduler

SCHEDULE = lehr.Ramp(1e-2, 0, 40)


class Optimizers(torch.optim.Optimizer):
    """As `OptimizersContainer`: an optimizer of its own, whose groups have no rate, around those that update."""

    def __init__(self, parts, **settings):
        self.optimizers = [torch.optim.AdamW(part.parameters(), lr=1e-2, **settings) for part in parts]
        super().__init__([p for part in parts for p in part.parameters()], {})

    def __iter__(self):
        return iter(self.optimizers)

    def __len__(self):
        return len(self.optimizers)

    def step(self, closure=None):
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self, set_to_none=True):
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=set_to_none)

    def state_dict(self):
        return {"parts": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state):
        for optimizer, part in zip(self.optimizers, state["parts"], strict=True):
            optimizer.load_state_dict(part)


class InBackward(Optimizers):
    """As `OptimizersInBackwardContainer`: an optimizer for each parameter, and `step` does nothing."""

    def __init__(self, parts):
        made = {p: torch.optim.AdamW([p], lr=1e-2) for part in parts for p in part.parameters()}

        def step(p):
            made[p].step()
            made[p].zero_grad()

        for p in made:
            p.register_post_accumulate_grad_hook(step)
        self.optimizers = list(made.values())
        torch.optim.Optimizer.__init__(self, list(made), {})

    def step(self, closure=None):
        pass

    def zero_grad(self, set_to_none=True):
        pass


class Schedulers:
    """As `LRSchedulersContainer`: it saves `last_epoch` alone, and sets what torch's schedulers keep."""

    def __init__(self, *schedulers):
        self.schedulers = schedulers

    def step(self):
        for scheduler in self.schedulers:
            scheduler.step()

    def state_dict(self):
        return {"last_epoch": self.schedulers[0].last_epoch}

    def load_state_dict(self, state):
        for scheduler in self.schedulers:
            scheduler.last_epoch = state["last_epoch"]
            scheduler._step_count = state["last_epoch"] + 1
            scheduler._last_lr = scheduler.get_lr()


def built(kind, follow):
    torch.manual_seed(0)
    parts = [torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)]
    optimizers = kind(parts)
    scheduler = Scheduler(optimizers, SCHEDULE)
    if follow:
        scheduler.follow()
    used = [recorded(optimizer) for optimizer in optimizers]
    return parts, optimizers, scheduler, used


def train(parts, optimizers, schedulers, updates):
    for _ in range(updates):
        optimizers.zero_grad()
        parts[1](parts[0](torch.ones(3, 2))).sum().backward()
        optimizers.step()
        schedulers.step()


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("kind", [Optimizers, InBackward])
def test_every_optimizer_of_a_container_is_driven(kind, follow):
    parts, optimizers, scheduler, used = built(kind, follow)
    train(parts, optimizers, scheduler, 6)
    assert used == [[SCHEDULE(t) for t in range(6)]] * len(optimizers)
    assert scheduler.optimizer is optimizers
    scheduler.check()


@pytest.mark.parametrize("optimizer_first", [False, True])
@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("updates", [0, 1, 2, 5])
def test_the_container_of_schedulers_goes_on(updates, follow, optimizer_first):
    parts, optimizers, scheduler, _ = built(Optimizers, follow)
    train(parts, optimizers, Schedulers(scheduler), updates)
    states = copy.deepcopy((optimizers.state_dict(), Schedulers(scheduler).state_dict()))
    assert states[1] == {"last_epoch": updates}
    scheduler.detach()
    parts, optimizers, resumed, used = built(Optimizers, follow)
    loads = [
        lambda: optimizers.load_state_dict(states[0]),
        lambda: Schedulers(resumed).load_state_dict(states[1]),
    ]
    for load in loads if optimizer_first else reversed(loads):
        load()
    train(parts, optimizers, Schedulers(resumed), 4)
    assert used == [[SCHEDULE(t) for t in range(updates, updates + 4)]] * 2


def test_a_mapping_of_optimizers_in_a_container():
    """As transformers' `LayerWiseDummyOptimizer`, which itself updates nothing."""

    class Dummy(torch.optim.Optimizer):
        def __init__(self, optimizer_dict):
            self.optimizer_dict = optimizer_dict
            super().__init__([torch.randn(1, 1)], {"lr": 1e-3})

    inner = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1e-2)
    scheduler = Scheduler(Dummy(dict.fromkeys(inner.param_groups[0]["params"], inner)), SCHEDULE)
    scheduler.step(5)
    assert inner.param_groups[0]["lr"] == SCHEDULE(5)
