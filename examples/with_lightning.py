"""PyTorch Lightning under a lehr schedule: train, stop, build everything anew, resume, and check each rate.

python -m examples.with_lightning
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytorch_lightning
import torch

import lehr

from .bigrams import EPOCHS, Bigrams, check, loader, watched


class Module(pytorch_lightning.LightningModule):
    """A Lightning module as usual; the last line of `configure_optimizers` is lehr's."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Bigrams()

    def training_step(self, batch: Any, index: int) -> Any:
        return self.model(*batch)["loss"]

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters())
        self.used = watched(optimizer)
        return lehr.integrations.for_lightning(
            optimizer, "cosine", warmup_steps="5%", max_lr=0.05, trainer=self.trainer
        )


class Stop(pytorch_lightning.Callback):
    """Ends the training after a step, as a time limit would."""

    def __init__(self, after: int, checkpoint: Path) -> None:
        self.after, self.checkpoint = after, checkpoint

    def on_train_batch_end(self, trainer: Any, *_: Any, **__: Any) -> None:
        if trainer.global_step == self.after:
            trainer.save_checkpoint(self.checkpoint)
            trainer.should_stop = True


def train(folder: Path, stop_after: int | None) -> tuple[list[float], Any]:
    """Train, from the checkpoint if the run is the second."""
    checkpoint = folder / "stopped.ckpt"
    callbacks: list[pytorch_lightning.Callback] = [] if stop_after is None else [Stop(stop_after, checkpoint)]
    trainer = pytorch_lightning.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", default_root_dir=folder, logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, callbacks=callbacks,
    )  # fmt: skip
    module = Module()
    trainer.fit(module, loader(), ckpt_path=checkpoint if stop_after is None else None, weights_only=True)
    return module.used, trainer.lr_scheduler_configs[0].scheduler


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(Path(folder), 16)
        after, scheduler = train(Path(folder), None)
    check(scheduler.schedule, before, after)


if __name__ == "__main__":
    main()
