"""Several optimizers under `follow()`: stepped inside backward, in any order, or one less often than another."""

import copy

import pytest
import torch
from catalogue.optimizers import recorded, update

import lehr
from lehr import Scheduler

SCHEDULE = lehr.Ramp(3e-3, 0, 30)


class Model(torch.nn.Module):
    """Three layers, of which the middle one is used only where asked for."""

    def __init__(self):
        super().__init__()
        self.first, self.middle, self.last = (torch.nn.Linear(2, 2) for _ in range(3))

    def forward(self, x, middle=True):
        x = self.first(x)
        return self.last(self.middle(x) if middle else x).sum()


def in_backward(model, tensor=False, reverse=False, **settings):
    """An optimizer for each parameter, which is stepped when its gradient is there."""
    rate = 1e-2
    optimizers = {
        p: torch.optim.SGD([p], lr=torch.tensor(rate) if tensor else rate, **settings) for p in model.parameters()
    }

    def step(p):
        optimizers[p].step()
        optimizers[p].zero_grad()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(step)
    listed = list(optimizers.values())
    return listed[::-1] if reverse else listed


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_stepped_inside_backward_each_uses_the_rate_of_its_own_update(reverse, tensor):
    model = Model()
    optimizers = in_backward(model, tensor, reverse)
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    used = [recorded(optimizer) for optimizer in optimizers]
    for _ in range(10):
        model(torch.ones(3, 2)).backward()
    expected = [SCHEDULE(t) for t in range(10)]
    assert all(rates == pytest.approx(expected, rel=1e-6 if tensor else 0, abs=0) for rates in used)
    assert (scheduler.position, scheduler.updates) == (10, 10)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("without", [{3}, {0, 1, 2}, {4, 6, 7}, set(range(0, 10, 2))])
def test_a_parameter_without_a_gradient_in_some_updates(without, reverse):
    model = Model()
    optimizers = in_backward(model, reverse=reverse)
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    used = [recorded(optimizer) for optimizer in optimizers]
    for t in range(10):
        model(torch.ones(3, 2), middle=t not in without).backward()
    counts = sorted(map(len, used))
    assert counts == [10 - len(without)] * 2 + [10] * 4
    for rates in used:
        made = range(10) if len(rates) == 10 else sorted(set(range(10)) - without)
        assert rates == [SCHEDULE(t) for t in made]
    assert scheduler.position == 10


@pytest.mark.parametrize("reverse", [False, True])
def test_momentum_and_a_resume(reverse):
    def run(states=None):
        torch.manual_seed(0)
        model = Model()
        optimizers = in_backward(model, reverse=reverse, momentum=0.9)
        schedules = {"lr": SCHEDULE, "momentum": lehr.Ramp(0.8, 0.9, 10)}
        scheduler = Scheduler(optimizers, schedules).follow()
        if states is not None:
            for optimizer, state in zip(optimizers, states[0], strict=True):
                optimizer.load_state_dict(state)
            scheduler.load_state_dict(states[1])
        used = []
        for optimizer in optimizers:
            optimizer.register_step_pre_hook(
                lambda inner, *_: used.append((inner.param_groups[0]["lr"], inner.param_groups[0]["momentum"]))
            )
        for _ in range(5):
            model(torch.ones(3, 2)).backward()
        return used, copy.deepcopy(([optimizer.state_dict() for optimizer in optimizers], scheduler.state_dict()))

    used, states = run()
    used += run(states)[0]
    assert used == [(SCHEDULE(t), lehr.Ramp(0.8, 0.9, 10)(t)) for t in range(10) for _ in range(6)]


def rounds(pattern, count=2, times=4):
    """The rates that each optimizer used, where they are stepped in the order of ``pattern``; the last is the clock."""
    optimizers = [torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1e-2) for _ in range(count)]
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    used = [recorded(optimizer) for optimizer in optimizers]
    for which in pattern * times:
        update(optimizers[which])
    assert scheduler.position == scheduler.updates == times * pattern.count(count - 1)
    return [[[SCHEDULE(t) for t in range(30)].index(rate) for rate in rates[1:]] for rates in used]


@pytest.mark.parametrize("pattern", [(0, 1), (1, 0), (0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0), (2, 0, 1)])
def test_a_loop_may_step_them_in_any_order(pattern):
    assert rounds(pattern, len(pattern)) == [[1, 2, 3]] * len(pattern)


def test_one_that_is_stepped_less_often_uses_the_rate_of_its_round():
    assert rounds((1, 1, 1, 0))[0] == [5, 8, 11], "after the clock: the rate of the clock's last update"
    assert rounds((0, 1, 1, 1))[0] == [3, 6, 9], "before the clock: the rate of its next"


def test_one_that_is_stepped_more_often_uses_the_rate_of_the_round():
    assert rounds((0, 0, 0, 1))[0] == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_what_is_shown_is_the_rate_of_the_next_update():
    optimizers = [torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1e-2) for _ in range(2)]
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    for t in range(6):
        for optimizer in reversed(optimizers):
            update(optimizer)
        assert [optimizer.param_groups[0]["lr"] for optimizer in optimizers] == [SCHEDULE(t + 1)] * 2
        scheduler.check()
        assert scheduler.get_last_lr() == [SCHEDULE(t)] * 2


def test_a_foreign_rate_in_one_of_them_is_written_over():
    optimizers = [torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1e-2) for _ in range(2)]
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    used = [recorded(optimizer) for optimizer in optimizers]

    def updates():
        for t in range(4):
            if t == 2:
                optimizers[0].param_groups[0]["lr"] = 0.5
            update(optimizers[1])
            update(optimizers[0])

    with pytest.warns(UserWarning, match=r"lr of param group 0 was changed by somebody else, from 0\.0028 to 0\.5"):
        updates()
    assert used == [[SCHEDULE(t) for t in range(4)]] * 2
    assert scheduler.position == 4


@pytest.mark.parametrize("skipped", [0, 1])
def test_one_that_a_gradient_scaler_lets_skip(skipped):
    """A scaler calls the step of a fused optimizer, which finds its verdict and does not update."""
    optimizers = [torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))], lr=1e-2, fused=True) for _ in range(2)]
    scheduler = Scheduler(optimizers, SCHEDULE).follow()
    for t in range(6):
        for which in (1, 0):
            optimizers[which].found_inf = torch.tensor(float(t == 5 and which == skipped))
            optimizers[which].grad_scale = None
            update(optimizers[which])
    counted = 6 - (skipped == 1)
    assert scheduler.position == counted
    assert [optimizer.param_groups[0]["lr"] for optimizer in optimizers] == [SCHEDULE(counted)] * 2
    assert scheduler.skipped == (skipped == 1)
    scheduler.check()
