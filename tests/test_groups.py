"""Param groups: what each gets, and that nothing else of the optimizer changes."""

import copy

import pytest
import torch
from catalogue.optimizers import adamw, parameter, rates_of, sgd

import lehr
from lehr import Scheduler


def test_groups_that_start_alike_get_the_same_in_silence():
    opt = adamw(0.1, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert (rates_of(opt), scheduler.get_last_lr()) == ([0.5, 0.5], [0.5, 0.5])


def test_flattening_is_said_once():
    opt = adamw(0.1, 0.01)
    with pytest.warns(UserWarning, match=r"\(0.1, 0.01\).*group_scale='same'.*group_scale='ratio'") as seen:
        scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert (rates_of(opt), len(seen)) == ([0.5, 0.5], 1)


@pytest.mark.parametrize(
    ("scale", "factors"),
    [("same", [1.0, 1.0]), ("ratio", [1.0, 0.25]), ([0.5, 2], [0.5, 2.0]), ({0: 1.0, 1: 0.0}, [1.0, 0.0])],
)
def test_group_scale(scale, factors):
    opt = adamw(0.4, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0, group_scale=scale)
    for t in (0, 5, 9):
        scheduler.step(t)
        expected = [scheduler.schedule(t) * factor for factor in factors]
        assert rates_of(opt) == scheduler.get_last_lr() == expected
        assert scheduler.current_lr == max(expected)


def test_factors_by_name():
    opt = sgd(0.1, 0.1, names=("body", "head"))
    Scheduler(opt, "constant", 10, max_lr=1.0, group_scale={"head": 1.0, "body": 0.1})
    assert rates_of(opt) == [0.1, 1.0]


@pytest.mark.parametrize(("scale", "expected"), [("same", 0.5), ("ratio", 0.25)])
def test_a_late_group_joins_by_the_rule_of_the_others(scale, expected):
    opt = adamw(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0, group_scale=scale)
    opt.add_param_group({"params": [parameter()], "lr": 0.05})
    scheduler.step(5)
    assert rates_of(opt) == [0.5, expected]
    assert scheduler.get_last_lr() == [0.5, expected]


def test_groups_that_are_replaced_are_found():
    opt = adamw(0.1, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(1)
    opt.load_state_dict(copy.deepcopy(opt.state_dict()))
    scheduler.step(2)
    assert rates_of(opt) == [0.8, 0.8]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensor_rates_are_filled_in_place(dtype):
    rate = torch.tensor(0.5, dtype=dtype)
    opt = torch.optim.SGD([parameter()], lr=rate)
    held = opt.param_groups[0]["lr"]
    scheduler = Scheduler(opt, "cosine", 50_000, 100, 1e-2)
    for t in range(0, 50_001, 50):
        scheduler.step(t)
    scheduler.step(30_000)
    assert opt.param_groups[0]["lr"] is held
    assert (held.dtype, held.shape) == (dtype, torch.Size([]))
    assert held == torch.tensor(scheduler.schedule(30_000), dtype=dtype)
    assert type(scheduler.current_lr) is float


def test_a_tensor_that_groups_share_is_given_to_each_apart():
    shared = torch.tensor(0.5)
    opt = torch.optim.SGD([{"params": [parameter()]}, {"params": [parameter()]}], lr=shared)
    Scheduler(opt, "constant", 10, max_lr=1.0, group_scale=[1.0, 0.5])
    assert rates_of(opt) == [1.0, 0.5]


def test_a_float_that_becomes_a_tensor_is_filled_from_then_on():
    opt = adamw()
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(1)
    held = opt.param_groups[0]["lr"] = torch.tensor(0.9)
    scheduler.step(5)
    assert opt.param_groups[0]["lr"] is held
    assert held.item() == 0.5


def test_nothing_of_the_optimizer_changes_but_the_rate():
    opt = adamw(weight_decay=0.1)
    before, keys = dict(vars(opt)), [set(group) for group in opt.param_groups]
    step = opt.step
    Scheduler(opt, "one_cycle", 10, max_lr=1.0).step(3)
    after = vars(opt)
    assert after.keys() == before.keys()
    assert "step" not in after
    assert opt.step == step
    assert [set(group) for group in opt.param_groups] == keys
    assert (opt.param_groups[0]["betas"], opt.param_groups[0]["weight_decay"]) == ((0.9, 0.999), 0.1)


def test_anything_with_groups_is_an_optimizer():
    class Wrapper:
        param_groups = [{"params": [], "lr": 0.1}]  # noqa: RUF012  # as some wrappers have it

    scheduler = Scheduler(Wrapper(), "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert Wrapper.param_groups[0]["lr"] == 0.5


def test_the_factor_of_each_group_and_the_optimizers_inside():
    one, other = sgd(1.0, 0.5), sgd(0.25)

    class Wrapper:
        def __init__(self, optimizer):
            self.optimizer = optimizer

        @property
        def param_groups(self):
            return self.optimizer.param_groups

    scheduler = Scheduler([Wrapper(one), other], "linear", 10, group_scale="ratio")
    assert scheduler.group_factors == [1.0, 0.5, 0.25]
    assert [inner is own for inner, own in zip(scheduler.optimizers, (one, other), strict=True)] == [True, True]
    scheduler.optimizers.clear()
    assert len(scheduler.optimizers) == 2
    assert Scheduler(sgd(1.0), {"weight_decay": lehr.Constant(0.1)}).group_factors == []
