"""torch's schedulers write only `lr`: weight decay, momentum or a beta need a separate loop by hand.

A mapping from hyperparameter to schedule drives any of them, elements of tuples included: `"weight_decay"`, `"momentum"`, `"betas[0]"`.

Reported in https://github.com/pytorch/pytorch/issues/22343 https://github.com/pytorch/pytorch/issues/83159 https://github.com/google-deepmind/optax/issues/1426
"""

import pytest
import torch
from catalogue.optimizers import adamw, parameter, rates_of, sgd, update

import lehr
from lehr import Ramp, Scheduler

RATE = lehr.cosine(100, 10, 1e-3)
DECAY = Ramp(0.04, 0.4, 100)
BETA = Ramp(0.85, 0.95, 100)


@pytest.mark.parametrize("follow", [False, True])
def test_three_at_once(follow):
    opt = adamw(1e-3, 1e-3, betas=(0.9, 0.98), weight_decay=0.04)
    scheduler = Scheduler(opt, {"lr": RATE, "weight_decay": DECAY, "betas[0]": BETA})
    if follow:
        scheduler.follow()
    for t in range(100):
        for group in opt.param_groups:
            assert (group["lr"], group["weight_decay"], group["betas"]) == (RATE(t), DECAY(t), (BETA(t), 0.98))
            assert type(group["betas"]) is tuple
        update(opt)
        if not follow:
            scheduler.step()
    scheduler.check()
    assert scheduler.position == scheduler.updates == 100


@pytest.mark.parametrize("key", ["weight_decay", "momentum", "dampening"])
def test_one_alone_leaves_the_rate(key):
    opt = sgd(0.3, momentum=0.9)
    scheduler = Scheduler(opt, {key: Ramp(0.1, 0.2, 10)})
    scheduler.step(5)
    assert (opt.param_groups[0][key], rates_of(opt)) == (pytest.approx(0.15), [0.3])


def test_per_group_and_key():
    opt = sgd(1.0, 1.0, names=("body", "head"), weight_decay=0.1)
    Scheduler(
        opt, {"lr": lehr.linear(10, max_lr=1.0), "weight_decay": {"body": Ramp(0, 1, 10), "head": Ramp(1, 0, 10)}}
    ).step(3)
    assert [group["weight_decay"] for group in opt.param_groups] == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("momentum", "has no 'momentum'; it has lr, betas"),
        ("betas[2]", r"no 'betas\[2\]': its 'betas' is \(0.9, 0.999\)"),
        ("lr[0]", r"no 'lr\[0\]'"),
        ("betas", "needs a finite number for 'betas'"),
        ("amsgrad", "needs a finite number for 'amsgrad', got False"),
        ("betas[-1]", "a name such as"),
        ("", "a name such as"),
    ],
)
def test_what_is_no_number_is_refused_at_construction(key, said):
    opt = adamw(1e-3)
    with pytest.raises(ValueError, match=said):
        Scheduler(opt, {"lr": RATE, key: DECAY})
    assert rates_of(opt) == [1e-3]


def test_a_late_group_joins_with_every_key():
    opt = adamw(1e-3)
    scheduler = Scheduler(opt, {"weight_decay": DECAY, "betas[0]": BETA})
    opt.add_param_group({"params": [parameter()]})
    scheduler.step(50)
    assert [(g["weight_decay"], g["betas"]) for g in opt.param_groups] == [(DECAY(50), (BETA(50), 0.999))] * 2


def test_the_state_has_them_all():
    state, opt = None, None
    for position in (30, None):
        opt = adamw(1e-3)
        scheduler = Scheduler(opt, {"lr": RATE, "weight_decay": DECAY, "betas[0]": BETA})
        if position:
            scheduler.step(position)
            state = scheduler.state_dict()
    scheduler.load_state_dict(state)
    group = opt.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["betas"]) == (RATE(30), DECAY(30), (BETA(30), 0.999))


@pytest.mark.parametrize("order", [("weight_decay", "lr"), ("lr", "weight_decay")])
def test_a_state_is_read_by_key_and_not_by_order(order):
    first = Scheduler(adamw(1e-3), {"lr": RATE, "weight_decay": DECAY})
    first.step(30)
    opt = adamw(1e-3)
    second = Scheduler(opt, {key: {"lr": RATE, "weight_decay": DECAY}[key] for key in order})
    second.load_state_dict(first.state_dict())
    assert (rates_of(opt)[0], opt.param_groups[0]["weight_decay"]) == (RATE(30), DECAY(30))


def test_a_change_of_the_rate_leaves_the_others():
    opt = adamw(1e-3)
    scheduler = Scheduler(opt, {"lr": RATE, "weight_decay": DECAY})
    scheduler.step(50)
    scheduler.cooldown(20)
    scheduler.step(60)
    assert rates_of(opt)[0] < RATE(50)
    assert opt.param_groups[0]["weight_decay"] == DECAY(60)


def test_a_tensor_is_filled_in_place():
    held = torch.tensor(0.04, dtype=torch.float64)
    opt = sgd(1.0, weight_decay=held)
    scheduler = Scheduler(opt, {"weight_decay": DECAY})
    scheduler.step(7)
    assert opt.param_groups[0]["weight_decay"] is held
    assert held.item() == DECAY(7)


def test_absent_in_torch():
    opt = adamw(1e-3, weight_decay=0.04)
    scheduler = torch.optim.lr_scheduler.LambdaLR(opt, lambda t: 0.5)
    update(opt)
    scheduler.step()
    assert (rates_of(opt), opt.param_groups[0]["weight_decay"]) == ([5e-4], 0.04)
    with pytest.raises(TypeError):
        torch.optim.lr_scheduler.LambdaLR(opt, {"weight_decay": lambda t: 0.5})
