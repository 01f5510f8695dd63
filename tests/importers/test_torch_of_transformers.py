"""A LambdaLR that transformers built is read by its function: every name of `get_scheduler`, and in mid-run."""

import pytest
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import DRIFT, all_used, assert_reads, assert_same, sgd

import lehr
from lehr.importers import from_torch

transformers = pytest.importorskip("transformers")

NAMES = {
    "linear": {},
    "cosine": {"num_cycles": 1.5},
    "cosine_with_restarts": {"num_cycles": 3},
    "polynomial": {"lr_end": 1e-4, "power": 2.0},
    "constant": {},
    "constant_with_warmup": {},
    "inverse_sqrt": {"timescale": 7},
    "cosine_with_min_lr": {"min_lr_rate": 0.1},
    "cosine_warmup_with_min_lr": {"min_lr_rate": 0.1, "warmup_lr_rate": 0.2},
    "warmup_stable_decay": {"num_decay_steps": 5, "min_lr_ratio": 0.1},
}


def build(name, warmup=4, steps=21):
    return lambda optimizer: quietly(
        lambda: transformers.get_scheduler(name, optimizer, warmup, steps, scheduler_specific_kwargs=NAMES[name])
    )


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(NAMES)), st.integers(0, 12), st.integers(13, 40))
def test_every_name(name, warmup, steps):
    quietly(lambda: assert_reads(build(name, warmup, steps), 60, rates=(0.3,), after="peer"))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_replaced_in_mid_run(name):
    undisturbed = sgd(0.3, 0.1)
    theirs = all_used(undisturbed, build(name)(undisturbed), 30)
    optimizer = sgd(0.3, 0.1)
    scheduler = build(name)(optimizer)
    rows = all_used(optimizer, scheduler, 9)
    ours = quietly(lambda: lehr.Scheduler.replacing(scheduler, after="peer"))
    rows += all_used(optimizer, ours, 21)
    for group in range(2):
        assert_same([row[group][0] for row in rows], [row[group][0] for row in theirs], drift=DRIFT)


def test_the_default_holds_and_says_so():
    with pytest.warns(UserWarning, match=r"cosine_with_min_lr of transformers goes on along its cosine after step 21"):
        schedule = from_torch(build("cosine_with_min_lr")(sgd(1.0)))
    assert schedule(21) == schedule(10**9) == pytest.approx(0.1)


def test_its_state_holds_no_function():
    optimizer = sgd(1.0)
    state = build("linear")(optimizer).state_dict()
    with pytest.raises(ValueError, match="does not hold the Python functions"):
        lehr.Scheduler.replacing(state, optimizer)
