"""timm's training loop, which calls `step(epoch, metric)` and hands the metric as the second positional."""

import pytest
from catalogue.optimizers import rates_of, recorded, sgd, update
from catalogue.trainers import quietly, timm_schedulers

import lehr
from lehr import Plateau, Scheduler

EPOCHS, BATCHES = 6, 4


def loop(scheduler, optimizer, metrics):
    """The calls of timm's `train.py`, for a scheduler in epochs."""
    for epoch in range(EPOCHS):
        for _ in range(BATCHES):
            update(optimizer)
        scheduler.step(epoch + 1, metrics[epoch])


def test_the_second_positional_of_step_is_the_metric():
    optimizer = sgd(1.0)
    schedule = lehr.Ramp(1.0, 0.0, 10)
    scheduler = Scheduler(optimizer, schedule, unit="epochs", per_update=1 / BATCHES)
    plateau = Plateau(scheduler, patience=0, factor=0.5)
    used = recorded(optimizer)
    loop(scheduler, optimizer, [3.0, 2.0, 2.5, 1.0, 0.5, 0.4])
    whole = [schedule(epoch) for epoch in range(EPOCHS) for _ in range(BATCHES)]
    assert used == [*whole[:12], *(rate / 2 for rate in whole[12:])]
    assert len(scheduler.history) == 1
    assert plateau is not None


def test_timms_own_is_called_in_the_same_way():
    timm = timm_schedulers()
    optimizer = sgd(1.0)
    theirs = quietly(lambda: timm.CosineLRScheduler(optimizer, t_initial=EPOCHS))
    used = recorded(optimizer)
    loop(theirs, optimizer, [None] * EPOCHS)
    ours = Scheduler(again := sgd(1.0), lehr.cosine(EPOCHS, max_lr=1.0), unit="epochs")
    same = recorded(again)
    loop(ours, again, [None] * EPOCHS)
    assert same == pytest.approx(used, rel=1e-12)
    assert rates_of(again) == pytest.approx(rates_of(optimizer), abs=1e-12)
