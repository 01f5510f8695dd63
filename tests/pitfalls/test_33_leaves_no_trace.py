"""A torch scheduler replaces `optimizer.step`, adds a key to every group, and fails where `step` is a plain function.

Nothing is replaced, no key is added, no reference cycle is made, and nothing is left after `detach()`.

Reported in https://github.com/meta-pytorch/torchtune/issues/2263 https://github.com/pytorch/pytorch/issues/25605 https://github.com/pytorch/pytorch/issues/126131
"""

import copy
import functools
import gc
import pickle
import weakref

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, update, used_by

import lehr
from lehr import Plateau, Scheduler

make = torch.optim.lr_scheduler


def shape_of(opt):
    """All that is seen of an optimizer: its attributes, its methods, its hooks, the keys of its groups."""
    hooks = {name: len(value) for name, value in vars(opt).items() if name.endswith("_hooks")}
    return (
        {name: type(value) for name, value in vars(opt).items()},
        hooks,
        [list(group) for group in opt.param_groups],
        type(opt).step,
        opt.step.__func__,
        dict(opt.defaults),
    )


def use(opt, scheduler):
    used_by(opt, scheduler, 3)
    scheduler.load_state_dict(scheduler.state_dict())


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("name", SHORT)
def test_before_and_after(name, follow):
    opt = sgd(1.0, 0.5, momentum=0.9)
    before = shape_of(opt)
    scheduler = Scheduler(opt, SHORT[name], group_scale="ratio")
    while_attached = shape_of(opt)
    assert (while_attached[0], while_attached[2:]) == (before[0], before[2:])
    if follow:
        scheduler.follow()
    use(opt, scheduler)
    scheduler.detach()
    assert shape_of(opt) == before


def test_what_is_detached_hears_and_writes_nothing():
    opt = sgd()
    scheduler = Scheduler(opt, "linear", 10).follow()
    update(opt)
    scheduler.detach()
    scheduler.detach()  # twice is once
    for _ in range(3):
        update(opt)
    opt.load_state_dict(opt.state_dict())
    assert (rates_of(opt), scheduler.position) == ([0.9], 1)


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("first", ["optimizer", "scheduler"])
def test_freed_without_the_collector(name, first):
    gc.disable()
    try:
        opt = sgd()
        scheduler = Scheduler(opt, SHORT[name]).follow()
        update(opt)
        opt_ref, scheduler_ref = weakref.ref(opt), weakref.ref(scheduler)
        if first == "optimizer":
            del opt
            del scheduler
        else:
            del scheduler
            del opt
        assert (opt_ref(), scheduler_ref()) == (None, None)
    finally:
        gc.enable()


def test_freed_with_a_plateau():
    gc.collect()
    gc.disable()
    try:
        opt = sgd()
        scheduler = Scheduler(opt, "linear", 10)
        plateau = Plateau(scheduler)
        refs = weakref.ref(opt), weakref.ref(scheduler), weakref.ref(plateau)
        del opt, scheduler, plateau
        assert [ref() for ref in refs] == [None] * 3
    finally:
        gc.enable()


def test_a_scheduler_that_is_dropped_takes_its_hooks_along():
    opt = sgd()
    before = shape_of(opt)
    scheduler = Scheduler(opt, "linear", 10).follow()
    gc.collect()
    gc.disable()
    try:
        with pytest.warns(UserWarning, match="dropped before the first update"):
            del scheduler
        assert shape_of(opt) == before
    finally:
        gc.enable()


@pytest.mark.parametrize("how", ["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("follow", [False, True])
def test_copies_of_the_optimizer(how, follow):
    opt = sgd(momentum=0.9)
    scheduler = Scheduler(opt, "linear", 10)
    if follow:
        scheduler.follow()
    update(opt)
    duplicate = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda o: pickle.loads(pickle.dumps(o))}[how]
    again = duplicate(opt)
    position, rates = scheduler.position, rates_of(opt)
    update(again)
    assert (scheduler.position, rates_of(opt)) == (position, rates)  # a copy's updates are not this run's
    assert rates_of(again) == rates


def test_a_step_that_is_no_method():
    for step in (lambda opt: lambda closure=None: None, lambda opt: functools.partial(opt.step)):
        opt = sgd()
        opt.step = theirs = step(opt)
        scheduler = Scheduler(opt, "linear", 10)
        scheduler.step(3)
        assert opt.step is theirs
        assert rates_of(opt) == [0.7]


def test_several_schedulers_of_one_optimizer_and_both_go():
    opt = sgd(weight_decay=0.1)
    before = shape_of(opt)
    both = [Scheduler(opt, lehr.linear(10, max_lr=1.0)), Scheduler(opt, {"weight_decay": lehr.Ramp(0.1, 0.2, 10)})]
    for scheduler in both:
        scheduler.detach()
    assert shape_of(opt) == before


def test_a_refused_constructor_leaves_nothing():
    opt = sgd(1.0)
    before = shape_of(opt)
    for wrong in ("cosin", {"lr": 3}, {"momenta": lehr.linear(10, max_lr=1.0)}):
        with pytest.raises(ValueError):
            Scheduler(opt, wrong)
    assert (shape_of(opt), rates_of(opt)) == (before, [1.0])


def test_alive_in_torch():
    opt = sgd()
    assert "step" not in vars(opt)
    make.LambdaLR(opt, lambda t: 1.0)
    assert "step" in vars(opt)
    assert "initial_lr" in opt.param_groups[0]
    for step in (lambda closure=None: None, functools.partial(print)):
        opt = sgd()
        opt.step = step
        with pytest.raises(AttributeError, match="__func__"):
            make.LambdaLR(opt, lambda t: 1.0)
