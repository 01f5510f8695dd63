"""ignite under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_ignite
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from ignite.engine import Engine, Events
from ignite.handlers import Checkpoint, DiskSaver

import lehr

from .bigrams import EPOCHS, UPDATES, Bigrams, check, loader, update, watched


def train(folder: Path, stop_after: int | None) -> tuple[list[float], lehr.Scheduler]:
    """Train, from the last checkpoint if the run is the second."""
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, "cosine", UPDATES, "5%", max_lr=0.05).follow()
    used = watched(optimizer)

    def step(engine: Engine, batch: Any) -> float:
        return update(model, optimizer, batch)

    engine = Engine(step)
    parts = {"engine": engine, "model": model, "optimizer": optimizer, "scheduler": scheduler}
    if stop_after is None:
        Checkpoint.load_objects(parts, torch.load(folder / "checkpoint.pt", weights_only=True))
    else:
        save = Checkpoint(parts, DiskSaver(str(folder), require_empty=False), filename_pattern="checkpoint.pt")
        engine.add_event_handler(Events.EPOCH_COMPLETED, save)
        engine.add_event_handler(Events.ITERATION_COMPLETED(once=stop_after), engine.terminate)
    engine.run(loader(), max_epochs=EPOCHS)
    return used, scheduler


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(Path(folder), 20)
        after, scheduler = train(Path(folder), None)
    check(scheduler.schedule, before[:16], after)  # the last checkpoint was written at the end of an epoch


if __name__ == "__main__":
    main()
