"""On every rank each update uses the rate of the schedule, and no rank asks another for it."""

import pytest
import torch
import torch.distributed as dist
from catalogue.processes import on_ranks
from sharding import KINDS, SAMPLES, in_samples, rates, sharded, train

import lehr
from lehr import Plateau, Scheduler

machines = pytest.importorskip("benchmarks.machines")

WORLD = 4


WAYS = ("step", "advance", "follow")


def one_run(kind, tensor, how):
    model, optimizer = sharded(kind, tensor)
    keys = [list(group) for group in optimizer.param_groups]
    scheduler = in_samples(optimizer)
    used = train(model, optimizer, scheduler, 12, how)
    return used, scheduler.state_dict(), [list(group) for group in optimizer.param_groups] == keys


def one_run_each_way(kind, tensor):
    return [one_run(kind, tensor, how) for how in WAYS]


@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_update_uses_the_rate_of_the_samples_before_it(kind, tensor):
    ranks = on_ranks(one_run_each_way, WORLD, kind, tensor)
    for index, how in enumerate(WAYS):
        for used, state, same_keys in (rank[index] for rank in ranks):
            assert used == rates(0, SAMPLES * WORLD, 12, tensor), how
            assert state == ranks[0][index][1]
            assert same_keys


def what_is_sent(kind, path):
    """The messages of each thing that a Scheduler does, on a rank."""
    model, optimizer = sharded(kind)
    sent = {}

    def count(what, call):
        with machines.Messages() as messages:
            result = call()
        sent[what] = messages.sent
        return result

    scheduler = count("construct", lambda: Scheduler(optimizer, "cosine", 1_000, 100, 1e-2))
    count("step", lambda: [scheduler.step(t) for t in range(300)])
    state = count("save", scheduler.state_dict)
    count("load", lambda: scheduler.load_state_dict(state))
    count("change", lambda: scheduler.cooldown(400))
    count("check", scheduler.check)
    scheduler.follow()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    count("100 updates", lambda: [optimizer.step() for _ in range(100)])
    plateau = Plateau(scheduler)
    count("a metric", lambda: plateau.update(1.0))
    scheduler.detach()
    watching = count("watch", lambda: Scheduler(optimizer, "cosine", 1_000, 100, 1e-2, control_file=path)).follow()
    count("300 updates that watch a file", lambda: [optimizer.step() for _ in range(300)])
    count("a barrier", dist.barrier)
    return sent, watching.position


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_plateau_and_a_control_file_send_anything(kind, tmp_path):
    for sent, position in on_ranks(what_is_sent, WORLD, kind, str(tmp_path / "control.txt")):
        silent = ("construct", "step", "save", "load", "change", "check", "100 updates", "watch")
        assert {what: sent[what] for what in silent} == dict.fromkeys(silent, 0)
        # An object takes two messages, its size and itself; the file is looked at once in 100 updates.
        assert (sent["a metric"], sent["300 updates that watch a file"], sent["a barrier"]) == (2, 2 * 4, 1)
        assert position == 300


def alone():
    """Rank 0 goes through a run while the others wait: what had to be sent would wait for ever."""
    scheduler = None
    if dist.get_rank() == 0:
        scheduler = Scheduler(sharded_alone(), lehr.cosine(1_000, max_lr=1.0))
        for t in range(1_000):
            scheduler.step(t)
        scheduler.load_state_dict(scheduler.state_dict())
    dist.barrier()
    return scheduler is None or scheduler.position


def sharded_alone():
    return torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))])


def test_a_rank_needs_no_other():
    assert on_ranks(alone, WORLD) == [999, True, True, True]
