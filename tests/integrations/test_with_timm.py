"""`for_timm` under the calls of timm's train.py, beside timm's own scheduler."""

import pytest
import torch
from catalogue.optimizers import recorded, sgd, through_a_file, update
from catalogue.trainers import CHECKED, printed_by_example, timm_schedulers

import lehr
from lehr.integrations import for_timm

EPOCHS, UPDATES = 4, 10
COSINE = lehr.cosine(EPOCHS * UPDATES, "10%", max_lr=0.3)


def train(lr_scheduler, optimizer, start=0, stop=EPOCHS):
    """What timm's train.py calls, and the rate that it logs beside each update."""
    logged = []
    if start:
        if lr_scheduler.t_in_epochs:
            lr_scheduler.step(start)
        else:
            lr_scheduler.step_update(start * UPDATES)
    for epoch in range(start, stop):
        updates = epoch * UPDATES
        for _ in range(UPDATES):
            update(optimizer)
            updates += 1
            logged.append(sum(group["lr"] for group in optimizer.param_groups) / len(optimizer.param_groups))
            lr_scheduler.step_update(num_updates=updates, metric=1.0)
        lr_scheduler.step(epoch + 1, 0.5)
    return logged


def started(schedule=COSINE, **options):
    optimizer = sgd(0.3)
    lr_scheduler = for_timm(lehr.Scheduler(optimizer, schedule, **options))
    return lr_scheduler, optimizer, recorded(optimizer)


def test_each_update_uses_the_rate_and_timm_logs_it():
    lr_scheduler, optimizer, rates = started()
    assert train(lr_scheduler, optimizer) == rates == [COSINE(t) for t in range(EPOCHS * UPDATES)]
    assert lr_scheduler.scheduler.report().endswith("40 of 40 steps (100 %) used")


def test_resumed_by_the_number_of_the_epoch_alone():
    """As train.py does: it saves no scheduler."""
    lr_scheduler, optimizer, before = started()
    train(lr_scheduler, optimizer, stop=2)
    saved = through_a_file(optimizer.state_dict())
    lr_scheduler, optimizer, after = started()
    optimizer.load_state_dict(saved)
    train(lr_scheduler, optimizer, start=2)
    assert before + after == [COSINE(t) for t in range(EPOCHS * UPDATES)]


def test_resumed_with_its_state():
    lr_scheduler, optimizer, _ = started()
    train(lr_scheduler, optimizer, stop=2)
    lr_scheduler.scheduler.scale(0.5)
    saved = through_a_file(lr_scheduler.state_dict())
    lr_scheduler, optimizer, after = started()
    lr_scheduler.load_state_dict(saved)
    train(lr_scheduler, optimizer, start=2)
    assert after == [0.5 * COSINE(t) for t in range(2 * UPDATES, 4 * UPDATES)]


def test_a_schedule_in_epochs():
    schedule = lehr.Table([0.3, 0.2, 0.1, 0.05])
    lr_scheduler, optimizer, rates = started(schedule, unit="epochs", per_update=1)
    train(lr_scheduler, optimizer)
    assert rates == [rate for rate in (0.3, 0.2, 0.1, 0.05) for _ in range(UPDATES)]


def test_plateau_gets_the_metric_of_each_epoch():
    lr_scheduler, optimizer, rates = started(lehr.Constant(0.3))
    lehr.Plateau(lr_scheduler.scheduler, factor=0.5, patience=0)
    train(lr_scheduler, optimizer)  # the metric never improves after the first epoch
    assert rates == [0.3] * 20 + [0.15] * 10 + [0.075] * 10


@pytest.mark.parametrize("in_epochs", [False, True])
def test_it_has_what_timms_own_has(in_epochs):
    """The same calls on timm's own scheduler give what the calls on ours give."""
    timm = timm_schedulers()
    optimizer = sgd(0.3)
    length = EPOCHS if in_epochs else EPOCHS * UPDATES
    theirs = timm.CosineLRScheduler(optimizer, t_initial=length, t_in_epochs=in_epochs)
    used = recorded(optimizer)
    train(theirs, optimizer)
    options = {"unit": "epochs", "per_update": 1} if in_epochs else {}
    lr_scheduler, optimizer, rates = started(lehr.cosine(length, max_lr=0.3), **options)
    assert theirs.t_in_epochs == lr_scheduler.t_in_epochs
    train(lr_scheduler, optimizer)
    assert rates == pytest.approx(used, rel=1e-12)
    assert isinstance(lr_scheduler.optimizer, torch.optim.SGD)


def test_the_example():
    assert CHECKED in printed_by_example("with_timm")
