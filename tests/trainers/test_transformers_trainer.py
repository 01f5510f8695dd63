"""transformers' Trainer: the rates that are used, those that are logged, and a run that goes on."""

import warnings

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.trainers import Line, Rows, quietly

import lehr
from lehr import Scheduler
from lehr.forecast import read_run

transformers = pytest.importorskip("transformers")

COSINE = lehr.cosine(20, 4, max_lr=1e-3)
RATES = [COSINE(t) for t in range(20)]


def trainer(path, optimizer, scheduler, model, steps=20, **options):
    settings = {"max_steps": steps, "per_device_train_batch_size": 1, "logging_steps": 1, "save_strategy": "no"}
    quiet = {"report_to": [], "disable_tqdm": True, "use_cpu": True}
    arguments = quietly(lambda: transformers.TrainingArguments(str(path), **settings | quiet | options))
    made = transformers.Trainer(model, arguments, train_dataset=Rows(200), optimizers=(optimizer, scheduler))
    made.remove_callback(transformers.PrinterCallback)
    return made


def built(follow, schedule=COSINE, **options):
    model = Line()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = Scheduler(optimizer, schedule, **options)
    return model, optimizer, scheduler.follow() if follow else scheduler


def logged(made):
    return [row["learning_rate"] for row in made.state.log_history if "learning_rate" in row]


def test_the_readmes_own_line(tmp_path):
    """Trainer builds a linear schedule of its own on the warmup rate, which has no effect, and a warning says so."""
    model, optimizer, scheduler = built(follow=True)
    made = trainer(tmp_path, optimizer, None, model)
    used = recorded(optimizer)
    with pytest.warns(UserWarning, match="changed by somebody else, from 0.00025 to 0.0002375; the schedule's value is "
                      "written again.*hand this one to a trainer") as seen:  # fmt: skip
        made.train()
    assert len([one for one in seen if "somebody else" in str(one.message)]) == 1
    assert used == RATES
    assert "20 of 20 steps (100 %) used" in scheduler.report()


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("follow", [False, True])
def test_the_logged_rates_are_those_that_were_used(tmp_path, follow, accumulation):
    model, optimizer, scheduler = built(follow)
    made = trainer(tmp_path, optimizer, scheduler, model, gradient_accumulation_steps=accumulation)
    used = recorded(optimizer)
    quietly(made.train)
    assert used == logged(made) == RATES
    assert scheduler.position == 20


@pytest.mark.parametrize("follow", [False, True])
def test_read_run_reads_lehrs_own_log(tmp_path, follow):
    model, optimizer, scheduler = built(follow)
    made = trainer(tmp_path, optimizer, scheduler, model)
    quietly(made.train)
    made.state.save_to_json(str(tmp_path / "trainer_state.json"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = read_run(tmp_path / "trainer_state.json", COSINE)
        taken = read_run(tmp_path / "trainer_state.json")
    assert run.at.tolist() == taken.at.tolist() == list(range(1, 21))
    assert taken.rates.tolist() == pytest.approx(RATES)


def test_tensorboard_gets_the_rates_that_were_used(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    model, optimizer, scheduler = built(follow=True)
    made = trainer(tmp_path, optimizer, scheduler, model)
    writer = SummaryWriter(str(tmp_path / "events"))
    made.add_callback(transformers.integrations.TensorBoardCallback(writer))
    quietly(made.train)
    events = EventAccumulator(str(tmp_path / "events")).Reload()
    rows = events.Scalars("train/learning_rate")
    assert [row.step for row in rows] == list(range(1, 21))
    assert [row.value for row in rows] == pytest.approx(RATES, rel=1e-6)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Of a run of 20 updates, after 10."""
    path = tmp_path_factory.mktemp("run")
    model, optimizer, scheduler = built(follow=False)
    quietly(trainer(path, optimizer, scheduler, model, steps=10, save_strategy="steps", save_steps=10).train)
    return str(path / "checkpoint-10")


LONGER = lehr.cosine(30, 4, max_lr=1e-3)


@pytest.mark.parametrize(
    ("keep", "follow", "after"), [("code", True, LONGER), ("code", False, LONGER), ("checkpoint", True, COSINE)]
)
def test_a_run_goes_on_with_another_length(tmp_path, checkpoint, keep, follow, after):
    model, optimizer, scheduler = built(follow, LONGER, keep=keep)
    made, used = trainer(tmp_path, optimizer, scheduler, model), recorded(optimizer)
    quietly(lambda: made.train(resume_from_checkpoint=checkpoint))
    assert used == [after(t) for t in range(10, 20)]
    assert logged(made)[10:] == used


def test_another_length_is_refused_with_what_a_user_of_trainer_can_type(tmp_path, checkpoint):
    model, optimizer, scheduler = built(False, LONGER)
    with pytest.raises(ValueError, match=r"training_steps: checkpoint 20, code 30.*\n.*Scheduler\(\.\.\., keep="):
        quietly(lambda: trainer(tmp_path, optimizer, scheduler, model).train(resume_from_checkpoint=checkpoint))
