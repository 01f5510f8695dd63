"""`Scheduler.replacing`: a run goes on from a scheduler of torch with the rates that it would have had."""

import copy

import pytest
import torch
from catalogue.optimizers import through_a_file
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import DRIFT_OF_COSINE, adam, all_used, assert_same, sgd
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)
from torch.optim.swa_utils import SWALR

import lehr

UPDATES = 30
BELOW_ZERO = "OneCycleLR linear"  # at its step 30, which no optimizer is given
FROM_A_STATE = {
    "ConstantLR": lambda o: ConstantLR(o, 0.3, 7),
    "LinearLR": lambda o: LinearLR(o, 0.3, 0.7, 11),
    "StepLR": lambda o: StepLR(o, 7, 0.5),
    "MultiStepLR": lambda o: MultiStepLR(o, [0, 5, 5, 12], 0.3),
    "ExponentialLR": lambda o: ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: PolynomialLR(o, 19, 2.5),
    "CosineAnnealingLR": lambda o: CosineAnnealingLR(o, 11, 0.01),
    "CosineAnnealingWarmRestarts": lambda o: CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "CyclicLR": lambda o: CyclicLR(o, 0.01, [0.3, 0.5], 3, 5, mode="triangular2"),
    "OneCycleLR": lambda o: OneCycleLR(o, [0.3, 0.5], UPDATES),
    BELOW_ZERO: lambda o: OneCycleLR(o, [0.3, 0.5], UPDATES, anneal_strategy="linear", three_phase=True),
    "SWALR": lambda o: SWALR(o, 0.05, 9),
    "SequentialLR": lambda o: SequentialLR(o, [LinearLR(o, 0.1, 1, 5), CosineAnnealingLR(o, 20)], [5]),
    "ChainedScheduler": lambda o: ChainedScheduler([ConstantLR(o, 0.1, 4), ExponentialLR(o, 0.9)]),
}
BUILDS = FROM_A_STATE | {
    "LambdaLR": lambda o: LambdaLR(o, [lambda step: 1 / (1 + step), lambda step: 0.9**step]),
    "MultiplicativeLR": lambda o: MultiplicativeLR(o, lambda step: 0.9),
    "CyclicLR scale_fn": lambda o: CyclicLR(o, 0.01, 0.3, 3, scale_fn=lambda cycle: 1 / cycle),
    "no product": lambda o: ChainedScheduler([LinearLR(o, 0.1, 1, 5), CosineAnnealingLR(o, 20, 0.01)]),
}
OPTIMIZERS = {
    "SGD": lambda: sgd(0.1, 0.2, names=("body", "head")),
    "Adam": lambda: adam(0.1, 0.2, names=("body", "head")),
}
OPTIONS = {"after": "hold", "tabulate": UPDATES}


def replacing(name, scheduler, optimizer=None):
    after = "hold" if name == BELOW_ZERO else "peer"
    return lehr.Scheduler.replacing(scheduler, optimizer, after=after, tabulate=UPDATES)


def undisturbed(build, make):
    optimizer = make()
    return all_used(optimizer, build(optimizer), UPDATES)


def run_until(build, make, at):
    optimizer = make()
    scheduler = build(optimizer)
    return optimizer, scheduler, all_used(optimizer, scheduler, at)


def assert_same_rows(ours, theirs):
    """Rate and momentum of each group."""
    for group in range(2):
        for value in range(2):
            of = [[row[group][value] for row in rows] for rows in (ours, theirs)]
            assert_same(*of, drift=DRIFT_OF_COSINE)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(BUILDS)), st.sampled_from(sorted(OPTIMIZERS)), st.integers(0, UPDATES - 1))
def test_in_mid_run(name, make, at):
    """Several groups, and the momentum where the scheduler drives it."""
    build, make = BUILDS[name], OPTIMIZERS[make]
    optimizer, scheduler, rows = run_until(build, make, at)
    ours = quietly(lambda: replacing(name, scheduler))
    assert (ours.position, ours.updates) == (at, at)
    assert_same_rows(rows + all_used(optimizer, ours, UPDATES - at), undisturbed(build, make))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FROM_A_STATE)), st.sampled_from(sorted(OPTIMIZERS)), st.integers(0, UPDATES - 1))
def test_from_a_checkpoint(name, make, at):
    build, make = FROM_A_STATE[name], OPTIMIZERS[make]
    optimizer, scheduler, rows = run_until(build, make, at)
    saved = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    optimizer = make()
    optimizer.load_state_dict(saved["optimizer"])
    ours = quietly(lambda: replacing(name, saved["scheduler"], optimizer))
    assert_same_rows(rows + all_used(optimizer, ours, UPDATES - at), undisturbed(build, make))


