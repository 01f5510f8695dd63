"""`for_lightning` in Lightning: every used rate, the logged ones, resumes, and a schedule that is not used."""

import csv
import warnings
from pathlib import Path

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.trainers import CHECKED, Line, batches, lightning_trainer, printed_by_example, quietly

import lehr
from lehr.integrations import for_lightning, lightning_config, lightning_report

lightning = pytest.importorskip("pytorch_lightning")

EPOCHS, BATCHES = 4, 10
STEPS = EPOCHS * BATCHES
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = [COSINE(t) for t in range(STEPS)]


class Module(lightning.LightningModule):
    """What a user writes; `configure` is the line that is lehr's."""

    def __init__(self, configure):
        super().__init__()
        self.line, self.configure = Line(), configure

    def training_step(self, batch, index):
        return self.line(**batch)["loss"]

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        found = self.configure(optimizer, self.trainer)
        self.rates = recorded(optimizer)
        return found


def fit(path, configure, epochs=EPOCHS, checkpoint=None, n=BATCHES, **options):
    """Train a new module in a new trainer, from a checkpoint or from the start."""
    module = Module(configure)
    trainer = lightning_trainer(path, epochs, **options)
    quietly(lambda: trainer.fit(module, batches(n), ckpt_path=checkpoint))
    return module, trainer


def cosine(optimizer, trainer):
    return for_lightning(optimizer, "cosine", warmup_steps="10%", max_lr=0.3, trainer=trainer)


def test_the_length_comes_from_the_trainer(tmp_path):
    module, trainer = fit(tmp_path, cosine)
    assert module.rates == RATES
    assert trainer.lr_scheduler_configs[0].scheduler.report().endswith("40 of 40 steps (100 %) used")


def test_with_accumulated_gradients(tmp_path):
    module, _ = fit(tmp_path, cosine, n=4 * BATCHES, accumulate_grad_batches=4)
    assert module.rates == RATES


def test_with_a_limit_of_steps(tmp_path):
    module, _ = fit(tmp_path, cosine, -1, max_steps=STEPS)
    assert module.rates == RATES


@pytest.mark.parametrize("stop", [13, 20])
def test_interrupted_and_resumed(tmp_path, stop):
    """Within an epoch, and at the end of one."""

    class Killed(lightning.Callback):
        def on_train_batch_end(self, trainer, pl_module, *_):
            if trainer.global_step == stop:
                trainer.save_checkpoint(tmp_path / "saved.ckpt")
                raise KeyboardInterrupt

    module = Module(cosine)
    trainer = lightning_trainer(tmp_path, EPOCHS, callbacks=[Killed()])
    with pytest.raises(SystemExit):
        quietly(lambda: trainer.fit(module, batches(BATCHES)))
    assert module.rates == RATES[:stop]
    resumed, _ = fit(tmp_path, cosine, checkpoint=tmp_path / "saved.ckpt")
    assert resumed.rates == RATES[stop:]


def test_by_epochs(tmp_path):
    def by_epochs(optimizer, trainer):
        return for_lightning(optimizer, "linear", max_lr=1.0, trainer=trainer, interval="epoch")

    module, trainer = fit(tmp_path, by_epochs)
    assert module.rates == [rate for rate in (1.0, 0.75, 0.5, 0.25) for _ in range(BATCHES)]
    trainer.save_checkpoint(tmp_path / "saved.ckpt")

    def longer(optimizer, trainer):
        return for_lightning(optimizer, "linear", max_lr=1.0, trainer=trainer, interval="epoch", keep="code")

    module, _ = fit(tmp_path, longer, 6, tmp_path / "saved.ckpt")
    assert module.rates == pytest.approx([rate for rate in (2 / 6, 1 / 6) for _ in range(BATCHES)])


def test_another_length_is_refused_or_kept(tmp_path):
    _, trainer = fit(tmp_path, cosine, limit_train_batches=5)
    trainer.save_checkpoint(tmp_path / "saved.ckpt")
    with pytest.raises(ValueError, match=r"(?s)checkpoint 20, code 50\n.* with for_lightning\(\.\.\., keep="):
        fit(tmp_path, cosine, 5, tmp_path / "saved.ckpt")

    def keep(optimizer, trainer):
        return for_lightning(optimizer, "cosine", warmup_steps="10%", max_lr=0.3, trainer=trainer, keep="code")

    module, _ = fit(tmp_path, keep, 5, tmp_path / "saved.ckpt")
    longer = lehr.cosine(50, "10%", max_lr=0.3)
    assert module.rates == [longer(t) for t in range(20, 30)]  # Lightning goes on with epoch 5


