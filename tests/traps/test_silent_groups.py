"""Param groups that come late, and factors that fit none."""

from functools import partial

import catalogue.optimizers
import pytest
import torch
from catalogue.optimizers import parameter, rates_of

import lehr
from lehr import Constant, Ramp, Scheduler, control

sgd = partial(catalogue.optimizers.sgd, gradient=True)


def test_a_late_group_gets_its_own_factor():
    optimizer = sgd(1e-3, names=("head",))
    scheduler = Scheduler(optimizer, "constant", group_scale={"head": 1.0, "body": 0.1})
    optimizer.step()
    optimizer.add_param_group({"params": [parameter(gradient=True)], "name": "body"})
    scheduler.step(1)
    assert rates_of(optimizer) == scheduler.get_last_lr() == [1e-3, 1e-4]


@pytest.mark.parametrize("groups", [1, 2, 7, 8, 9, 20])
@pytest.mark.parametrize("follow", [False, True])
def test_a_late_group_is_found_at_any_number_of_groups(groups, follow):
    optimizer = sgd(*[1.0] * groups)
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10), group_scale="ratio")
    if follow:
        scheduler.follow()
    for t in range(4):
        if not follow:
            scheduler.step(t)
        if t == 2:
            optimizer.add_param_group({"params": [parameter(gradient=True)], "lr": rates_of(optimizer)[0] * 0.5})
        optimizer.step()
    expected = [scheduler.schedule(scheduler.position)] * groups
    assert rates_of(optimizer)[:groups] == expected
    assert rates_of(optimizer) == scheduler.get_lr()


@pytest.mark.parametrize("groups", [1, 2, 7, 8, 9, 20])
@pytest.mark.parametrize("way", ["step(t)", "step(t) across a boundary", "step()", "follow"])
def test_a_late_group_with_the_very_float_of_the_others_gets_its_own_rate(groups, way):
    names = [f"group {n}" for n in range(groups)]
    optimizer = sgd(*[1e-3] * groups, names=names)
    schedule = Ramp(1e-3, 0, 1).then(Ramp(1e-3, 0, 9)) if "boundary" in way else Ramp(1e-3, 0, 10)
    scheduler = Scheduler(optimizer, schedule, group_scale=dict.fromkeys(names, 1.0) | {"body": 0.1})
    if way == "follow":
        scheduler.follow()
    used = []
    optimizer.register_step_pre_hook(lambda inner, *_: used.append(rates_of(inner)))
    for t in range(4):
        if "step(t)" in way:
            scheduler.step(t)
        optimizer.step()
        if way == "step()":
            scheduler.step()
        if t == 0:
            late = {"params": [parameter(gradient=True)], "name": "body", "lr": optimizer.param_groups[0]["lr"]}
            optimizer.add_param_group(late)
        if t == 0 and way == "step()":
            scheduler.step(1)  # torch's loop has no step between a group that comes here and the next update
    factors = [[1.0] * groups, *[[1.0] * groups + [0.1]] * 3]
    assert used == [[schedule(t) * factor for factor in row] for t, row in enumerate(factors)]


def test_group_scale_refuses_what_fits_no_group():
    with pytest.raises(ValueError, match="group_scale has 3 factors, and the optimizer 2 param groups"):
        Scheduler(sgd(1.0, 1.0), Constant(1.0), group_scale=[1.0, 0.5, 0.1])
    with pytest.raises(ValueError, match="'haed'; did you mean 'head'"):
        Scheduler(sgd(1.0, 1.0, names=("head", "body")), Constant(1.0), group_scale={"haed": 1.0, "body": 0.1})
    with pytest.raises(ValueError, match="the param groups have no names: give each a 'name'"):
        Scheduler(sgd(1.0, 1.0), Constant(1.0), group_scale={"head": 1.0, "body": 0.1})


def test_a_name_for_which_no_group_comes_is_warned_of():
    optimizer = sgd(1.0, names=("head",))
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10), group_scale={"head": 1.0, "tail": 0.1})
    with pytest.warns(UserWarning, match="group_scale names 'tail', and no param group has that name so far") as seen:
        [(scheduler.step(t), optimizer.step()) for t in range(6)]
    assert len(seen) == 1


def test_a_rate_that_a_tensor_cannot_hold_is_refused_and_changes_nothing():
    with pytest.raises(ValueError, match=r"lr of param group 0 can be at most 3\.40282e"):
        Scheduler(sgd(torch.tensor(1.0)), Constant(1e100))
    scheduler = Scheduler(sgd(torch.tensor(1.0)), lehr.cosine(100, max_lr=1.0))
    for act in (control.Scale(1e100), control.Rebase(1e300), control.Amend(Ramp(0.1, 1e100, 50))):
        with pytest.raises(ValueError, match="can be at most"):
            scheduler.change(act)
    scheduler.step(1)
    assert scheduler.history == []


def test_factors_put_no_infinity_into_the_optimizer():
    with pytest.raises(ValueError, match=r"times the factor 1e\+200 of the group"):
        Scheduler(sgd(), Constant(1e200), group_scale=[1e200])
    scheduler = Scheduler(sgd(), Constant(1.0), group_scale=[1e30])
    with pytest.raises(ValueError, match="times the factor"):  # torch's own arithmetic ends at float32
        scheduler.scale(1e30)
    assert rates_of(scheduler.optimizer) == [1e30]