@pytest.mark.parametrize("name", sorted(BUILDS))
@pytest.mark.parametrize("follow", [False, True])
def test_what_replaces_it_is_saved_and_resumed(name, follow):
    build, make = BUILDS[name], OPTIMIZERS["Adam"]
    optimizer, scheduler, rows = run_until(build, make, 6)
    ours = quietly(lambda: replacing(name, scheduler))
    ours = ours.follow() if follow else ours
    rows += quietly(lambda: all_used(optimizer, _Silent() if follow else ours, 5))
    saved = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": ours.state_dict()})

    optimizer = make()
    resumed = quietly(lambda: replacing(name, build(optimizer)))
    optimizer.load_state_dict(saved["optimizer"])
    resumed.load_state_dict(saved["scheduler"])
    assert resumed.position == 11
    assert_same_rows(rows + all_used(optimizer, resumed, UPDATES - 11), undisturbed(build, make))


class _Silent:
    """In the place of a scheduler whose `step` is not called."""

    def step(self):
        pass


def test_groups_that_agree_have_one_schedule():
    optimizer = sgd(0.1, 0.1)
    ours = lehr.Scheduler.replacing(StepLR(optimizer, 3))
    assert ours.schedules == {"lr": lehr.Exponential(0.1, 0.1, 3, staircase=True)}
    assert ours.group_schedules == [ours.schedule] * 2


def test_groups_that_differ_have_one_each():
    ours = lehr.Scheduler.replacing(StepLR(sgd(0.1, 0.2), 3))
    assert list(ours.schedules) == ["lr of group 0", "lr of group 1"]
    assert [schedule(3) for schedule in ours.group_schedules] == pytest.approx([0.01, 0.02])


def test_the_schedules_of_groups_have_their_factors():
    ours = lehr.Scheduler(sgd(0.1, 0.2), lehr.Ramp(1.0, 0.0, 4), group_scale=[1.0, 0.5])
    assert [schedule(1) for schedule in ours.group_schedules] == [0.75, 0.375]


def test_a_rate_in_a_tensor_keeps_its_identity():
    rate = torch.tensor(0.1)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = CosineAnnealingLR(optimizer, 10)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    ours = quietly(lambda: lehr.Scheduler.replacing(scheduler))
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(ours.schedule(3), rel=1e-6)


# What is left of the old scheduler.


def test_what_is_left_of_it_does_no_harm():
    """The wrapper that counts updates, and `initial_lr`: the updates and the hooks go on as before."""
    optimizer = sgd(0.1)
    ours = lehr.Scheduler.replacing(StepLR(optimizer, 3))
    assert hasattr(optimizer.step, "_wrapped_by_lr_sched")
    assert optimizer.param_groups[0]["initial_lr"] == 0.1
    ours.follow()
    optimizer.param_groups[0]["params"][0].grad = torch.ones(2)
    for _ in range(4):
        optimizer.step()
    assert (ours.position, ours.current_lr) == (4, pytest.approx(0.01))


def test_stepping_the_old_one_is_undone_and_said():
    optimizer = sgd(0.1)
    old = ExponentialLR(optimizer, 0.5)
    ours = lehr.Scheduler.replacing(old)
    optimizer.param_groups[0]["params"][0].grad = torch.ones(2)
    optimizer.step()
    old.step()
    with pytest.warns(UserWarning, match="lr of param group 0 was changed by somebody else, from 0.1 to 0.05"):
        ours.step()
    assert ours.current_lr == 0.05
    optimizer.step()
    ours.step()
    assert ours.current_lr == 0.025


# Refusals. Nothing has changed after one.


def refused(call, optimizer, match):
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(ValueError, match=match):
        call()
    assert repr(optimizer.state_dict()) == repr(before)
    lehr.Scheduler(optimizer, lehr.Constant(0.1), group_scale="same")  # nobody drives it


def test_a_function_without_tabulate():
    optimizer = sgd(0.1)
    scheduler = LambdaLR(optimizer, lambda step: 1 / (1 + step))
    refused(lambda: lehr.Scheduler.replacing(scheduler), optimizer, r"LambdaLR calls a Python function.*tabulate=N")


def test_too_few_steps_tabulated():
    optimizer = sgd(0.1)
    scheduler = LambdaLR(optimizer, lambda step: 1 / (1 + step))
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    call = lambda: lehr.Scheduler.replacing(scheduler, tabulate=5)  # noqa: E731  # called in `refused`
    refused(call, optimizer, "tabulate=5 ends before the present position, 5: give the steps of the run")


