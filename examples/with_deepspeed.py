"""DeepSpeed under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_deepspeed    # also without a GPU
"""

import os
from tempfile import TemporaryDirectory
from typing import Any

import deepspeed
import torch

import lehr

from .bigrams import BATCH, BATCHES, UPDATES, Bigrams, check, loader, watched

CONFIG = {
    "train_micro_batch_size_per_gpu": BATCH,
    "optimizer": {"type": "AdamW", "params": {"lr": 1e-3, "torch_adam": True}},
    "zero_optimization": {"stage": 1},
    "bf16": {"enabled": True},
}


def train(folder: str, start: int, stop: int) -> tuple[list[float], Any]:
    """Train from one update to another, from the checkpoint if the run is the second."""
    model = Bigrams()
    engine, optimizer, _, scheduler = deepspeed.initialize(
        model=model, model_parameters=model.parameters(), config=CONFIG, dist_init_required=False,
        lr_scheduler=lehr.integrations.for_deepspeed(
            "cosine", training_steps=UPDATES, warmup_steps="5%", max_lr=0.05
        ),
    )  # fmt: skip
    used = watched(optimizer.optimizer)  # inside ZeRO's
    if start:
        engine.load_checkpoint(folder)
    batches = [[part.to(engine.device) for part in batch] for batch in loader()]
    for t in range(start, stop):
        engine.backward(engine(*batches[t % BATCHES])["loss"])
        engine.step()
    engine.save_checkpoint(folder)
    return used, scheduler


def main() -> None:
    for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MASTER_PORT", "0")  # one that is free
    torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    with TemporaryDirectory() as folder:
        before, _ = train(folder, 0, 20)
        after, scheduler = train(folder, 20, UPDATES)
    check(scheduler.schedule, before, after)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
