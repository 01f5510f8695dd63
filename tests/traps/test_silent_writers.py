"""Rates that somebody else wrote."""

from functools import partial

import catalogue.optimizers
import pytest
import torch
from catalogue.optimizers import rates_of

from lehr import Ramp, Scheduler

sgd = partial(catalogue.optimizers.sgd, gradient=True)


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 20])
def test_under_follow_each_update_uses_the_schedules_rate_whoever_wrote(groups, tensor):
    optimizer = sgd(*(torch.tensor(1.0) if tensor else 1.0 for _ in range(groups)))
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8)).follow()
    used = []
    optimizer.register_step_pre_hook(lambda inner, *_: used.append(rates_of(inner)))
    other = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5)
    with pytest.warns(
        UserWarning, match="was changed by somebody else, from 1 to 0.5; the schedule's value is written"
    ):
        optimizer.step()
    for _ in range(5):
        other.step()
        optimizer.step()
    assert used == [[1 - t / 8] * groups for t in range(6)]
    assert scheduler.position == 6


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("tensor", [False, True])
def test_an_update_at_a_rate_of_0_that_torch_makes_is_not_one_of_the_run(follow, tensor):
    """`torch.distributed.checkpoint` makes one to create the state of a fresh optimizer."""
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=torch.tensor(1.0) if tensor else 1.0)
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8))
    if follow:
        scheduler.follow()
    get_optimizer_state_dict(model, optimizer)
    assert (scheduler.position, scheduler.updates, rates_of(optimizer)) == (0, 0, [1.0])
    model(torch.ones(1)).sum().backward()
    optimizer.step()
    if not follow:
        scheduler.step()
    assert (scheduler.position, scheduler.updates, rates_of(optimizer)) == (1, 1, [0.875])


@pytest.mark.parametrize("fake", [0, 1])
def test_an_update_at_a_rate_of_0_of_one_of_several_optimizers_is_not_one_of_the_run(fake):
    both = [sgd(), sgd()]
    scheduler = Scheduler(both, Ramp(1, 0, 8)).follow()
    both[fake].param_groups[0]["lr"] = 0.0
    both[fake].step()
    both[fake].param_groups[0]["lr"] = 1.0
    assert (scheduler.position, scheduler.updates) == (0, 0)
    for t in range(4):
        assert [rates_of(optimizer) for optimizer in both] == [[1 - t / 8]] * 2
        [optimizer.step() for optimizer in both]
    assert (scheduler.position, scheduler.updates) == (4, 4)


@pytest.mark.parametrize("changed", [1, 2, 7])
def test_the_group_that_was_changed_is_named(changed):
    optimizer = sgd(*[0.1] * 8)
    scheduler = Scheduler(optimizer, Ramp(0.1, 0, 100))
    scheduler.step(1)
    scheduler.step(2)
    optimizer.param_groups[changed]["lr"] = 0.5
    with pytest.warns(UserWarning, match=rf"lr of param group {changed} was changed .* from 0\.098 to 0\.5"):
        scheduler.step(3)
    assert rates_of(optimizer) == [scheduler.schedule(3)] * 8


def test_a_rate_of_0_that_stays_is_warned_of():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8)).follow()
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    with pytest.warns(UserWarning, match="somebody else set the rate to 0 and several updates were made at it") as seen:
        [optimizer.step() for _ in range(5)]
    assert (len(seen), scheduler.updates) == (1, 0)
    with pytest.warns(UserWarning, match="used"):
        assert "6 updates at a rate of 0 that somebody else wrote were left alone" in scheduler.report()
    scheduler.detach()
