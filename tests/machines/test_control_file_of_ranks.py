"""Ranks look at a control file once in 100 updates, whatever a position counts, and apply a command at the same one."""

import time

import pytest
import torch.distributed as dist
from catalogue.optimizers import sgd, update
from catalogue.processes import on_ranks

import lehr
from lehr import Scheduler
from lehr.control import Cooldown, append
from lehr.scheduler import control_file

machines = pytest.importorskip("benchmarks.machines")

BATCHES = [1_000 + 10 * (update // 50) for update in range(250)]  # tokens
UNITS = {
    "steps": ({}, lambda scheduler, t: scheduler.step(t + 1)),
    "tokens": ({"unit": "tokens"}, lambda scheduler, t: scheduler.advance(BATCHES[t])),
    "equal tokens": ({"unit": "tokens", "per_update": 1_000}, lambda scheduler, t: scheduler.step()),
    "epochs": ({"unit": "epochs"}, lambda scheduler, t: scheduler.step((t + 1) / 50)),
    "equal epochs": ({"unit": "epochs", "per_update": 1 / 50}, lambda scheduler, t: scheduler.step()),
}


def commanded(path, unit):
    """250 updates, and a command after 120 of them; in which updates a message was sent, and when it was applied."""
    control_file.SECONDS = 0.0
    rank, optimizer = dist.get_rank(), sgd(1.0)
    options, move = UNITS[unit]
    own = path if rank == 0 else f"{path}.of-another-machine"
    scheduler = Scheduler(optimizer, lehr.Constant(0.5), control_file=own, **options)
    sent, changed = [], None
    for t in range(len(BATCHES)):
        if t == 120 and rank == 0:
            append(path, Cooldown(1_000))
        update(optimizer)
        with machines.Messages() as messages:
            move(scheduler, t)
        sent += [t] * (messages.sent > 0)
        if scheduler.history and changed is None:
            changed = t
    state = scheduler.state_dict()
    return sent, changed, {key: state[key] for key in state if key != "times"}, scheduler.current_lr


def commanded_in_each_unit(folder):
    now, rank = time.time, dist.get_rank()
    time.time = lambda: now() + 3 * rank  # the machines' clocks differ
    return [commanded(f"{folder}/{unit}.txt", unit) for unit in UNITS]


def test_one_message_in_a_hundred_updates(tmp_path):
    ranks = on_ranks(commanded_in_each_unit, 4, str(tmp_path))
    for index, unit in enumerate(UNITS):
        sent, changed, _, rate = ranks[0][index]
        assert all(rank[index] == ranks[0][index] for rank in ranks), unit
        assert len(sent) == 3, unit
        assert changed == sent[2]
        assert rate < 0.5