@pytest.mark.parametrize("name", ["LambdaLR", "MultiplicativeLR"])
def test_the_state_of_a_function(name):
    optimizer = OPTIMIZERS["SGD"]()
    state = BUILDS[name](optimizer).state_dict()
    call = lambda: lehr.Scheduler.replacing(state, optimizer, tabulate=10)  # noqa: E731  # called in `refused`
    refused(
        call, optimizer, r"state does not hold the Python functions of a LambdaLR or MultiplicativeLR: give the sch"
    )


def test_the_state_of_a_cycle_with_a_function():
    """It has the same keys as one without; what it wrote last tells them apart."""
    optimizer = sgd(0.1)
    scheduler = CyclicLR(optimizer, 0.01, 0.3, 3, scale_fn=lambda cycle: 0.5)
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    state = scheduler.state_dict()
    call = lambda: quietly(lambda: lehr.Scheduler.replacing(state, optimizer))  # noqa: E731  # called in `refused`
    refused(call, optimizer, "its settings say .* or the state lacks a function")


def test_the_state_of_a_cycle_says_that_it_may_have_had_one():
    optimizer = sgd(0.1)
    state = CyclicLR(optimizer, 0.01, 0.3, 3).state_dict()
    with pytest.warns(UserWarning, match="the state of a CyclicLR does not say whether it had a `scale_fn`"):
        lehr.Scheduler.replacing(state, optimizer)


def test_a_plateau():
    optimizer = sgd(0.1)
    plateau = torch_schedulers.ReduceLROnPlateau(optimizer)
    refused(lambda: lehr.Scheduler.replacing(plateau), optimizer, r"lehr\.Plateau")
    refused(lambda: lehr.Scheduler.replacing(plateau.state_dict(), optimizer), optimizer, r"lehr\.Plateau")


def test_a_state_needs_the_optimizer():
    with pytest.raises(ValueError, match=r"a state does not hold the optimizer: .*replacing\(state, optimizer\)"):
        lehr.Scheduler.replacing(StepLR(sgd(0.1), 3).state_dict())


@pytest.mark.parametrize(
    "state",
    [{}, {"last_epoch": 3}, {"last_epoch": 3, "gamma": 0.5, "mine": 1}, {"lr": 0.1}, {"_schedulers": [{}]}],
    ids=str,
)
def test_a_state_that_nobody_wrote(state):
    optimizer = sgd(0.1)
    refused(lambda: lehr.Scheduler.replacing(state, optimizer), optimizer, "not the state of a scheduler of torch")


def test_our_own_state_and_scheduler():
    ours = lehr.Scheduler(sgd(0.1), lehr.Constant(0.1))
    with pytest.raises(ValueError, match=r"state of a lehr.Scheduler: scheduler.load_state_dict\(state\)"):
        lehr.Scheduler.replacing(ours.state_dict(), sgd(0.1))
    with pytest.raises(ValueError, match=r"this is a lehr\.Scheduler already"):
        lehr.Scheduler.replacing(ours)


def test_another_number_of_groups():
    optimizer = sgd(0.1, 0.2)
    state = StepLR(sgd(0.1), 3).state_dict()
    refused(
        lambda: lehr.Scheduler.replacing(state, optimizer), optimizer, "for 1 param groups, and the optimizer has 2"
    )


def test_a_state_of_one_cycle_before_the_optimizers_own():
    state = OneCycleLR(sgd(0.1), 0.3, 30).state_dict()
    optimizer = sgd(0.1)
    refused(lambda: lehr.Scheduler.replacing(state, optimizer), optimizer, "give the optimizer after its own state was")


def test_a_rate_that_other_code_has_changed():
    optimizer = sgd(0.1)
    scheduler = StepLR(optimizer, 3)
    optimizer.param_groups[0]["lr"] = 0.07
    refused(lambda: lehr.Scheduler.replacing(scheduler), optimizer, "is 0.07, and StepLR wrote 0.1 last: load the opt")


def test_schedulers_of_a_chain_at_different_positions():
    optimizer = sgd(0.1)
    first, second = ConstantLR(optimizer), ExponentialLR(optimizer, 0.9)
    chain = ChainedScheduler([first, second])
    optimizer.step()
    second.step()
    refused(lambda: lehr.Scheduler.replacing(chain), optimizer, r"stand at different positions, \[0, 1\]")


def test_a_rate_below_zero():
    """OneCycleLR's last step; the schedule can say it, and no optimizer is given it."""
    optimizer = sgd(0.1)
    scheduler = OneCycleLR(optimizer, 0.3, 10, anneal_strategy="linear")
    with pytest.raises(ValueError, match=r"must be at least 0, and the schedule comes to -0\.04"):
        lehr.Scheduler.replacing(scheduler, after="peer")
