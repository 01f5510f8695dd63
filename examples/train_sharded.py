"""Train with FSDP2 on several processes, and resume with another number of them at the same sample and rate.

    torchrun --standalone --nproc-per-node 4 examples/train_sharded.py --out run --stop-at 16k
    torchrun --standalone --nproc-per-node 2 examples/train_sharded.py --out run

The model predicts a byte of Python's standard library from those before it. The schedule counts samples, so its rates
are right with any number of processes. `log.csv` has the samples before each update, the rate that the update used, and
the loss.
"""

import os
import sysconfig
from pathlib import Path
from typing import Any

import click
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard

import lehr
from lehr import lengths

BATCH, CONTEXT, WIDTH = 16, 16, 64
SAVE_EVERY = 500
SCHEDULE = lehr.cosine("32k", "5%", max_lr=1e-2, min_lr=1e-3)  # in samples


def samples(text: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """The inputs and targets of some samples: a function of their numbers, so no loader's position has to be saved."""
    starts = torch.arange(first, first + BATCH) * 7919 % (len(text) - CONTEXT)
    windows = text[starts[:, None] + torch.arange(CONTEXT + 1)]
    return windows[:, :-1], windows[:, -1]


def build(device: str) -> tuple[nn.Sequential, torch.optim.Optimizer, lehr.Scheduler]:
    """The model with its layers sharded over all processes, the optimizer, and the Scheduler, the same on each."""
    torch.manual_seed(0)
    layers = [nn.Linear(CONTEXT * 16, WIDTH), nn.Linear(WIDTH, 256)]
    model = nn.Sequential(nn.Embedding(256, 16), nn.Flatten(), layers[0], nn.GELU(), layers[1]).to(device)
    for part in (*layers, model):
        fully_shard(part)
    optimizer = torch.optim.AdamW(model.parameters(), lr=torch.tensor(1e-2))  # a tensor, for a compiled step
    scheduler = lehr.Scheduler(optimizer, SCHEDULE, unit="samples", per_update=BATCH * dist.get_world_size())
    return model, optimizer, scheduler.follow()


def save(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: lehr.Scheduler) -> None:
    """Each process writes its shards; of the scheduler's state, the same everywhere, one copy is kept."""
    states = get_state_dict(model, optimizer)
    parts = {"model": states[0], "optimizer": states[1], "scheduler": scheduler}
    dcp.save(parts, checkpoint_id=folder)  # type: ignore[attr-defined]  # torch does not say that it exports it


def load(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, scheduler: lehr.Scheduler) -> None:
    """Each process reads what its shards need, however many wrote them."""
    states = get_state_dict(model, optimizer)
    parts = {"model": states[0], "optimizer": states[1], "scheduler": scheduler}
    dcp.load(parts, checkpoint_id=folder)  # type: ignore[attr-defined]  # as above
    set_state_dict(model, optimizer, model_state_dict=states[0], optim_state_dict=states[1])


def checkpoints(out: Path) -> list[Path]:
    """The complete checkpoints, the latest last: their metadata are written at the end."""
    return sorted(path.parent for path in out.glob("after_*/.metadata"))


@click.command(help=str(__doc__).partition("\n")[0])
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where everything is written.")
@click.option("--stop-at", default="32k", show_default=True, help="Samples after which to stop.")
def main(out: Path, stop_at: str) -> None:
    if not {"RANK", "LOCAL_RANK"} <= os.environ.keys():
        raise click.UsageError(
            "it is started by torchrun, which says to each process which one it is:\n\n"
            "    torchrun --standalone --nproc-per-node 2 examples/train_sharded.py --out run"
        )
    device = f"cuda:{os.environ['LOCAL_RANK']}" if torch.cuda.is_available() else "cpu"
    if device != "cpu":
        torch.cuda.set_device(device)
    dist.init_process_group()
    out.mkdir(parents=True, exist_ok=True)
    source = Path(sysconfig.get_path("stdlib"), "argparse.py").read_bytes()
    text = torch.frombuffer(bytearray(source), dtype=torch.uint8).long()
    model, optimizer, scheduler = build(device)
    if saved := checkpoints(out):
        load(saved[-1], model, optimizer, scheduler)
    log: list[tuple[Any, ...]] = []
    while scheduler.position < lengths.steps(stop_at, name="--stop-at"):
        consumed = int(scheduler.position)
        inputs, targets = samples(text, consumed + BATCH * dist.get_rank())
        loss = nn.functional.cross_entropy(model(inputs.to(device)), targets.to(device))
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
        optimizer.step()  # the Scheduler follows
        optimizer.zero_grad()
        log.append((consumed, scheduler.last_used_lrs[0], loss.item()))
        if scheduler.updates % SAVE_EVERY == 0:
            save(out / f"after_{int(scheduler.position):09}", model, optimizer, scheduler)
    save(out / f"after_{int(scheduler.position):09}", model, optimizer, scheduler)
    if dist.get_rank() == 0:
        with (out / "log.csv").open("a") as file:
            file.writelines(f"{consumed},{rate!r},{loss:.4f}\n" for consumed, rate, loss in log)
        print(f"{dist.get_world_size()} processes, {len(log)} updates up to sample {scheduler.position}")
    if dist.get_rank() == 0 and log:
        print(f"rate {log[0][1]:.2e} to {log[-1][1]:.2e}, loss {log[0][2]:.2f} to {log[-1][2]:.2f} nats per byte")
    dist.barrier()  # no process leaves while another still needs it
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
