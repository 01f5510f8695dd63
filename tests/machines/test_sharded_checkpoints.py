"""Checkpoints of torch.distributed.checkpoint, written by four ranks, with and without lehr, and resumed by others."""

import time

import pytest
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from catalogue.processes import on_ranks
from sharding import KINDS, SAMPLES, SCHEDULE, in_samples, load, rates, save, sharded, train
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

import lehr
from lehr import Scheduler

WORLD, UPDATES = 4, 12
CONSUMED = WORLD * SAMPLES * UPDATES
MORE = 10


def other_clocks():
    """Let the machines' clocks differ by seconds, as they do."""
    now, rank = time.time, dist.get_rank()
    time.time = lambda: now() + 3 * rank


def written(path, kind, tensor, how, with_lehr=True, flat=False):
    """Train on a rank, cool down in the middle, and save; what the Scheduler says of itself."""
    model, optimizer = sharded(kind, tensor)
    other_clocks()
    scheduler = in_samples(optimizer) if with_lehr else None
    train(model, optimizer, scheduler, UPDATES // 2, how)
    if scheduler is not None:
        scheduler.cooldown(200, shape="linear", why="to compare today")
    train(model, optimizer, scheduler, UPDATES - UPDATES // 2, how)
    save(path, model, optimizer, flat, **({"scheduler": scheduler} if with_lehr else {}))
    keys = sorted(get_optimizer_state_dict(model, optimizer)["param_groups"][0])
    return (scheduler.state_dict(), scheduler.schedule, keys) if with_lehr else keys


@pytest.fixture(scope="module", params=[(kind, tensor) for kind in KINDS for tensor in (False, True)], ids=str)
def checkpoint(request, tmp_path_factory):
    """One for each kind of model and of rate, with what each rank said when it wrote it."""
    path = str(tmp_path_factory.mktemp("checkpoint"))
    return *request.param, path, on_ranks(written, WORLD, path, *request.param, "follow")


def test_each_rank_saves_the_same(checkpoint):
    """But for the time of a change, which each takes from its own clock."""
    *_, ranks = checkpoint
    states = [{key: value for key, value in state.items() if key != "times"} for state, _, _ in ranks]
    assert all(state == states[0] for state in states)
    assert len({state["times"] for state, _, _ in ranks}) == WORLD
    assert states[0]["position"] == CONSUMED


ORDERS = {"scheduler first": "follow", "together": "follow", "optimizer first": "step"}
"""The order of loading, and the way to go on."""


def resumed(path, kind, tensor, order, flat=False):
    model, optimizer = sharded(kind, tensor)
    scheduler = in_samples(optimizer)
    if ORDERS[order] == "follow":
        scheduler.follow()  # from here on torch's update at the rate 0 must not count
    if order == "scheduler first":
        dcp.load({"scheduler": scheduler}, checkpoint_id=path)
        load(path, model, optimizer, flat)
    elif order == "together":
        load(path, model, optimizer, flat, scheduler=scheduler)
    else:
        load(path, model, optimizer, flat, last=scheduler)
    at, state = scheduler.position, next(iter(optimizer.state.values()))
    changes = [(change.position, change.what, change.why) for change in scheduler.history]
    used = train(model, optimizer, scheduler, MORE, ORDERS[order])
    return at, float(state["step"]) - MORE, scheduler.schedule, changes, used, scheduler.position


def resumed_in_each_order(path, kind, tensor):
    return [resumed(path, kind, tensor, order) for order in ORDERS]


@pytest.mark.parametrize("world", [2, 1])
def test_another_number_of_ranks_goes_on_at_the_same_sample(checkpoint, world):
    kind, tensor, path, ((_, schedule, _), *_) = checkpoint
    for rank in on_ranks(resumed_in_each_order, world, path, kind, tensor):
        for at, adam_steps, plan, changes, used, end in rank:
            assert (at, adam_steps, plan) == (CONSUMED, UPDATES, schedule)
            assert changes == [(CONSUMED // 2, "cooldown(steps=200, to=0.0, shape='linear')", "to compare today")]
            assert used == rates(CONSUMED, SAMPLES * world, MORE, tensor, schedule)
            assert end == CONSUMED + MORE * SAMPLES * world


def test_with_the_optimizer_state_flattened_as_torchtitan_does(tmp_path):
    path = str(tmp_path)
    on_ranks(written, WORLD, path, "FSDP2", True, "step", True, True)
    for at, _, schedule, _, used, _ in on_ranks(resumed, 2, path, "FSDP2", True, "together", True):
        assert (at, used) == (CONSUMED, rates(CONSUMED, SAMPLES * 2, MORE, True, schedule))


# Without lehr, before or after.


def resumed_with_lehr(path, kind):
    """A checkpoint that knows of no lehr; the position is given by hand."""
    model, optimizer = sharded(kind)
    scheduler = in_samples(optimizer)
    with pytest.raises(dcp.api.CheckpointException, match="Missing key in checkpoint state_dict: scheduler"):
        load(path, model, optimizer, scheduler=scheduler)
    load(path, model, optimizer)
    scheduler.step(CONSUMED)
    return train(model, optimizer, scheduler, MORE, "follow")


def resumed_without_lehr(path, kind, tensor):
    """The optimizer's keys and values are its own."""
    model, optimizer = sharded(kind, tensor)
    load(path, model, optimizer)
    return sorted(get_optimizer_state_dict(model, optimizer)["param_groups"][0]), train(model, optimizer, None, 2, "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_written_without_lehr(kind, tmp_path):
    on_ranks(written, WORLD, str(tmp_path), kind, False, "", False)
    for used in on_ranks(resumed_with_lehr, 2, str(tmp_path), kind):
        assert used == rates(CONSUMED, SAMPLES * 2, MORE, False)


def test_a_checkpoint_written_with_lehr_and_read_without(checkpoint):
    kind, tensor, path, ((_, schedule, keys), *_) = checkpoint
    for other_keys, used in on_ranks(resumed_without_lehr, 1, path, kind, tensor):
        assert other_keys == keys == sorted(torch.optim.AdamW([torch.ones(1)]).state_dict()["param_groups"][0])
        assert used == rates(CONSUMED, 0, 2, tensor, schedule)  # the last one written stays


# While a checkpoint is being written, the run goes on.


def saved_in_the_background(path):
    model, optimizer = sharded("FSDP2")
    scheduler = in_samples(optimizer)
    train(model, optimizer, scheduler, 5, "follow")
    own = dist.new_group(backend="gloo")  # the gradients of the run go on through the other one
    future = dcp.async_save({"scheduler": scheduler}, checkpoint_id=path, process_group=own)
    train(model, optimizer, scheduler, 5, "follow")
    future.result()
    dcp.load({"scheduler": (again := in_samples(sharded("FSDP2")[1]))}, checkpoint_id=path)
    return scheduler.position, again.position


def test_the_position_is_that_of_the_call(tmp_path):
    each = SAMPLES * WORLD
    assert on_ranks(saved_in_the_background, WORLD, str(tmp_path)) == [(10 * each, 5 * each)] * WORLD


# In steps, the number of samples in one is part of the plan.


def in_steps(path, resume):
    batch = SAMPLES * dist.get_world_size()
    model, optimizer = sharded("FSDP2")
    schedule = lehr.cosine(400 // batch, 40 // batch, max_lr=1e-2, min_lr=1e-3)
    scheduler = Scheduler(optimizer, schedule, samples_per_step=batch, keep="code")
    if not resume:
        train(model, optimizer, scheduler, UPDATES, "follow")
        save(path, model, optimizer, scheduler=scheduler)
        return None
    with pytest.warns(UserWarning, match="the run goes on at step 24"):
        load(path, model, optimizer, scheduler=scheduler)
    return train(model, optimizer, scheduler, MORE, "follow")


def test_a_schedule_in_steps_goes_on_at_the_same_sample(tmp_path):
    on_ranks(in_steps, WORLD, str(tmp_path), False)
    for used in on_ranks(in_steps, 2, str(tmp_path), True):
        assert used == pytest.approx(rates(CONSUMED, SAMPLES * 2, MORE, False, SCHEDULE), rel=1e-12)
