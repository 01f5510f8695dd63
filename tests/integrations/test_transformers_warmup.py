"""The warmup in the arguments of the Trainer: it is taken where `for_transformers` has none, and is else warned of."""

import warnings

import pytest
from catalogue.optimizers import recorded
from catalogue.trainers import Line, Rows

import lehr
from lehr.integrations import for_transformers

transformers = pytest.importorskip("transformers")

STEPS = 40


def trained(path, schedule, arguments, **settings):
    """The rates of a run, and what was warned of the warmup."""
    trainer = transformers.Trainer(
        Line(),
        transformers.TrainingArguments(
            str(path), max_steps=STEPS, per_device_train_batch_size=1, use_cpu=True, report_to=[], disable_tqdm=True,
            save_strategy="no", learning_rate=0.3, optim="sgd", **arguments,
        ),
        train_dataset=Rows(STEPS),
    )  # fmt: skip
    for_transformers(trainer, schedule, **settings)
    rates = recorded(trainer.create_optimizer())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.train()
    return rates, [str(warning.message) for warning in caught if "warmup of" in str(warning.message)]


def rates_of(schedule):
    return [schedule(t) for t in range(STEPS)]


@pytest.mark.parametrize("given", [4, 0.1])
def test_that_of_the_arguments_is_taken(tmp_path, given):
    """An integer is a number of updates, and a fraction a share of them."""
    rates, warned = trained(tmp_path, "cosine", {"warmup_steps": given})
    assert rates == rates_of(lehr.cosine(STEPS, 4, max_lr=0.3))
    assert warned == []


@pytest.mark.parametrize("given", [4, "10%"])
def test_the_same_in_both_places(tmp_path, given):
    rates, warned = trained(tmp_path, "cosine", {"warmup_steps": 4}, warmup_steps=given)
    assert rates == rates_of(lehr.cosine(STEPS, 4, max_lr=0.3))
    assert warned == []


@pytest.mark.parametrize(("given", "steps"), [(0, 0), ("20%", 8)])
def test_of_two_that_differ_the_schedules_holds_with_a_warning(tmp_path, given, steps):
    rates, [warned] = trained(tmp_path, "cosine", {"warmup_steps": 4}, warmup_steps=given)
    assert rates == rates_of(lehr.cosine(STEPS, steps, max_lr=0.3))
    assert warned == (
        "the arguments of the Trainer have a warmup of 4 updates, which is not used: the schedule given to "
        f"for_transformers has warmup_steps={steps}; say the warmup in one place"
    )


HALF = lehr.linear(STEPS, max_lr=0.6) * 0.5


@pytest.mark.parametrize("schedule", [HALF, lambda steps: HALF, {"lr": HALF}], ids=["value", "function", "mapping"])
def test_a_schedule_that_takes_none_is_warned_of(tmp_path, schedule):
    rates, [warned] = trained(tmp_path, schedule, {"warmup_steps": 4})
    assert rates == rates_of(HALF)
    assert "which is not used: the schedule given to for_transformers has no such setting" in warned


def test_a_schedule_of_the_same_warmup_is_not_warned_of(tmp_path):
    schedule = lehr.wsd(STEPS, "10%", max_lr=0.3)
    rates, warned = trained(tmp_path, schedule, {"warmup_steps": 4})
    assert (rates, warned) == (rates_of(schedule), [])


def test_updates_are_no_warmup_in_another_unit(tmp_path):
    settings = {"unit": "samples", "per_update": 2, "training_steps": 2 * STEPS, "max_lr": 0.3}
    rates, [warned] = trained(tmp_path, "linear", {"warmup_steps": 4}, **settings)
    schedule = lehr.linear(2 * STEPS, max_lr=0.3)
    assert rates == [schedule(2 * t) for t in range(STEPS)]
    assert "has warmup_steps=0; say the warmup in one place" in warned
