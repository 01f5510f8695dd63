"""A small model that several ranks train together, under DDP or FSDP2, and its checkpoints."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from catalogue.optimizers import recorded
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import lehr
from lehr import Scheduler

KINDS = ("DDP", "FSDP2")
SAMPLES = 2  # of each rank in an update
SCHEDULE = lehr.cosine(400, 40, max_lr=1e-2, min_lr=1e-3)  # in samples


def sharded(kind: str, tensor: bool = False) -> tuple[Any, torch.optim.AdamW]:
    """A model on all ranks, and its AdamW; with a tensor for the rate, as large-scale trainers have it."""
    torch.manual_seed(0)
    model: Any = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.GELU(), torch.nn.Linear(6, 4))
    if kind == "FSDP2":
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        for part in (model[0], model[2], model):
            fully_shard(part, mesh=mesh)
    else:
        model = DistributedDataParallel(model)
    return model, torch.optim.AdamW(model.parameters(), lr=torch.tensor(1.0) if tensor else 1.0)


def in_samples(optimizer: torch.optim.Optimizer) -> Scheduler:
    """A Scheduler for `SCHEDULE`, whatever the number of ranks."""
    return Scheduler(optimizer, SCHEDULE, unit="samples", per_update=SAMPLES * dist.get_world_size())


def train(model: Any, optimizer: torch.optim.Optimizer, scheduler: Scheduler | None, updates: int, how: str) -> Any:
    """Make updates and move the scheduler; return the rates that the updates used."""
    used = recorded(optimizer)
    if scheduler is not None and how == "follow":
        scheduler.follow()
    for _ in range(updates):
        torch.manual_seed(dist.get_rank())
        model(torch.randn(SAMPLES, 8)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        if scheduler is not None and how != "follow":
            scheduler.step() if how == "step" else scheduler.advance(SAMPLES * dist.get_world_size())
    return list(used)


def rates(start: int, per_update: int, updates: int, tensor: bool, schedule: lehr.Schedule = SCHEDULE) -> list[float]:
    """What the schedule says for some updates; a tensor rounds it to float32."""
    exact = [schedule(start + per_update * update) for update in range(updates)]
    return torch.tensor(exact).tolist() if tensor else exact


def save(path: str, model: Any, optimizer: torch.optim.Optimizer, flat: bool = False, **others: Any) -> None:
    """Write a checkpoint, as the tutorials of torch do."""
    states = get_state_dict(model, optimizer, options=StateDictOptions(flatten_optimizer_state_dict=flat))
    dcp.save({"model": states[0], "optimizer": states[1], **others}, checkpoint_id=path)


def load(path: str, model: Any, optimizer: Any, flat: bool = False, last: Any = None, **others: Any) -> None:
    """Read one: what is in ``others`` is loaded before the optimizer, and ``last``, a Scheduler, after it."""
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    states = get_state_dict(model, optimizer, options=options)
    late = {} if last is None else {"scheduler": last.state_dict()}
    dcp.load({"model": states[0], "optimizer": states[1], **others, **late}, checkpoint_id=path)
    set_state_dict(model, optimizer, model_state_dict=states[0], optim_state_dict=states[1], options=options)
    if last is not None:
        last.load_state_dict(late["scheduler"])
