"""The used rates in TensorBoard, logged by one line: train, stop, resume, and check what the log holds.

python -m examples.with_tensorboard
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

import lehr

from .bigrams import BATCHES, UPDATES, Bigrams, check, loader, update


def train(folder: Path, until: int) -> lehr.Scheduler:
    """Train up to an update, from the checkpoint if there is one."""
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = lehr.Scheduler(optimizer, "cosine", UPDATES, "5%", max_lr=0.05).follow()
    parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    if (folder / "checkpoint.pt").exists():
        for name, state in torch.load(folder / "checkpoint.pt", weights_only=True).items():
            parts[name].load_state_dict(state)
    # After a kill, purge_step drops what was logged after the checkpoint, for it is logged again.
    writer = SummaryWriter(str(folder / "log"), purge_step=scheduler.updates)
    lehr.integrations.log_rates(scheduler, writer)
    batches = list(loader())
    for t in range(scheduler.updates, until):
        update(model, optimizer, batches[t % BATCHES])
    torch.save({name: part.state_dict() for name, part in parts.items()}, folder / "checkpoint.pt")
    writer.close()
    return scheduler


def main() -> None:
    with TemporaryDirectory() as folder:
        train(Path(folder), 20)
        scheduler = train(Path(folder), UPDATES)
        log = EventAccumulator(str(Path(folder) / "log"))
        log.Reload()
        points = log.Scalars("lr")
    if [point.step for point in points] != list(range(UPDATES)):
        raise SystemExit("the log does not have one point for each update")
    logged = [point.value for point in points]
    check(scheduler.schedule, logged[:20], logged[20:], tolerance=1e-6)  # TensorBoard holds float32


if __name__ == "__main__":
    main()
