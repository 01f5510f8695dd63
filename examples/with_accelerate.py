"""accelerate under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_accelerate
torchrun --nproc_per_node 2 -m examples.with_accelerate
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import accelerate
import torch
from accelerate.utils import broadcast_object_list

import lehr

from .bigrams import EPOCHS, Bigrams, check, loader, watched


def train(folder: Path, stop_after: int | None) -> tuple[list[float], lehr.Scheduler]:
    """Train, from the saved state if there is one."""
    accelerator = accelerate.Accelerator(cpu=True)
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    batches = accelerator.prepare(loader())
    updates = EPOCHS * len(batches)
    scheduler = lehr.Scheduler(optimizer, "cosine", updates, "5%", max_lr=0.05).follow()
    used = watched(optimizer)
    model, prepared, _ = accelerator.prepare(model, optimizer, scheduler)
    if stop_after is None:
        accelerator.load_state(str(folder))
    done = scheduler.updates
    for _ in range(done // len(batches), EPOCHS):
        rest = batches if done % len(batches) == 0 else accelerator.skip_first_batches(batches, done % len(batches))
        for inputs, labels in rest:
            accelerator.backward(model(inputs, labels)["loss"])
            prepared.step()
            prepared.zero_grad()
            done += 1
            if done == stop_after:
                accelerator.save_state(str(folder))
                return used, scheduler
    return used, scheduler


def main() -> None:
    with TemporaryDirectory() as made:
        [folder] = broadcast_object_list([made])  # that of the first process, for all
        before, _ = train(Path(folder), 11)
        after, scheduler = train(Path(folder), None)
        accelerate.PartialState().wait_for_everyone()
    check(scheduler.schedule, before, after)


if __name__ == "__main__":
    main()
