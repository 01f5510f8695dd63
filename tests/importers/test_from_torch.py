"""Each class of torch.optim.lr_scheduler, read and stepped beside: every update has the rate of the schedule."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import DRIFT, DRIFT_OF_COSINE, adam, assert_reads, sgd
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.swa_utils import SWALR

import lehr
from lehr.importers import from_torch

LENGTHS = st.integers(1, 60)
RATES = st.floats(1e-6, 10)
STRATEGIES = st.sampled_from(["cos", "linear"])
SHARES = st.floats(0, 1)


def of(name, **arguments):
    cls = SWALR if name == "SWALR" else getattr(torch_schedulers, name)
    return lambda optimizer: cls(optimizer, **arguments)


CLASSES = {
    "ConstantLR": {"factor": st.floats(0.01, 1), "total_iters": st.integers(0, 60)},
    "LinearLR": {"start_factor": st.floats(0.01, 1), "end_factor": SHARES, "total_iters": st.integers(0, 60)},
    "StepLR": {"step_size": LENGTHS, "gamma": st.floats(0, 1.5)},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 80), max_size=6), "gamma": st.floats(0, 1.5)},
    "ExponentialLR": {"gamma": st.floats(0, 1.2)},
    "PolynomialLR": {"total_iters": st.integers(0, 60), "power": st.just(0) | st.floats(0.1, 5)},
    "CosineAnnealingLR": {"T_max": LENGTHS, "eta_min": st.floats(0, 2)},
    "CosineAnnealingWarmRestarts": {"T_0": st.integers(1, 20), "T_mult": st.integers(1, 4), "eta_min": st.floats(0, 2)},
    "SWALR": {"swa_lr": RATES, "anneal_epochs": st.integers(0, 60), "anneal_strategy": STRATEGIES},
    "CyclicLR": {
        "base_lr": st.floats(0, 2),
        "max_lr": st.floats(1e-6, 2),
        "step_size_up": st.integers(1, 20),
        "step_size_down": st.integers(1, 20),
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
        "gamma": st.floats(0, 1),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_to_the_step_and_past_its_end(name):
    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries(CLASSES[name]), RATES, st.sampled_from([sgd, adam]))
    def agrees(arguments, rate, make):
        drift = DRIFT_OF_COSINE if name == "CosineAnnealingLR" else DRIFT
        assert_reads(of(name, **arguments), 100, make, (rate,), drift=drift, after="peer")

    agrees()


ONE_CYCLE = {
    "max_lr": RATES,
    "total_steps": LENGTHS,
    "pct_start": SHARES,
    "anneal_strategy": STRATEGIES,
    "div_factor": st.floats(1, 100),
    "final_div_factor": st.floats(1, 1e5),
    "three_phase": st.booleans(),
}


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries(ONE_CYCLE), st.sampled_from([("momentum", sgd), ("betas[0]", adam)]))
def test_one_cycle_to_its_last_step(arguments, driven):
    """At its last step, ``total_steps``, torch extrapolates, and a step later it raises."""
    momentum, make = driven
    build, steps = of("OneCycleLR", **arguments), arguments["total_steps"]
    try:
        build(make(1.0))
    except ZeroDivisionError:  # pct_start · total_steps is exactly 1
        return
    if arguments["pct_start"] == 1:  # it divides by zero at its last step
        return
    schedule = assert_reads(build, steps + 1, make, after="peer")
    assert schedule(steps + 1) == schedule(10**9)
    assert_reads(build, steps + 1, make, key=momentum, after="peer")


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
@pytest.mark.parametrize(("key", "make"), [("momentum", sgd), ("betas[0]", adam)])
def test_the_momentum_of_cyclic(mode, key, make):
    build = of("CyclicLR", base_lr=0.1, max_lr=1.0, step_size_up=3, step_size_down=5, mode=mode, gamma=0.9)
    assert_reads(build, 60, make, key=key)


GRID = [
    ("ConstantLR", {"factor": 0.3, "total_iters": 1}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.0, "total_iters": 1}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.0, "total_iters": 7}),
    ("LinearLR", {"start_factor": 0.3, "end_factor": 0.9, "total_iters": 2.5}),
    ("PolynomialLR", {"total_iters": 2.5, "power": 2}),
    ("PolynomialLR", {"total_iters": 1, "power": 0.5}),
    ("CosineAnnealingLR", {"T_max": 1, "eta_min": 0.1}),
    ("CosineAnnealingLR", {"T_max": 2.5, "eta_min": 0.1}),
    ("CosineAnnealingLR", {"T_max": 37, "eta_min": 3.0}),
    ("MultiStepLR", {"milestones": [0, 0, 5, 5, 12], "gamma": 0.3}),
    ("MultiStepLR", {"milestones": [], "gamma": 0.3}),
    ("StepLR", {"step_size": 1, "gamma": 0.5}),
    ("CyclicLR", {"base_lr": 1.0, "max_lr": 0.1, "step_size_up": 3, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 1, "mode": "exp_range", "gamma": 1.0}),
]


@pytest.mark.parametrize(("name", "arguments"), GRID, ids=str)
def test_odd_sizes(name, arguments):
    assert_reads(of(name, **arguments), 90, after="peer")


def test_a_rate_in_a_tensor():
    tensor = torch.tensor(0.1, dtype=torch.float64)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=tensor)
    schedule = from_torch(torch_schedulers.CosineAnnealingLR(optimizer, 10), after="peer")
    assert schedule(5) == pytest.approx(0.05, rel=1e-12)
    assert type(schedule(0)) is float


@pytest.mark.parametrize(
    ("build", "drift"),
    [
        (of("ExponentialLR", gamma=1 - 1e-5), 1e-12),
        (of("LinearLR", start_factor=0.01, total_iters=200_000), 1e-12),
        (of("CosineAnnealingLR", T_max=200_001, eta_min=1e-3), 1e-12),
        (of("CosineAnnealingLR", T_max=7, eta_min=0.1), 1e-10),
    ],
)
def test_torch_drifts_by_less_than_the_docstring_says(build, drift):
    optimizer = sgd(1.0)
    scheduler = build(optimizer)
    schedule = from_torch(scheduler, after="peer")
    optimizer.step()
    for _ in range(200_000):
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(schedule(200_000), abs=drift)


# After the end.


@pytest.mark.parametrize(
    ("build", "end", "final", "says"),
    [
        (of("CosineAnnealingLR", T_max=10, eta_min=0.1), 10, 0.1, r"CosineAnnealingLR rises again after step 10"),
        (of("OneCycleLR", max_lr=1.0, total_steps=10, anneal_strategy="linear"), 10, 4e-6, r"extrapolates to -0.14"),
        (of("ConstantLR", factor=0, total_iters=4), 4, 0.0, r"ConstantLR divides by zero after step 4"),
    ],
)  # fmt: skip
def test_the_default_holds_and_says_that_torch_does_not(build, end, final, says):
    with pytest.warns(UserWarning, match=says):
        schedule = from_torch(build(sgd(1.0)))
    assert schedule(end) == schedule(end + 1) == schedule(10**9) == pytest.approx(final, rel=1e-12)


def test_one_cycle_below_zero_at_its_last_step():
    """(1 - 0)/… : the linear ramp of 7 steps goes one further, from 4e-6 by -0.142856."""
    build = of("OneCycleLR", max_lr=1.0, total_steps=10, anneal_strategy="linear")
    schedule = from_torch(build(sgd(1.0)), after="peer")
    assert [round(schedule(step), 6) for step in (8, 9, 10)] == [0.142861, 4e-6, -0.142853]


def test_what_torch_cannot_do_is_refused_as_peer():
    with pytest.raises(ValueError, match="ConstantLR divides by zero after step 4, which no schedule can say"):
        from_torch(of("ConstantLR", factor=0, total_iters=4)(sgd(1.0)), after="peer")


@pytest.mark.parametrize("after", ["stop", None])
def test_after_is_one_of_two_words(after):
    with pytest.raises(ValueError, match="unknown after"):
        from_torch(of("StepLR", step_size=3)(sgd(1.0)), after=after)


# Functions, and what depends on a metric.


@pytest.mark.parametrize(
    "build",
    [
        of("LambdaLR", lr_lambda=lambda step: 1 / (1 + step)),
        of("MultiplicativeLR", lr_lambda=lambda step: 1 - 1 / (2 + step)),
        of("CyclicLR", base_lr=0.1, max_lr=1.0, step_size_up=3, scale_fn=lambda cycle: 1 / cycle),
        of("CyclicLR", base_lr=0.1, max_lr=1.0, step_size_up=3, scale_fn=lambda t: 0.9**t, scale_mode="iterations"),
    ],
    ids=["LambdaLR", "MultiplicativeLR", "cycles", "iterations"],
)
def test_a_function_is_refused_or_tabulated(build):
    with pytest.raises(ValueError, match=r"calls a Python function.*tabulate=N"):
        from_torch(build(sgd(1.0)))
    schedule = assert_reads(build, 40, tabulate=40)
    assert isinstance(schedule, lehr.Table)
    assert schedule.length == 40
    assert schedule(40) == schedule(39)


def test_a_plateau_points_to_ours():
    with pytest.raises(ValueError, match=r"depends on a metric.*lehr.Plateau\(scheduler"):
        from_torch(torch_schedulers.ReduceLROnPlateau(sgd(1.0)))


def test_a_class_that_extends_torchs_is_refused():
    class Slower(torch_schedulers.ExponentialLR):
        pass

    with pytest.raises(ValueError, match="Slower extends ExponentialLR, so that its rates may be others"):
        from_torch(Slower(sgd(1.0), 0.5))


@pytest.mark.parametrize("thing", [None, 3, "cosine", sgd(1.0)], ids=["None", "3", "text", "optimizer"])
def test_what_is_no_scheduler(thing):
    with pytest.raises(ValueError, match=r"takes a scheduler of torch\.optim.lr_scheduler or SWALR, got"):
        from_torch(thing)


def test_our_own_scheduler_has_its_schedule():
    scheduler = lehr.Scheduler(sgd(1.0), lehr.Constant(0.1))
    with pytest.raises(ValueError, match=r"its schedule is scheduler.schedule"):
        from_torch(scheduler)


@pytest.mark.parametrize("arguments", [{"gamma": -0.5}, {"gamma": math.inf}], ids=str)
def test_what_is_no_rate_is_refused(arguments):
    with pytest.raises(ValueError, match="factor"):
        from_torch(of("ExponentialLR", **arguments)(sgd(1.0)))


# Groups.


def test_groups_with_one_schedule_need_no_choice():
    assert from_torch(of("StepLR", step_size=3)(sgd(0.1, 0.1))) == from_torch(of("StepLR", step_size=3)(sgd(0.1)))


@pytest.mark.parametrize("group", [0, 1, "head"])
def test_groups_with_different_schedules(group):
    build = of("CosineAnnealingLR", T_max=10, eta_min=0.2)
    optimizer = sgd(0.5, 1.0, names=("body", "head"))
    with pytest.raises(ValueError, match=r"\(their first values are body: 0.5, head: 1\): say which with group="):
        from_torch(build(optimizer), after="peer")
    schedule = from_torch(build(sgd(0.5, 1.0, names=("body", "head"))), after="peer", group=group)
    assert schedule(0) == (0.5 if group == 0 else 1.0)
    assert_reads(build, 30, rates=(0.5, 1.0), group=int(group != 0), after="peer")


def test_an_unknown_group_or_key_is_refused():
    scheduler = of("StepLR", step_size=3)(sgd(0.5, 1.0))
    with pytest.raises(ValueError, match="unknown param group 2; Available: 0, 1"):
        from_torch(scheduler, group=2)
    with pytest.raises(ValueError, match="does not drive 'momentum', only lr"):
        from_torch(scheduler, key="momentum")
