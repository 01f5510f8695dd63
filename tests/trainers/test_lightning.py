"""Lightning: what it saves, what a resumed run goes on with, and what its monitor logs."""

import csv
from pathlib import Path

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.trainers import Line, batches, lightning_trainer, quietly

import lehr
from lehr import Scheduler

lightning = pytest.importorskip("pytorch_lightning")

COSINE = lehr.cosine(20, 4, max_lr=1e-2)


class Model(lightning.LightningModule):
    """Trains a `Line`; the Scheduler is handed to Lightning or kept, and follows or is stepped."""

    def __init__(self, handed=True, follow=True, schedule=COSINE, momentum=0.0, **options):
        super().__init__()
        self.line = Line()
        self.handed, self.follow, self.schedule, self.momentum, self.options = (
            handed,
            follow,
            schedule,
            momentum,
            options,
        )

    def training_step(self, batch, index):
        return self.line(**batch)["loss"]

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1e-2, momentum=self.momentum)
        self.scheduler = Scheduler(optimizer, self.schedule, **self.options)
        if self.follow:
            self.scheduler.follow()
        self.rates = recorded(optimizer)
        if not self.handed:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.scheduler, "interval": "step"}}


def fit(model, path, epochs, checkpoint=None, **options):
    trainer = lightning_trainer(path, epochs, **options)
    trainer.fit(model, batches(5), ckpt_path=checkpoint, weights_only=False)
    return trainer


def saved(path, **settings):
    """A checkpoint of a run of 10 updates."""
    trainer = quietly(lambda: fit(Model(**settings), path, 2))
    trainer.save_checkpoint(path / "state.ckpt")
    return path / "state.ckpt"


pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*`isinstance.treespec")


@pytest.mark.parametrize("follow", [False, True])
def test_a_scheduler_that_is_handed_over_goes_on(tmp_path, follow):
    model = Model(follow=follow)
    fit(model, tmp_path, 4, saved(tmp_path, follow=follow))
    assert model.rates == [COSINE(t) for t in range(10, 20)]
    assert model.scheduler.position == 20


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_follower_that_is_not_handed_over_begins_anew_with_a_warning(tmp_path, momentum):
    """Lightning saves the optimizer's state, and nobody the Scheduler's."""
    checkpoint = saved(tmp_path, handed=False, momentum=momentum)
    model = Model(handed=False, momentum=momentum)
    with pytest.warns(UserWarning, match="the optimizer's state was loaded, and this Scheduler's was not: the schedule "
                      r"begins at step 0\. Save and load the Scheduler's state too") as seen:  # fmt: skip
        fit(model, tmp_path, 4, checkpoint)
    assert len([one for one in seen if "Scheduler's was not" in str(one.message)]) == 1
    assert model.rates == [COSINE(t) for t in range(10)]


def test_a_follower_that_is_not_handed_over_is_saved_by_the_module(tmp_path):
    class Saving(Model):
        def on_save_checkpoint(self, checkpoint):
            checkpoint["lehr"] = self.scheduler.state_dict()

        def on_load_checkpoint(self, checkpoint):
            self.loaded = checkpoint["lehr"]

        def on_fit_start(self):
            if hasattr(self, "loaded"):
                self.scheduler.load_state_dict(self.loaded)

    trainer = quietly(lambda: fit(Saving(handed=False), tmp_path, 2))
    trainer.save_checkpoint(tmp_path / "state.ckpt")
    model = Saving(handed=False)
    fit(model, tmp_path, 4, tmp_path / "state.ckpt")
    assert model.rates == [COSINE(t) for t in range(10, 20)]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize(("keep", "after"), [("code", lehr.cosine(30, 4, max_lr=1e-2)), ("checkpoint", COSINE)])
def test_a_run_goes_on_with_another_length(tmp_path, keep, after, follow):
    checkpoint = saved(tmp_path, follow=follow)
    longer = lehr.cosine(30, 4, max_lr=1e-2)
    refused = Model(follow=follow, schedule=longer)
    with pytest.raises(ValueError, match=r"training_steps: checkpoint 20, code 30.*\n.*Scheduler\(\.\.\., keep="):
        fit(refused, tmp_path, 4, checkpoint)
    refused.scheduler.detach()
    model = Model(follow=follow, schedule=longer, keep=keep)
    fit(model, tmp_path, 4, checkpoint)
    assert model.rates == [after(t) for t in range(10, 20)]


@pytest.mark.parametrize(("handed", "follow"), [(True, False), (True, True), (False, True)])
def test_the_monitor_logs_the_rates_that_are_used(tmp_path, follow, handed):
    """It reads the param groups when a batch begins, where they hold the rate of the update that comes."""
    model = Model(handed, follow)
    logger = lightning.loggers.CSVLogger(str(tmp_path))
    monitor = lightning.callbacks.LearningRateMonitor(logging_interval="step")
    fit(model, tmp_path, 2, logger=logger, callbacks=[monitor], log_every_n_steps=1)
    with (Path(logger.log_dir) / "metrics.csv").open() as file:
        rows = [float(row["lr-SGD"]) for row in csv.DictReader(file) if row.get("lr-SGD")]
    assert rows == model.rates == [COSINE(t) for t in range(10)]
