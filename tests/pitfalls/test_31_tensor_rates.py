"""Recursive schedulers drift in a float32 tensor rate (8e-4 in 50,000 steps), and after a load others hold a stale tensor.

The exact value is written into the tensor in place: same object, dtype and device, and no drift.

Reported in https://github.com/pytorch/pytorch/issues/126854 https://github.com/pytorch/pytorch/issues/162359 https://github.com/pytorch/pytorch/issues/195984
"""

import copy

import numpy as np
import pytest
import torch
from catalogue.optimizers import adamw, groups, parameter, rates_of, sgd, update

import lehr
from lehr import Exponential, Scheduler

STEPS = 50_000
LONG = {"cosine": lehr.cosine(STEPS, 500, 0.5, 1e-5), "decay": Exponential(1.0, 0.9999)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", LONG)
def test_no_drift_and_one_object_in_50_000_steps(name, dtype):
    held = torch.tensor(1.0, dtype=dtype)
    opt, plain = torch.optim.SGD([parameter()], lr=held), sgd(1.0)
    scheduler, beside = Scheduler(opt, LONG[name]), Scheduler(plain, LONG[name])
    tensor_rates, float_rates = np.empty(STEPS), np.empty(STEPS)
    where = held.data_ptr()
    for t in range(STEPS):
        scheduler.step(t)
        beside.step(t)
        tensor_rates[t], float_rates[t] = held.item(), plain.param_groups[0]["lr"]
        assert opt.param_groups[0]["lr"] is held
    assert (held.dtype, held.shape, held.device.type, held.data_ptr()) == (dtype, (), "cpu", where)
    # The exact value, rounded once: half a unit in the last place, which is within one.
    kind = np.float32 if dtype is torch.float32 else np.float64
    assert (tensor_rates.astype(kind) == float_rates.astype(kind)).all()
    assert (float_rates == LONG[name](np.arange(STEPS))).mean() > 0.5  # arrays agree within 2 ulp, mostly exactly


@pytest.mark.parametrize("make", ["sgd", "adamw"])
def test_groups_do_not_share_one_tensor(make):
    held = torch.tensor(1.0)
    kind = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[make]
    opt = kind([{"params": [parameter()]}, {"params": [parameter()]}], lr=held)
    assert opt.param_groups[0]["lr"] is opt.param_groups[1]["lr"]  # torch hands out one
    scheduler = Scheduler(opt, "linear", 10, group_scale=[1.0, 0.5])
    scheduler.step(2)
    assert rates_of(opt) == pytest.approx([0.8, 0.4])


def test_what_is_handed_out_is_nobodys_reference():
    opt = torch.optim.SGD([parameter()], lr=torch.tensor(1.0))
    scheduler = Scheduler(opt, "linear", 10)
    for handed in (
        scheduler.get_last_lr(),
        scheduler.get_lr(),
        scheduler.last_used_lrs,
        scheduler.next_lrs,
        scheduler.base_lrs,
    ):
        assert all(type(rate) is float for rate in handed)
        handed[0] = 7.0
    scheduler.step(1)
    assert scheduler.get_last_lr() == [0.9]
    assert rates_of(opt) == pytest.approx([0.9])


def test_the_base_is_not_the_tensor():
    """Where it was, a constant of 0.5 gave 0.25, 0.125, 0.0625."""
    held = torch.tensor(1.0)
    opt = torch.optim.SGD([parameter()], lr=held)
    scheduler = Scheduler(opt, lehr.Constant(1.0) * 0.5, group_scale="ratio")
    seen = []
    for t in range(4):
        scheduler.step(t)
        seen.append(held.item())
    assert seen == [0.5] * 4


@pytest.mark.parametrize("follow", [False, True])
def test_after_a_load_the_new_tensor_is_written(follow):
    held = torch.tensor(1.0)
    opt = torch.optim.SGD([parameter()], lr=held)
    scheduler = Scheduler(opt, "linear", 10)
    if follow:
        scheduler.follow()
    opt.load_state_dict(copy.deepcopy(opt.state_dict()))
    new = opt.param_groups[0]["lr"]
    assert new is not held  # torch replaces it
    update(opt)
    if not follow:
        scheduler.step()
    assert opt.param_groups[0]["lr"] is new
    assert new.item() == pytest.approx(0.9)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_types_get_the_nearest_they_have(dtype):
    held = torch.tensor(1.0, dtype=dtype)
    opt = sgd(held)
    scheduler = Scheduler(opt, "cosine", 100)
    for t in range(101):
        scheduler.step(t)
        assert held.item() == torch.tensor(scheduler.schedule(t), dtype=dtype).item()
        scheduler.check()


def test_a_tensor_that_needs_a_gradient_and_an_integer_one():
    held = torch.tensor(1.0, requires_grad=True)
    opt = torch.optim.SGD(groups(1.0), lr=1.0)
    opt.param_groups[0]["lr"] = held
    Scheduler(opt, "linear", 10).step(5)
    assert (held.item(), held.requires_grad) == (0.5, True)
    opt = adamw()
    opt.param_groups[0]["lr"] = torch.tensor(1)
    with pytest.raises(ValueError, match="tensor that cannot hold a rate"):
        Scheduler(opt, "linear", 10)


def test_alive_in_torch():
    pair = sgd(1.0), torch.optim.SGD([parameter()], lr=torch.tensor(1.0))
    both = [torch.optim.lr_scheduler.ExponentialLR(opt, 0.9999) for opt in pair]
    for opt in pair:
        update(opt)
    for _ in range(STEPS // 5):
        for scheduler in both:
            scheduler.step()
    exact, drifted = rates_of(pair[0])[0], rates_of(pair[1])[0]
    assert 1e-5 < abs(drifted - exact) / exact < 1e-2

    opt = torch.optim.SGD([parameter()], lr=torch.tensor(1.0))
    before = opt.param_groups[0]["lr"]
    opt.load_state_dict(opt.state_dict())
    assert opt.param_groups[0]["lr"] is not before
