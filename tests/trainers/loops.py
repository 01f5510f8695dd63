"""Loops in torch that train from the last checkpoint, if there is one; and the `Watch` that may kill them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from catalogue.trainers import Line, batches, quietly

import lehr
from lehr import integrations

EPOCHS, BATCHES, SAVE_EVERY = 4, 10, 5
UPDATES = EPOCHS * BATCHES
SETTINGS: Any = {"warmup_steps": "10%", "max_lr": 0.3}
COSINE = lehr.cosine(UPDATES, **SETTINGS)


class Watch:
    """Appends the rate of each update to a file, and kills the process after so many."""

    def __init__(self, file: Path, kill_after: int | None) -> None:
        self.file, self.kill_after, self.made = file, kill_after, 0

    def __call__(self, optimizer: torch.optim.Optimizer) -> None:
        optimizer.register_step_pre_hook(lambda inner, *_: self.begins(float(inner.param_groups[0]["lr"])))

    def begins(self, rate: float) -> None:
        """An update at this rate begins."""
        if self.made == self.kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        self.made += 1
        with self.file.open("a") as file:
            file.write(f"{rate!r}\n")


def sgd(model: torch.nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=0.3)


def update(model: torch.nn.Module, optimizer: torch.optim.Optimizer, batch: dict[str, torch.Tensor]) -> None:
    optimizer.zero_grad()
    model(**batch)["loss"].backward()
    optimizer.step()


def _loop(folder: Path, watch: Watch, build: Callable[[torch.optim.Optimizer], Any], follows: bool) -> None:
    """A loop in torch, with whatever has `step` and a state for its scheduler."""
    model = Line()
    optimizer = sgd(model)
    scheduler = build(optimizer)
    watch(optimizer)
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    checkpoint, done = folder / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        done = saved.pop("done")
        for name, state in saved.items():
            parts[name].load_state_dict(state)
    data = list(batches(BATCHES))
    for t in range(done, UPDATES):
        update(model, optimizer, data[t % BATCHES])
        if not follows:
            scheduler.step()
        if (t + 1) % SAVE_EVERY == 0:
            torch.save({"done": t + 1} | {name: part.state_dict() for name, part in parts.items()}, checkpoint)


def plain_torch(folder: Path, watch: Watch) -> None:
    _loop(folder, watch, lambda optimizer: lehr.Scheduler(optimizer, COSINE), follows=False)


def plain_torch_follow(folder: Path, watch: Watch) -> None:
    _loop(folder, watch, lambda optimizer: lehr.Scheduler(optimizer, COSINE).follow(), follows=True)


WARMUP = lehr.Ramp(0.03, 0.3, 10)
JOINED = WARMUP.then(lehr.cosine(30, max_lr=0.3))


def sequential_lr(folder: Path, watch: Watch) -> None:
    """A warmup of ours and a decay of torch's."""

    def build(optimizer: torch.optim.Optimizer) -> Any:
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
        warmup = lehr.Scheduler(optimizer, WARMUP)
        return quietly(lambda: torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, decay], [10]))

    _loop(folder, watch, build, follows=False)


def lambda_lr(folder: Path, watch: Watch) -> None:
    def build(optimizer: torch.optim.Optimizer) -> Any:
        return torch.optim.lr_scheduler.LambdaLR(optimizer, integrations.as_lambda(COSINE, base_lr=0.3))

    _loop(folder, watch, build, follows=False)


def timm_loop(folder: Path, watch: Watch) -> None:
    """The loop of timm's train.py, which saves at the end of an epoch, and no scheduler."""
    model = Line()
    optimizer = sgd(model)
    lr_scheduler = integrations.for_timm(lehr.Scheduler(optimizer, COSINE))
    watch(optimizer)
    checkpoint, start_epoch = folder / "last.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["state_dict"])
        optimizer.load_state_dict(saved["optimizer"])
        start_epoch = saved["epoch"] + 1
        lr_scheduler.step_update(start_epoch * BATCHES)
    for epoch in range(start_epoch, EPOCHS):
        num_updates = epoch * BATCHES
        for batch in batches(BATCHES):
            update(model, optimizer, batch)
            num_updates += 1
            lr_scheduler.step_update(num_updates=num_updates, metric=1.0)
        state = {"epoch": epoch, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state, checkpoint)
        lr_scheduler.step(epoch + 1, 1.0)
