"""A plain torch loop under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_torch
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import lehr

from .bigrams import BATCHES, UPDATES, Bigrams, check, loader, update, watched


def train(checkpoint: Path, until: int) -> tuple[list[float], lehr.Scheduler]:
    """Train up to an update, from the checkpoint if there is one."""
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, "cosine", UPDATES, "5%", max_lr=0.05).follow()
    used = watched(optimizer)
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    if checkpoint.exists():
        for name, state in torch.load(checkpoint, weights_only=True).items():
            parts[name].load_state_dict(state)
    batches = list(loader())
    for t in range(scheduler.updates, until):
        update(model, optimizer, batches[t % BATCHES])
    torch.save({name: part.state_dict() for name, part in parts.items()}, checkpoint)
    return used, scheduler


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(Path(folder) / "checkpoint.pt", 20)
        after, scheduler = train(Path(folder) / "checkpoint.pt", UPDATES)
    check(scheduler.schedule, before, after)


if __name__ == "__main__":
    main()
