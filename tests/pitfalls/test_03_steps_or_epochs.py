"""Lightning moves a schedule of 32 steps once per epoch, so its rate barely changes; timm's `step` and `step_update` do nothing when the wrong one is called.

`follow()` counts updates whatever the trainer calls, lengths have a unit, and `report()` warns when most of a schedule was not used.

Reported in https://github.com/Lightning-AI/pytorch-lightning/issues/20436 https://github.com/Lightning-AI/pytorch-lightning/issues/9475 https://github.com/coqui-ai/TTS/issues/1611
"""

import warnings

import pytest
import torch
from catalogue.optimizers import sgd, update
from catalogue.trainers import batches, lightning_model, lightning_trainer, quietly

import lehr
from lehr import Scheduler, lengths

EPOCHS, STEPS_PER_EPOCH, STEPS = 4, 8, 32
LINEAR = lehr.linear(STEPS, max_lr=1.0)


@pytest.mark.parametrize("with_updates", [False, True])
def test_a_schedule_that_was_hardly_used_is_reported(with_updates):
    optimizer = sgd()
    scheduler = Scheduler(optimizer, "linear", "32 steps")
    for _ in range(4):
        if with_updates:
            update(optimizer)
        scheduler.step()
    with pytest.warns(UserWarning, match=r"4 of 32 steps \(12\.5 %\) used.*in steps and moved once an epoch\?"):
        said = scheduler.report()
    assert "4 of 32 steps (12.5 %) used" in said


def test_a_schedule_that_was_used_is_not_warned_of():
    scheduler = Scheduler(sgd(), "linear", "32 steps")
    for _ in range(29):
        scheduler.step()
    assert "29 of 32 steps (90.6 %) used" in scheduler.report()


def test_a_number_of_epochs_does_not_move_a_scheduler_that_follows():
    scheduler = Scheduler(optimizer := sgd(), LINEAR).follow()
    scheduler.step(4)  # where a run begins may be said until the first update
    rates = [update(optimizer) for _ in range(6)]
    with pytest.warns(UserWarning, match=r"follows counts the updates itself: step\(1\) does not move it from 10"):
        scheduler.step(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step(2)  # said once
        scheduler.step(epoch=3)
        scheduler.step(10)  # where it is
    rates += [update(optimizer) for _ in range(6)]
    assert rates == [LINEAR(t) for t in range(4, 16)]
    assert (scheduler.position, scheduler.skipped) == (16, 3)


def test_a_schedule_that_nobody_stepped_is_reported():
    scheduler = Scheduler(optimizer := sgd(), LINEAR)
    for _ in range(5):
        update(optimizer)
    with pytest.warns(UserWarning, match="1 of 32 steps"):
        assert "5 updates were made and no step: call step() after each, or follow() once" in scheduler.report()


def test_a_run_past_the_end_is_reported():
    scheduler = Scheduler(sgd(), "linear", "32 steps")
    with pytest.warns(UserWarning, match=r"step 40 is past the end of the schedule \(32 steps\)"):
        scheduler.step(40)
    assert "32 of 32 steps (100 %) used" in scheduler.report()


@pytest.mark.parametrize(
    ("length", "fact"),
    [("4 epochs", "steps_per_epoch"), ("10k samples", "samples_per_step"), ("1.5B tokens", "tokens_per_step")],
)
def test_a_length_in_another_unit_is_not_guessed(length, fact):
    for build in (lambda: lehr.linear(length, max_lr=1.0), lambda: Scheduler(sgd(), "linear", length)):
        with pytest.raises(ValueError, match=rf"`training_steps` is '{length}', and `{fact}` is not known"):
            build()


def test_with_the_fact_it_is_known():
    steps = lengths.steps("4 epochs", name="training_steps", steps_per_epoch=STEPS_PER_EPOCH)
    assert lehr.linear(steps, max_lr=1.0) == LINEAR


def lightning_run(tmp_path, build, interval, follow=False):
    pytest.importorskip("pytorch_lightning")
    model = lightning_model(build, interval, follow)
    quietly(lambda: lightning_trainer(tmp_path, EPOCHS).fit(model, batches(STEPS_PER_EPOCH)))
    return model


@pytest.mark.parametrize(("interval", "follow"), [("step", False), ("step", True), ("epoch", True)])
def test_lightning_with_any_interval(tmp_path, interval, follow):
    model = lightning_run(tmp_path, lambda optimizer: Scheduler(optimizer, LINEAR), interval, follow)
    assert model.rates == [LINEAR(t) for t in range(STEPS)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "32 of 32 steps (100 %) used" in model.scheduler.report()


def test_lightnings_default_interval_without_follow_is_reported(tmp_path):
    model = lightning_run(tmp_path, lambda optimizer: Scheduler(optimizer, LINEAR), "epoch")
    with pytest.warns(UserWarning, match=r"4 of 32 steps \(12\.5 %\) used"):
        model.scheduler.report()


def test_the_peer_still_barely_moves(tmp_path):
    def peer(optimizer):
        return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)

    assert lightning_run(tmp_path, peer, "epoch").rates[-1] == pytest.approx(0.90625)
    assert lightning_run(tmp_path, peer, "step").rates[-1] == pytest.approx(0.03125)
