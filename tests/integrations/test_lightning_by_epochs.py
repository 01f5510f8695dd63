"""`for_lightning(interval="epoch")`: each update has the rate of its epoch, and so has each after a resume."""

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.trainers import Rows, batches, lightning_trainer, line_module, quietly

import lehr
from lehr.integrations import for_lightning

lightning = pytest.importorskip("pytorch_lightning")

BATCHES = 10


class Unsized(torch.utils.data.IterableDataset):
    """Ten samples whose number nobody knows before."""

    def __iter__(self):
        return iter([Rows(BATCHES)[index] for index in range(BATCHES)])


class Module(line_module()):
    """Keeps the rates of its updates, and saves a checkpoint after so many."""

    def __init__(self, save_at=None, schedule="linear", **settings):
        super().__init__()
        self.save_at, self.schedule, self.settings = save_at, schedule, {"max_lr": 1.0, **settings}

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        found = for_lightning(optimizer, self.schedule, trainer=self.trainer, interval="epoch", **self.settings)
        self.scheduler, self.rates = found["lr_scheduler"]["scheduler"], recorded(optimizer)
        return found

    def on_train_batch_end(self, *_):
        if self.save_at is not None and self.trainer.global_step == self.save_at:
            self.trainer.save_checkpoint(f"{self.trainer.default_root_dir}/saved.ckpt")


def fit(module, path, epochs=4, data=None, checkpoint=None, **options):
    trainer = lightning_trainer(path, epochs, **options)
    loader = batches(BATCHES) if data is None else torch.utils.data.DataLoader(data, batch_size=1)
    quietly(lambda: trainer.fit(module, loader, ckpt_path=checkpoint, weights_only=True))
    return module


RUNS = {
    "plain": ({}, 4, 10),
    "accumulated, with a rest": ({"accumulate_grad_batches": 4}, 4, 3),
    "a part of each epoch": ({"limit_train_batches": 5}, 4, 5),
    "fewer steps than epochs": ({"max_steps": 25, "epochs": 100}, 3, 10),
    "fewer steps, accumulated": ({"max_steps": 8, "epochs": 100, "accumulate_grad_batches": 4}, 3, 3),
    "more steps than epochs": ({"max_steps": 1_000}, 4, 10),
}
"""What the trainer is told, the epochs that it makes, and the updates in each."""


@pytest.mark.parametrize("at", ["start", "middle", "end"])
@pytest.mark.parametrize(("options", "epochs", "updates"), RUNS.values(), ids=RUNS)
def test_each_update_has_the_rate_of_its_epoch_also_after_a_resume(tmp_path, options, epochs, updates, at):
    """The checkpoint is written after the first, a middle or the last update of the second epoch."""
    stop = updates + {"start": 1, "middle": updates // 2 + 1, "end": updates}[at]
    expected = [1 - t // updates / epochs for t in range(min(epochs * updates, options.get("max_steps", 1_000)))]
    whole = fit(Module(save_at=stop), tmp_path, **options)
    assert whole.rates == expected
    saved = torch.load(tmp_path / "saved.ckpt", weights_only=True)["lr_schedulers"][0]
    assert saved["position"] == stop // updates
    resumed = fit(Module(), tmp_path, checkpoint=tmp_path / "saved.ckpt", **options)
    assert resumed.rates == expected[stop:]


def test_epochs_of_an_unknown_length(tmp_path):
    """After a resume Lightning reads such data from their start, so that the second epoch has more updates."""
    assert fit(Module(save_at=15), tmp_path, data=Unsized()).rates == [1 - t // 10 / 4 for t in range(40)]
    resumed = fit(Module(), tmp_path, data=Unsized(), checkpoint=tmp_path / "saved.ckpt")
    assert resumed.rates == [1 - t // 10 / 4 for t in range(10, 40)]


def test_a_warmup_of_epochs(tmp_path):
    module = fit(Module(warmup_steps=2), tmp_path)
    assert module.rates == [rate for rate in (0.5, 0.5, 1.0, 0.5) for _ in range(BATCHES)]


def test_a_change_within_an_epoch_holds_from_the_next_update_on(tmp_path):
    class Changed(Module):
        def on_train_batch_end(self, *_):
            if self.trainer.global_step == 15:
                self.scheduler.scale(0.5)
            super().on_train_batch_end()

    module = fit(Changed(save_at=17), tmp_path)
    expected = [1.0] * 10 + [0.75] * 5 + [0.375] * 5 + [0.25] * 10 + [0.125] * 10
    assert module.rates == expected
    assert fit(Module(keep="checkpoint"), tmp_path, checkpoint=tmp_path / "saved.ckpt").rates == expected[17:]


def test_a_metric_within_an_epoch_does_not_end_it(tmp_path):
    """Validation twice an epoch, and once before the first."""

    class Validated(Module):
        def validation_step(self, batch, index):
            pass

        def on_validation_epoch_end(self):
            self.scheduler.step(self.scheduler.position, metric=1.0)  # it never improves

    plateau = {"schedule": "constant", "on_build": lambda scheduler: lehr.Plateau(scheduler, factor=0.5, patience=3)}
    module = Validated(**plateau)
    trainer = lightning_trainer(tmp_path, 4, val_check_interval=0.5)
    quietly(lambda: trainer.fit(module, batches(BATCHES), batches(1)))
    assert module.rates == [1.0] * 20 + [0.5] * 20
    assert module.scheduler.position == 4


def test_epochs_that_nobody_knows_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"know how many epochs it trains \(it says -1\): limit its epochs, or"):
        fit(Module(), tmp_path, epochs=None, max_steps=25)
    module = fit(Module(training_steps=3), tmp_path, epochs=None, max_steps=25)
    assert module.rates == [1 - t // 10 / 3 for t in range(25)]


class Adversaries(Module):
    """Two optimizers, the first with three updates a batch, under manual optimization."""

    automatic_optimization = False

    def configure_optimizers(self):
        found = [Module.configure_optimizers(self)]
        self.kept = [(self.scheduler, self.rates)]
        found.append(Module.configure_optimizers(self))
        self.kept.append((self.scheduler, self.rates))
        return found

    def training_step(self, batch, index):
        for scheduler in self.lr_schedulers():
            scheduler.step(self.current_epoch)
        first, second = self.optimizers()
        for optimizer in (first, first, first, second):
            optimizer.zero_grad()
            self.manual_backward(self.line(**batch)["loss"])
            optimizer.step()


@pytest.mark.parametrize("stop", [11, 15, 20])
def test_two_optimizers_under_manual_optimization(tmp_path, stop):
    def rates(module):
        return [rates for _, rates in module.kept]

    expected = [[1 - t // 10 / 4 for t in range(40) for _ in range(times)] for times in (3, 1)]
    assert rates(fit(Adversaries(save_at=4 * stop), tmp_path)) == expected
    resumed = fit(Adversaries(), tmp_path, checkpoint=tmp_path / "saved.ckpt")
    assert rates(resumed) == [expected[0][3 * stop :], expected[1][stop:]]
