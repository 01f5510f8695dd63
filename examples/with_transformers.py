"""transformers' Trainer under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_transformers
"""

from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers

import lehr

from .bigrams import BATCH, EPOCHS, Bigrams, check, pairs, watched


class Stop(transformers.TrainerCallback):
    """Ends the training after a step, as a time limit would."""

    def __init__(self, after: int | None) -> None:
        self.after = after

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.after:
            raise KeyboardInterrupt


def train(folder: str, stop_after: int | None) -> tuple[list[float], Any]:
    """Train, from the last checkpoint if there is one."""
    arguments = transformers.TrainingArguments(
        output_dir=folder, per_device_train_batch_size=BATCH, num_train_epochs=EPOCHS, save_steps=10,
        report_to=[], disable_tqdm=True, use_cpu=True, logging_strategy="no",
    )  # fmt: skip
    model = Bigrams()
    optimizer = torch.optim.AdamW(model.parameters())
    rows = [{"inputs": byte, "labels": following} for byte, following in zip(*pairs().tensors, strict=True)]
    trainer = transformers.Trainer(
        model, arguments, train_dataset=rows, optimizers=(optimizer, None), callbacks=[Stop(stop_after)]
    )
    trainer = lehr.integrations.for_transformers(trainer, "wsd", warmup_steps="5%", max_lr=0.05)
    return rates_of(trainer, optimizer, stop_after), trainer


def rates_of(trainer: Any, optimizer: torch.optim.Optimizer, stop_after: int | None) -> list[float]:
    """Let a Trainer train, the second run from the last checkpoint, and return the rates of its updates."""
    used = watched(optimizer)
    with suppress(KeyboardInterrupt):
        trainer.train(resume_from_checkpoint=stop_after is None)
    return used


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(folder, 23)
        after, trainer = train(folder, None)
    check(trainer.lr_scheduler.schedule, before[:20], after)  # the last checkpoint was written after 20 updates


if __name__ == "__main__":
    main()
