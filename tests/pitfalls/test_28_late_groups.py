"""A param group added during the run makes most torch schedulers raise, or gives the new group 1.46 instead of 0.5.

The Scheduler adopts it at the next write by the rule of the other groups, and groups that are removed or change places keep their factors.

Reported in https://github.com/pytorch/pytorch/issues/79888 https://github.com/pytorch/pytorch/issues/104361 https://github.com/huggingface/transformers/pull/43692
"""

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import parameter, rates_of, sgd, update, used_by

import lehr
from lehr import Scheduler

make = torch.optim.lr_scheduler


def late():
    return {"params": [parameter()], "lr": 0.5}


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("name", SHORT)
def test_a_late_group_joins_at_its_own_ratio(name, follow):
    schedule = SHORT[name]
    opt = sgd(1.0)
    scheduler = Scheduler(opt, schedule, group_scale="ratio")
    if follow:
        scheduler.follow()
    for t in range(6):
        if t == 1:
            opt.add_param_group(late())
        if t >= 2:
            assert rates_of(opt) == [schedule(t), 0.5 * schedule(t)]
        update(opt)
        if not follow:
            scheduler.step()
    state = scheduler.state_dict()
    again = sgd(1.0, 0.5)
    second = Scheduler(again, schedule, group_scale="ratio")
    second.load_state_dict(state)
    assert rates_of(again) == rates_of(opt)


def test_a_factor_of_its_own_by_name():
    opt = sgd(1.0, names=("body",))
    scheduler = Scheduler(opt, "linear", 10, group_scale={"body": 1.0, "head": 0.25})
    opt.add_param_group({**late(), "name": "head"})
    scheduler.step(2)
    assert rates_of(opt) == [0.8, 0.2]


def test_a_late_group_of_another_rate_is_not_flattened_in_silence():
    opt = sgd(1.0)
    scheduler = Scheduler(opt, "linear", 10)
    opt.add_param_group(late())
    with pytest.warns(UserWarning, match=r"group_scale"):
        scheduler.step(1)


def test_a_late_group_without_a_rate_gets_the_default_one():
    """torch hands the same tensor to every group that gives no rate: it is the default's, and filled by now."""
    opt = torch.optim.SGD([parameter()], lr=torch.tensor(1.0))
    scheduler = Scheduler(opt, "linear", 10, group_scale="ratio")
    scheduler.step(5)
    opt.add_param_group({"params": [parameter()]})
    scheduler.step(6)
    assert rates_of(opt) == pytest.approx([0.4, 0.4])


def test_a_group_keeps_its_factor_when_another_goes():
    opt = sgd(1.0, 0.1)
    scheduler = Scheduler(opt, "linear", 10, group_scale="ratio")
    scheduler.step(1)
    del opt.param_groups[0]
    scheduler.step(2)
    assert rates_of(opt) == scheduler.get_last_lr() == [0.1 * 0.8]


def test_groups_keep_their_factors_when_they_change_places():
    opt = sgd(1.0, 0.1)
    scheduler = Scheduler(opt, "linear", 10, group_scale="ratio")
    scheduler.step(1)
    opt.param_groups.reverse()
    scheduler.step(2)
    assert rates_of(opt) == scheduler.get_last_lr() == [0.1 * 0.8, 0.8]


@pytest.mark.parametrize("scale", ["ratio", {"a": 1.0, "b": 0.1, "late": 0.5}])
def test_a_late_group_of_the_first_of_two_optimizers_moves_no_factor(scale):
    first, second = sgd(1.0, names=("a",)), sgd(0.1, names=("b",))
    scheduler = Scheduler([first, second], lehr.linear(10, max_lr=1.0), group_scale=scale)
    scheduler.step(1)
    first.add_param_group({"params": [parameter()], "lr": 0.5, "name": "late"})
    scheduler.step(2)
    assert [*rates_of(first), *rates_of(second)] == pytest.approx([0.8, 0.4, 0.08])


def test_alive_in_torch():
    for build, error in [
        (lambda opt: make.LambdaLR(opt, lambda t: 0.9), ValueError),
        (lambda opt: make.CosineAnnealingWarmRestarts(opt, 10), ValueError),
        (lambda opt: make.OneCycleLR(opt, 1.0, total_steps=10), KeyError),
    ]:
        opt = sgd(1.0)
        scheduler = build(opt)
        used_by(opt, scheduler, 1)
        opt.add_param_group(late())
        update(opt)
        with pytest.raises(error):
            scheduler.step()


def test_alive_in_torch_a_rate_too_high():
    opt = sgd(1.0)
    scheduler = make.LinearLR(opt, 0.1, 1.0, 10)
    used_by(opt, scheduler, 4)
    opt.add_param_group(late())
    used_by(opt, scheduler, 4)
    assert rates_of(opt)[1] > 0.75  # on the way to 1.0 times 0.5
