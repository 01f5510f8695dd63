"""A gradient scaler skips updates, and torch's schedulers advance anyway, with a warning that users cannot act on; with a fused optimizer Accelerate does not notice the skip.

Only updates that really happened count, fused or not, and no warning is given.

Reported in https://github.com/pytorch/pytorch/issues/55585 https://github.com/pytorch/pytorch/issues/44511 https://github.com/huggingface/accelerate/issues/4242
"""

import warnings

import pytest
import torch
from catalogue.optimizers import parameter, recorded
from catalogue.trainers import quietly

import lehr
from lehr import Scheduler

LINEAR = lehr.linear(6, max_lr=1.0)
ITERATIONS, OVERFLOWS = 6, 3
RATES = [LINEAR(0), LINEAR(1), LINEAR(2)]


def scaled_run(build, fused, calls=True, after=lambda scheduler, i: scheduler.step()):
    """Six iterations under a scaler, three of which overflow; the rates of those that update, and the scheduler."""
    weight = parameter()
    optimizer = torch.optim.AdamW([weight], lr=1.0, fused=fused)
    scheduler = build(optimizer)
    before, rates = weight.detach().clone(), []
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for i in range(ITERATIONS):
        optimizer.zero_grad()
        scaler.scale((weight * (torch.inf if i < OVERFLOWS else 1.0)).sum()).backward()
        rate = optimizer.param_groups[0]["lr"]
        scaler.step(optimizer)
        scaler.update()
        if not torch.equal(before, weight):
            rates.append(rate)
        before = weight.detach().clone()
        if calls:
            after(scheduler, i)
    return rates, scheduler


def following(optimizer):
    return Scheduler(optimizer, LINEAR).follow()


def stepped(optimizer):
    return Scheduler(optimizer, LINEAR)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("build", [stepped, following])
def test_skipped_updates_do_not_count(build, fused):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rates, scheduler = scaled_run(build, fused)
    assert rates == RATES
    assert scheduler.position == scheduler.updates == 3
    assert scheduler.skipped == OVERFLOWS
    assert caught == []


@pytest.mark.parametrize("fused", [False, True])
def test_without_any_call(fused):
    rates, scheduler = scaled_run(following, fused, calls=False)
    assert rates == RATES
    assert scheduler.position == scheduler.updates == 3


@pytest.mark.parametrize("fused", [False, True])
def test_attempts_are_counted_by_number(fused):
    rates, scheduler = scaled_run(stepped, fused, after=lambda scheduler, i: scheduler.step(i + 1))
    assert rates == [LINEAR(3), LINEAR(4), LINEAR(5)]
    assert scheduler.position == ITERATIONS


def accelerated(build, fused):
    """The same through accelerate, with a scaler for the CPU; the scheduler."""
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.AdamW(model.parameters(), lr=1.0, fused=fused)
    scheduler = build(inner)
    rates = recorded(inner)
    model, optimizer, prepared = accelerator.prepare(model, inner, scheduler)
    for i in range(ITERATIONS):
        optimizer.zero_grad()
        loss = model(torch.ones(3, 2)).sum() * (torch.inf if i < OVERFLOWS else 1.0)
        accelerator.backward(loss)
        optimizer.step()
        prepared.step()
    return rates, scheduler


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("build", [stepped, following])
def test_under_accelerate(build, fused):
    rates, scheduler = accelerated(build, fused)
    assert scheduler.position == scheduler.updates == 3
    assert rates[-3:] == RATES  # a fused optimizer is called for the skipped ones too


def torch_linear(optimizer):
    return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 6)


def test_the_peers_still_count_the_skipped():
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        _, scheduler = scaled_run(torch_linear, fused=False)
    assert scheduler.last_epoch == ITERATIONS
    assert quietly(lambda: accelerated(torch_linear, fused=True))[1].last_epoch == ITERATIONS
