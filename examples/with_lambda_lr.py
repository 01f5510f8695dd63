"""A lehr schedule as the factor of torch's LambdaLR, for code that builds one: train, stop, resume, check each rate.

python -m examples.with_lambda_lr
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import lehr

from .bigrams import BATCHES, UPDATES, Bigrams, check, loader, update, watched

PEAK = 0.05
SCHEDULE = lehr.cosine(UPDATES, "5%", max_lr=PEAK)


def train(checkpoint: Path, until: int) -> list[float]:
    """Train up to an update, from the checkpoint if there is one."""
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lehr.integrations.as_lambda(SCHEDULE, base_lr=PEAK))
    used = watched(optimizer)
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    if checkpoint.exists():
        for name, state in torch.load(checkpoint, weights_only=True).items():
            parts[name].load_state_dict(state)
    batches = list(loader())
    for t in range(scheduler.last_epoch, until):
        update(model, optimizer, batches[t % BATCHES])
        scheduler.step()
    torch.save({name: part.state_dict() for name, part in parts.items()}, checkpoint)
    return used


def main() -> None:
    with TemporaryDirectory() as folder:
        before = train(Path(folder) / "checkpoint.pt", 20)
        after = train(Path(folder) / "checkpoint.pt", UPDATES)
    check(SCHEDULE, before, after, tolerance=1e-15)


if __name__ == "__main__":
    main()
