"""The loop of timm's train.py under a lehr schedule: train, stop, resume, and check each rate.

python -m examples.with_timm
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import lehr

from .bigrams import EPOCHS, UPDATES, Bigrams, check, loader, update, watched


def train(checkpoint: Path, start_epoch: int, stop: int) -> tuple[list[float], lehr.Scheduler]:
    """The epochs of a run, as timm's train.py writes them."""
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, "cosine", UPDATES, "5%", max_lr=0.05)
    lr_scheduler = lehr.integrations.for_timm(scheduler)
    used = watched(optimizer)
    batches = loader()
    if start_epoch:  # timm saves no scheduler, and goes on by the number of the epoch
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        lr_scheduler.step_update(start_epoch * len(batches))
    for epoch in range(start_epoch, stop):
        num_updates = epoch * len(batches)
        for batch in batches:
            loss = update(model, optimizer, batch)
            num_updates += 1
            lr_scheduler.step_update(num_updates=num_updates, metric=loss)
        lr_scheduler.step(epoch + 1, loss)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, checkpoint)
    return used, scheduler


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(Path(folder) / "last.pt", 0, 1)
        after, scheduler = train(Path(folder) / "last.pt", 1, EPOCHS)
    check(scheduler.schedule, before, after)


if __name__ == "__main__":
    main()
