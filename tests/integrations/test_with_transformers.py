"""`for_transformers` in the Trainer of transformers: every used rate, the logged ones, resumes, and Plateau."""

import copy
import pickle

import pytest
import torch
from catalogue.optimizers import recorded, sgd
from catalogue.trainers import CHECKED, Line, Rows, printed_by_example, quietly

import lehr
from lehr.integrations import as_lambda, for_transformers, log_rates
from lehr.scheduler import control_file

transformers = pytest.importorskip("transformers")

EPOCHS, BATCHES = 4, 10
STEPS = EPOCHS * BATCHES
WSD = lehr.wsd(STEPS, "10%", max_lr=0.3)
RATES = [WSD(t) for t in range(STEPS)]


class Recorded(transformers.TrainerCallback):
    """Keeps the rate of each update, and stops the process after one of them."""

    def __init__(self, kill_after=None):
        self.rates, self.kill_after = [], kill_after

    def on_train_begin(self, args, state, control, optimizer, **_):
        self.rates = recorded(getattr(optimizer, "optimizer", optimizer))

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.kill_after:
            raise KeyboardInterrupt


def trainer_of(path, kill_after=None, **options):
    """A Trainer with `Recorded` for its last callback."""
    settings = {
        "output_dir": str(path), "per_device_train_batch_size": 1, "num_train_epochs": EPOCHS, "use_cpu": True,
        "report_to": [], "disable_tqdm": True, "save_strategy": "no", "learning_rate": 0.3, "optim": "sgd",
        "logging_steps": 1,
    }  # fmt: skip
    arguments = transformers.TrainingArguments(**settings | options.pop("arguments", {}))
    rows = Rows(options.pop("samples", BATCHES))
    model, watch = Line(), Recorded(kill_after)
    trainer = transformers.Trainer(
        model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[watch], **options
    )
    return trainer, watch


def wsd(trainer, **settings):
    return for_transformers(trainer, "wsd", **{"warmup_steps": "10%", **settings})


def logged(trainer):
    return {row["step"]: row["learning_rate"] for row in trainer.state.log_history if "learning_rate" in row}


def test_the_length_and_the_peak_come_from_the_trainer(tmp_path):
    trainer, watch = trainer_of(tmp_path)
    assert wsd(trainer) is trainer
    quietly(trainer.train)
    assert watch.rates == RATES
    assert logged(trainer) == {t + 1: RATES[t] for t in range(STEPS)}  # it counts updates that are done
    assert trainer.lr_scheduler.report().endswith("40 of 40 steps (100 %) used")


@pytest.mark.parametrize("arguments", [{"gradient_accumulation_steps": 4}, {"max_steps": STEPS}], ids=str)
def test_what_is_really_trained(tmp_path, arguments):
    trainer, watch = trainer_of(tmp_path, samples=4 * BATCHES, arguments=arguments)
    quietly(wsd(trainer).train)
    assert watch.rates == RATES


@pytest.mark.parametrize("kill_after", [17, 20])
def test_interrupted_and_resumed(tmp_path, kill_after):
    """It goes on at the last checkpoint, within an epoch or at the end of one."""
    saving = {"save_strategy": "steps", "save_steps": 5, "save_total_limit": 1}
    trainer, before = trainer_of(tmp_path, kill_after, arguments=saving)
    with pytest.raises(KeyboardInterrupt):
        quietly(wsd(trainer).train)
    at = 15  # at the end of step 20, the checkpoint of that step has not been written yet
    trainer, after = trainer_of(tmp_path, arguments=saving)
    quietly(lambda: wsd(trainer).train(resume_from_checkpoint=True))
    assert before.rates == RATES[:kill_after]
    assert after.rates == RATES[at:]


def checkpoint_of(path, **options):
    trainer, _ = trainer_of(path, arguments={"save_strategy": "epoch", **options})
    quietly(wsd(trainer).train)
    return path / f"checkpoint-{STEPS // 2}"


