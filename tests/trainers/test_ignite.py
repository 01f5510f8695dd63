"""ignite's `LRScheduler`, which writes the rates of `get_lr()` itself and then adds to `last_epoch`."""

import pytest
import torch
from catalogue.optimizers import parameter, rates_of, recorded

import lehr
from lehr import Scheduler

pytest.importorskip("ignite")
from ignite.engine import Engine, Events
from ignite.handlers import LRScheduler

COSINE = lehr.cosine(20, 4, max_lr=1e-2)


def train(updates, accumulation=1, follow=False, state=None, legacy=False, handler=True):
    """Train, and return the used rates and the Scheduler."""
    weight = parameter()
    optimizer = torch.optim.SGD([weight], lr=1e-2)
    scheduler = Scheduler(optimizer, COSINE)
    if follow:
        scheduler.follow()
    if state is not None:
        scheduler.load_state_dict(state)
    used = recorded(optimizer)

    def process(engine, _):
        weight.sum().backward()
        if engine.state.iteration % accumulation == 0:
            optimizer.step()
            optimizer.zero_grad()

    engine = Engine(process)
    if legacy:
        with pytest.warns(UserWarning, match="attach scheduler to Events.ITERATION_COMPLETED"):
            engine.add_event_handler(Events.ITERATION_COMPLETED, LRScheduler(scheduler, use_legacy=True))
    elif handler:
        engine.add_event_handler(Events.ITERATION_STARTED, LRScheduler(scheduler))
    engine.run(range(updates * accumulation), max_epochs=1)
    return used, scheduler


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("accumulation", [1, 2, 3])
def test_the_handler_moves_once_for_each_update(accumulation, follow, legacy):
    used, scheduler = train(8, accumulation, follow, legacy=legacy)
    assert used == [COSINE(t) for t in range(8)]
    assert scheduler.next_position == scheduler.updates == 8
    assert scheduler.get_last_lr() == [COSINE(7)] if follow or not legacy else [COSINE(8)]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("updates", [1, 2, 5])
def test_a_run_goes_on(updates, follow):
    _, scheduler = train(updates, 2, follow)
    used, resumed = train(6, 2, follow, state=scheduler.state_dict())
    assert used == [COSINE(t) for t in range(updates, updates + 6)]
    assert resumed.next_position == updates + 6


def test_without_the_handler_follow_is_enough():
    used, scheduler = train(8, 2, follow=True, handler=False)
    assert used == [COSINE(t) for t in range(8)]
    assert scheduler.position == 8


def test_values_are_simulated_without_training():
    optimizer = torch.optim.SGD([parameter()], lr=1e-2)
    scheduler = Scheduler(optimizer, COSINE)
    assert LRScheduler.simulate_values(25, scheduler) == [[t, COSINE(t)] for t in range(25)]
    assert (scheduler.position, rates_of(optimizer)) == (0, [COSINE(0)])
    optimizer.param_groups[0]["params"][0].grad = torch.ones(2)
    optimizer.step()
    scheduler.step()
    assert (scheduler.position, rates_of(optimizer)) == (1, [COSINE(1)])


def test_a_step_with_a_number_ends_the_counting():
    scheduler = Scheduler(torch.optim.SGD([parameter()], lr=1e-2), COSINE)
    scheduler.last_epoch += 1
    assert (scheduler.last_epoch, scheduler.position) == (1, 0)
    scheduler.step(7)
    assert (scheduler.last_epoch, scheduler.position, scheduler.get_lr()) == (7, 7, [COSINE(7)])
