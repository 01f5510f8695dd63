"""torch has schedules per group only as lists of lambdas, and identifies a group by its index alone.

A mapping from group, by name or index, to schedule gives each group its own, with one position and one state.

Reported in https://github.com/pytorch/pytorch/issues/67761 https://github.com/NVIDIA-NeMo/Automodel/issues/2961 https://github.com/keras-team/keras/issues/16696
"""

import copy

import pytest
import torch
from catalogue.optimizers import parameter, rates_of, sgd, update

import lehr
from lehr import Constant, Plateau, Scheduler

BACKBONE = Constant(0.0, 10).then(lehr.cosine(90, max_lr=0.1))
HEAD = lehr.cosine(100, max_lr=1.0)
SCHEDULES = {"backbone": BACKBONE, "head": HEAD}
NAMES = ("backbone", "head")


def two(*names):
    return sgd(*(1.0 for _ in names), names=names)


def rates_by_name(opt):
    return {group["name"]: group["lr"] for group in opt.param_groups}


def test_each_follows_its_own():
    opt = two(*NAMES)
    scheduler = Scheduler(opt, SCHEDULES)
    for t in range(101):
        scheduler.step(t)
        assert rates_by_name(opt) == {"backbone": BACKBONE(t), "head": HEAD(t)}
    assert scheduler.get_last_lr() == [BACKBONE(100), HEAD(100)]
    scheduler.check()


@pytest.mark.parametrize("keys", [(0, 1), (1, 0), ("backbone", 1), ("head", "backbone")])
def test_by_index_or_name_in_any_order(keys):
    opt = two(*NAMES)
    mapping = {key: BACKBONE if key in (0, "backbone") else HEAD for key in keys}
    scheduler = Scheduler(opt, mapping).follow()
    for t in range(20):
        assert rates_by_name(opt) == {"backbone": BACKBONE(t), "head": HEAD(t)}
        update(opt)
    assert scheduler.position == 20


def test_rates_are_in_the_order_of_the_groups():
    opt = two(*NAMES)
    scheduler = Scheduler(opt, {"head": HEAD, "backbone": BACKBONE})
    scheduler.step(50)
    assert scheduler.get_last_lr() == rates_of(opt)
    assert scheduler.last_used_lrs == scheduler.next_lrs == rates_of(opt)


def test_a_group_without_or_with_two_or_unknown():
    opt = two(*NAMES)
    with pytest.raises(ValueError, match=r"'backbone'.* has none"):
        Scheduler(opt, {"head": HEAD})
    with pytest.raises(ValueError, match=r"'head'.* has 'head' and 1"):
        Scheduler(opt, {**SCHEDULES, 1: HEAD})
    with pytest.raises(ValueError, match=r"no.*'neck'|names groups or hyperparameters"):
        Scheduler(opt, {**SCHEDULES, "neck": HEAD})
    with pytest.raises(ValueError, match="names param groups or hyperparameters, not both"):
        Scheduler(opt, {"head": HEAD, "lr": HEAD})
    assert rates_of(opt) == [1.0, 1.0]
    assert Scheduler(opt, SCHEDULES).position == 0  # what was refused drives nothing


@pytest.mark.parametrize("mapping", [SCHEDULES, dict(reversed(SCHEDULES.items()))], ids=["as before", "reversed"])
@pytest.mark.parametrize("names", [NAMES, NAMES[::-1]], ids=["as before", "reordered"])
@pytest.mark.parametrize("change", [False, True])
def test_the_state_finds_groups_by_name(names, mapping, change):
    first = two(*NAMES)
    scheduler = Scheduler(first, SCHEDULES)
    scheduler.step(40)
    if change:
        scheduler.dip(0.5, 20)
    state = scheduler.state_dict()
    again = two(*names)
    second = Scheduler(again, mapping)
    second.load_state_dict(state)
    for t in range(40, 101):
        scheduler.step(t)
        second.step(t)
        assert rates_by_name(again) == rates_by_name(first)


def test_a_group_that_is_missing_in_the_checkpoint_is_a_difference():
    state = Scheduler(two(*NAMES), SCHEDULES).state_dict()
    three = two(*NAMES, "neck")
    with pytest.raises(ValueError, match="neck"):
        Scheduler(three, {**SCHEDULES, "neck": HEAD}).load_state_dict(state)


def test_a_late_group_without_a_schedule_is_told_of():
    """It would stay at its own rate for ever, and nobody would say so."""
    opt = two(*NAMES)
    scheduler = Scheduler(opt, SCHEDULES)
    opt.add_param_group({"params": [parameter()], "lr": 0.5, "name": "neck"})
    with pytest.warns(UserWarning, match="neck"):
        scheduler.step(1)


def test_changes_act_on_all():
    opt = two(*NAMES)
    scheduler = Scheduler(opt, SCHEDULES)
    plateau = Plateau(scheduler, factor=0.5, patience=0)
    scheduler.step(50)
    before = copy.deepcopy(rates_by_name(opt))
    plateau.update(1.0)
    plateau.update(1.0)
    assert rates_by_name(opt) == {name: pytest.approx(rate / 2, rel=1e-12) for name, rate in before.items()}
    scheduler.cooldown(10)
    scheduler.step(60)
    assert rates_of(opt) == [0, 0]


def test_absent_in_torch():
    with pytest.raises(ValueError, match="Expected 2 lr_lambdas, but got 1"):
        torch.optim.lr_scheduler.LambdaLR(two(*NAMES), [lambda t: 1.0])


@pytest.mark.parametrize("keys", [(0, 1), NAMES])
def test_messages_call_a_group_what_the_mapping_calls_it(keys):
    opt = two(*NAMES)
    scheduler = Scheduler(opt, dict.fromkeys(keys, HEAD))
    opt.param_groups[1]["lr"] = 0.3
    with pytest.raises(ValueError, match=f"lr of param group {keys[1]!r} is 0.3"):
        scheduler.check()
    with pytest.warns(UserWarning, match=f"lr of param group {keys[1]!r} was changed"):
        scheduler.step(1)