def test_with_another_length(tmp_path):
    saved = checkpoint_of(tmp_path)
    arguments = {"num_train_epochs": 2 * EPOCHS}
    trainer, _ = trainer_of(tmp_path, arguments=arguments)
    with pytest.raises(ValueError, match=r"(?s)checkpoint 40, code 80\n.* with for_transformers\(\.\.\., keep="):
        quietly(lambda: wsd(trainer).train(resume_from_checkpoint=saved))
    trainer, watch = trainer_of(tmp_path, arguments=arguments)
    quietly(lambda: wsd(trainer, keep="code").train(resume_from_checkpoint=saved))
    longer = lehr.wsd(2 * STEPS, "10%", max_lr=0.3)
    assert watch.rates == [longer(t) for t in range(STEPS // 2, 2 * STEPS)]


def test_train_may_be_called_again(tmp_path):
    trainer, watch = trainer_of(tmp_path)
    wsd(trainer)
    for _ in range(2):
        quietly(trainer.train)
        assert watch.rates[-STEPS:] == RATES


def test_the_peak_is_read_when_training_begins(tmp_path):
    """A search over hyperparameters sets it before each run."""
    trainer, watch = trainer_of(tmp_path)
    wsd(trainer)
    trainer.args.learning_rate = 0.6
    quietly(trainer.train)
    assert watch.rates == pytest.approx([2 * rate for rate in RATES], rel=1e-15)


def test_with_an_optimizer_of_the_users_own(tmp_path):
    model = Line()
    optimizer = torch.optim.SGD([{"params": [model.line.weight]}, {"params": [model.line.bias], "lr": 0.6}], lr=0.3)
    trainer, watch = trainer_of(tmp_path, optimizers=(optimizer, None))
    wsd(trainer, group_scale="ratio")
    quietly(trainer.train)
    assert watch.rates == RATES
    assert trainer.lr_scheduler.last_used_lrs == [RATES[-1], 2 * RATES[-1]]


def twice_the_half(steps):
    return lehr.wsd(steps, "10%", max_lr=0.6) * 0.5


@pytest.mark.parametrize("schedule", [WSD, twice_the_half, {"lr": WSD}], ids=["value", "function", "mapping"])
def test_other_forms_of_a_schedule(tmp_path, schedule):
    trainer, watch = trainer_of(tmp_path)
    quietly(for_transformers(trainer, schedule).train)
    assert watch.rates == pytest.approx(RATES, rel=1e-15)


def test_a_schedule_of_another_length_is_warned_of_at_the_start(tmp_path):
    trainer, _ = trainer_of(tmp_path)
    trainer.create_optimizer()
    for_transformers(trainer, lehr.linear(100, max_lr=0.3))
    with pytest.warns(UserWarning, match="the schedule has 100 steps and the Trainer makes 40: its end is not reached"):
        trainer.create_scheduler(STEPS)
    trainer, _ = trainer_of(tmp_path)
    trainer.create_optimizer()
    for_transformers(trainer, lehr.linear(20, max_lr=0.3))
    with pytest.warns(UserWarning, match="20 steps and the Trainer makes 40: its final rate holds for the rest"):
        trainer.create_scheduler(STEPS)


class Evaluated(transformers.TrainerCallback):
    """Gives the metric to the Scheduler. It never improves."""

    def on_evaluate(self, args, state, control, lr_scheduler, metrics, **_):
        lr_scheduler.step(metric=round(metrics["eval_loss"], 3))


def test_plateau_in_on_evaluate(tmp_path):
    """Its counters are in the Trainer's checkpoint."""

    def plateau(scheduler):
        lehr.Plateau(scheduler, factor=0.5, patience=1)

    def started(kill_after=None):
        arguments = {"eval_strategy": "epoch", "save_strategy": "epoch"}
        trainer, watch = trainer_of(tmp_path, kill_after, arguments=arguments)
        trainer.add_callback(Evaluated())
        return for_transformers(trainer, "constant", on_build=plateau), watch

    trainer, before = started(kill_after=25)
    with pytest.raises(KeyboardInterrupt):
        quietly(trainer.train)
    trainer, after = started()
    quietly(lambda: trainer.train(resume_from_checkpoint=True))
    assert before.rates[:20] + after.rates == [0.3] * 30 + [0.15] * 10


def test_a_log_of_the_rates(tmp_path):
    rows = {}

    def log(scheduler):
        log_rates(scheduler, lambda values, step: rows.update({step: values["lr"]}))

    trainer, _ = trainer_of(tmp_path)
    quietly(wsd(trainer, on_build=log).train)
    assert rows == dict(enumerate(RATES))


def test_the_control_file(tmp_path, monkeypatch):
    """A command in the file changes the schedule while the Trainer runs."""
    monkeypatch.setattr(control_file, "SECONDS", 0.0)
    file = tmp_path / "control"

    class Command(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            if state.global_step == 9:
                file.write_text("scale(0.5)\n")

    trainer, watch = trainer_of(tmp_path)
    trainer.add_callback(Command())
    quietly(for_transformers(trainer, "constant", control_file=file).train)
    assert watch.rates == [0.3] * 10 + [0.15] * (STEPS - 10)


def test_create_scheduler_overridden(tmp_path):
    """The long form of `for_transformers`."""

    class MyTrainer(transformers.Trainer):
        def create_scheduler(self, num_training_steps, optimizer=None):
            self.lr_scheduler = lehr.Scheduler(self.optimizer, "wsd", num_training_steps, "10%", max_lr=0.3)
            return self.lr_scheduler

    template, watch = trainer_of(tmp_path)
    trainer = MyTrainer(template.model, template.args, train_dataset=template.train_dataset, callbacks=[watch])
    quietly(trainer.train)
    assert watch.rates == RATES


def test_a_factor_schedule_as_lr_lambda(tmp_path):
    """Saved in ``scheduler.pt`` by LambdaLR, and loaded by a new Trainer."""

    def started(kill_after=None):
        model = Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, as_lambda(WSD, base_lr=0.3))
        arguments = {"save_strategy": "steps", "save_steps": 5}
        return trainer_of(tmp_path, kill_after, optimizers=(optimizer, scheduler), arguments=arguments)

    trainer, before = started(17)
    with pytest.raises(KeyboardInterrupt):
        quietly(trainer.train)
    trainer, after = started()
    quietly(lambda: trainer.train(resume_from_checkpoint=True))
    assert before.rates[:15] + after.rates == pytest.approx(RATES, rel=1e-15)
    assert logged(trainer) == {t + 1: pytest.approx(RATES[t], rel=1e-15) for t in range(STEPS)}


def test_what_deepspeed_does_with_a_trainer(tmp_path):
    """It has a copy of the Trainer build the scheduler, for an optimizer that it gives."""
    trainer, _ = trainer_of(tmp_path)
    wsd(trainer)
    trainer.lr_scheduler = "a DummyScheduler"
    other = sgd(1.0)
    copied = copy.copy(trainer)
    copied.lr_scheduler = None
    assert copied.create_scheduler(num_training_steps=STEPS, optimizer=other).optimizer is other


def test_the_stand_in_is_picklable(tmp_path):
    trainer, _ = trainer_of(tmp_path)
    creator = wsd(trainer).create_scheduler
    creator.trainer = None
    assert pickle.loads(pickle.dumps(creator)) == creator


def test_refusals_say_why(tmp_path):
    trainer, _ = trainer_of(tmp_path)
    with pytest.raises(ValueError, match="did you mean 'cosine'"):
        for_transformers(trainer, "cosin")
    trainer.create_optimizer()
    with pytest.raises(ValueError, match=r"give the recipe by its name, 'wsd'"):
        for_transformers(trainer, lehr.wsd).create_scheduler(STEPS)
    with pytest.raises(ValueError, match="takes the number of steps and returns a Schedule, and not a rate: got 20"):
        for_transformers(trainer, lambda step: step / 2).create_scheduler(STEPS)
    optimizer = sgd(0.3)
    trainer, _ = trainer_of(tmp_path, optimizers=(optimizer, lehr.Scheduler(optimizer, WSD)))
    with pytest.raises(ValueError, match="the trainer was given a Scheduler already"):
        wsd(trainer)


def test_the_example():
    assert CHECKED in printed_by_example("with_transformers")