def twice_the_half(steps):
    return lehr.cosine(steps, "10%", max_lr=0.6) * 0.5


@pytest.mark.parametrize("schedule", [COSINE, twice_the_half, {"lr": COSINE}], ids=["value", "function", "mapping"])
def test_other_forms_of_a_schedule(tmp_path, schedule):
    module, _ = fit(tmp_path, lambda optimizer, trainer: for_lightning(optimizer, schedule, trainer=trainer))
    assert module.rates == pytest.approx(RATES, rel=1e-15)


def test_plateau_in_a_hook_of_the_module(tmp_path):
    """Its counters are in Lightning's checkpoint."""

    def plateau(scheduler):
        lehr.Plateau(scheduler, factor=0.5, patience=1)

    class Watched(Module):
        def on_train_epoch_end(self):
            self.lr_schedulers().step(metric=1.0)  # it never improves

    def constant(optimizer, trainer):
        return for_lightning(optimizer, "constant", trainer=trainer, on_build=plateau)

    def run(epochs, checkpoint=None):
        module, trainer = Watched(constant), lightning_trainer(tmp_path, epochs)
        quietly(lambda: trainer.fit(module, batches(BATCHES), ckpt_path=checkpoint))
        trainer.save_checkpoint(tmp_path / "saved.ckpt")
        return module.rates

    assert run(2) + run(4, tmp_path / "saved.ckpt") == [1.0] * 30 + [0.5] * 10


def test_its_own_monitor_logs_what_is_used(tmp_path):
    logger = lightning.loggers.CSVLogger(tmp_path)
    monitor = lightning.callbacks.LearningRateMonitor("step")
    fit(tmp_path, cosine, logger=logger, callbacks=[monitor], log_every_n_steps=1)
    with (Path(logger.log_dir) / "metrics.csv").open() as file:
        logged = {int(row["step"]): float(row["lr-SGD"]) for row in csv.DictReader(file)}
    assert logged == dict(enumerate(RATES))


def test_the_report_at_the_end(tmp_path, capsys):
    fit(tmp_path, cosine, callbacks=[lightning_report()])
    assert capsys.readouterr().out.strip().endswith("40 of 40 steps (100 %) used")


def warnings_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


def test_a_schedule_that_is_cut_off_is_reported(tmp_path):
    """At the start, where the lengths are compared, and at the end."""
    module = Module(lambda optimizer, trainer: for_lightning(optimizer, lehr.linear(400, max_lr=1.0), trainer=trainer))
    trainer = lightning_trainer(tmp_path, EPOCHS, callbacks=[lightning_report()])
    messages = warnings_of(lambda: trainer.fit(module, batches(BATCHES)))
    assert any("the schedule has 400 steps and the trainer makes 40: its end is not reached" in m for m in messages)
    assert any("40 of 400 steps (10 %) used: the schedule ends at 0.9 and not at 0" in m for m in messages)


def test_a_scheduler_that_nobody_saves_is_named(tmp_path):
    kept = []

    def unreturned(optimizer, trainer):
        kept.append(lehr.Scheduler(optimizer, COSINE).follow())
        return optimizer

    trainer = lightning_trainer(tmp_path, EPOCHS, callbacks=[lightning_report()])
    messages = warnings_of(lambda: trainer.fit(Module(unreturned), batches(BATCHES)))
    assert any("was not returned by configure_optimizers, so no checkpoint holds it" in m for m in messages)


def test_lightning_moves_once_an_epoch_if_nothing_is_said(tmp_path):
    """Which is why `lightning_config` is there."""
    bare, _ = fit(tmp_path, lambda optimizer, trainer: ([optimizer], [lehr.Scheduler(optimizer, COSINE)]))
    assert bare.rates == [RATES[t] for t in range(EPOCHS) for _ in range(BATCHES)]
    config, _ = fit(tmp_path, lambda o, trainer: ([o], [lightning_config(lehr.Scheduler(o, COSINE))]))
    assert config.rates == RATES


def test_refusals_say_why(tmp_path):
    for message, settings in {
        r"unknown interval 'steps'; did you mean 'step'\? Available: step, epoch": {"interval": "steps"},
        "did you mean 'cosine'": {"schedule": "cosin"},
    }.items():
        with pytest.raises(ValueError, match=message):
            fit(tmp_path, lambda o, t, s=settings: for_lightning(o, **{"schedule": "cosine", "trainer": t, **s}))
    with pytest.raises(ValueError, match=r"the trainer does not know how many steps it trains \(it says inf\)"):
        fit(tmp_path, cosine, -1)


def test_the_example():
    assert CHECKED in printed_by_example("with_lightning")
