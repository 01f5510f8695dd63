"""Programs for PyTorch Lightning, which saves within an epoch and at the end of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from catalogue.trainers import batches, lightning_trainer, line_module
from loops import BATCHES, EPOCHS, SAVE_EVERY, SETTINGS, Watch, sgd

import lehr
from lehr import integrations

EPOCHWISE = lehr.cosine(EPOCHS, max_lr=0.3)


def _lightning(folder: Path, watch: Watch, save_every: int, **settings: Any) -> None:
    class Module(line_module()):
        def configure_optimizers(self) -> Any:
            optimizer = sgd(self)
            watch(optimizer)
            return integrations.for_lightning(optimizer, "cosine", trainer=self.trainer, **settings)

    _fit(Module(), folder, save_every)


def _fit(module: Any, folder: Path, save_every: int) -> None:
    import pytorch_lightning

    saves = pytorch_lightning.callbacks.ModelCheckpoint(folder, every_n_train_steps=save_every, filename="{step}")
    trainer = lightning_trainer(folder, EPOCHS, callbacks=[saves], enable_checkpointing=True)
    last = next(folder.glob("*.ckpt"), None)
    trainer.fit(module, batches(BATCHES), ckpt_path=last, weights_only=True)


def steps(folder: Path, watch: Watch) -> None:
    _lightning(folder, watch, SAVE_EVERY, **SETTINGS)


def epochs(folder: Path, watch: Watch, save_every: int = BATCHES) -> None:
    _lightning(folder, watch, save_every, interval="epoch", max_lr=0.3)


def epochs_saved_within(folder: Path, watch: Watch) -> None:
    epochs(folder, watch, SAVE_EVERY)


def gan_epochs(folder: Path, watch: Watch) -> None:
    """Two optimizers under manual optimization, in which the user steps the schedulers."""

    class Module(line_module()):
        automatic_optimization = False

        def configure_optimizers(self) -> Any:
            optimizers = [sgd(self), torch.optim.SGD(self.parameters(), lr=0.3)]
            watch(optimizers[0])
            settings: Any = {"trainer": self.trainer, "interval": "epoch", "max_lr": 0.3}
            return [integrations.for_lightning(optimizer, "cosine", **settings) for optimizer in optimizers]

        def training_step(self, batch: Any, index: int) -> None:
            for scheduler, optimizer in zip(self.lr_schedulers(), self.optimizers(), strict=True):
                scheduler.step(self.current_epoch)
                optimizer.zero_grad()
                self.manual_backward(self.line(**batch)["loss"])
                optimizer.step()

    _fit(Module(), folder, 2 * SAVE_EVERY)  # Lightning counts the updates of both
