"""torch's own schedulers beside a Scheduler: what is right is right to the step, and the rest says what to do."""

import copy
from functools import partial

import catalogue.optimizers
import pytest
import torch
from catalogue.optimizers import rates_of, recorded, update, used_by

import lehr
from lehr import Constant, Ramp, Scheduler

make = torch.optim.lr_scheduler
sgd = partial(catalogue.optimizers.sgd, gradient=True)
WARMUP = Ramp(0.2, 1.0, 4)
THEIRS = lehr.cosine(10, max_lr=1.0)  # CosineAnnealingLR with T_max=10


def warmup_first(optimizer):
    cosine = make.CosineAnnealingLR(optimizer, 10)
    return make.SequentialLR(optimizer, [Scheduler(optimizer, WARMUP), cosine], [4])


def warmup_last(optimizer):
    linear = make.LinearLR(optimizer, 0.2, 1.0, 4)
    return make.SequentialLR(optimizer, [linear, Scheduler(optimizer, THEIRS)], [4])


@pytest.mark.parametrize("build", [warmup_first, warmup_last])
def test_a_sequence_with_a_part_of_ours_is_the_schedule_of_both(build):
    whole = WARMUP.then(THEIRS)
    optimizer = sgd(1.0)
    assert used_by(optimizer, build(optimizer), 14) == pytest.approx([whole(t) for t in range(14)], rel=1e-9)


@pytest.mark.parametrize("updates", [0, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("build", [warmup_first, warmup_last])
def test_such_a_sequence_goes_on_after_a_checkpoint(build, updates):
    """The rate in the optimizer's state may be another part's, so a part of ours writes none when states are loaded."""
    optimizer = sgd(1.0)
    sequence = build(optimizer)
    used_by(optimizer, sequence, updates)
    states = copy.deepcopy((optimizer.state_dict(), sequence.state_dict()))
    again = sgd(1.0)
    resumed = build(again)
    again.load_state_dict(states[0])
    resumed.load_state_dict(states[1])
    assert used_by(again, resumed, 4) == used_by(optimizer, sequence, 4)


def test_a_part_that_took_our_first_rate_for_its_base_is_refused():
    optimizer = sgd(1.0)
    scheduler = Scheduler(optimizer, WARMUP)
    cosine = make.CosineAnnealingLR(optimizer, 10)
    with pytest.raises(ValueError, match=r"take its first rate, 0\.2, for their base, which was 1: build them before "
                       r"it, or say the parts as one schedule, a\.then\(b\)"):  # fmt: skip
        make.SequentialLR(optimizer, [scheduler, cosine], [4])


def test_without_a_warmup_the_base_is_right_in_either_order():
    optimizer = sgd(1.0)
    scheduler = Scheduler(optimizer, Ramp(1.0, 0.5, 4))
    sequence = make.SequentialLR(optimizer, [scheduler, make.ExponentialLR(optimizer, 0.5)], [4])
    assert used_by(optimizer, sequence, 6) == [1.0, 0.875, 0.75, 0.625, 1.0, 0.5]


def test_two_of_ours_are_refused_with_the_way_to_say_it():
    optimizer = sgd(1.0)
    first = Scheduler(optimizer, WARMUP)
    with pytest.raises(ValueError, match=r"already has a Scheduler for lr.*Combine the schedules \(a\.then\(b\), a"):
        Scheduler(optimizer, THEIRS)
    first.detach()


def test_a_part_and_follow_exclude_each_other():
    optimizer = sgd(1.0)
    cosine = make.CosineAnnealingLR(optimizer, 10)
    scheduler = Scheduler(optimizer, WARMUP).follow()
    with pytest.raises(ValueError, match="a Scheduler that follows cannot be a part of a SequentialLR"):
        make.SequentialLR(optimizer, [scheduler, cosine], [4])
    scheduler.detach()
    make.CosineAnnealingLR(optimizer := sgd(1.0), 10)
    part = Scheduler(optimizer, WARMUP)
    part.last_epoch -= 1  # as SequentialLR does
    with pytest.raises(ValueError, match="a part of a SequentialLR cannot follow"):
        part.follow()


WAY = (
    r"was changed by somebody else, from 1 to (0\.5|0\.1); the schedule's value is written again.*Another scheduler on "
    r"this optimizer has no effect.* a \* b or a\.then\(b\), and use lehr\.Plateau for ReduceLROnPlateau"
)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("follow", [False, True])
def test_beside_one_in_a_chain_a_warning_says_how_to_multiply(follow, reverse):
    optimizer = sgd(1.0)
    scheduler = Scheduler(optimizer, Constant(1.0))
    if follow:
        scheduler.follow()
    both = [scheduler, make.ExponentialLR(optimizer, 0.5)]
    chain = make.ChainedScheduler(both[::-1] if reverse else both)
    used = recorded(optimizer)
    with pytest.warns(UserWarning, match=WAY) as seen:
        used_by(optimizer, chain, 6)
    assert len(seen) == 1
    if follow:
        assert used == [1.0] * 6


def test_the_way_to_multiply_is_right():
    optimizer = sgd(1.0)
    scheduler = Scheduler(optimizer, Constant(1.0) * lehr.Exponential(1.0, 0.5))
    assert used_by(optimizer, scheduler, 6) == [0.5**t for t in range(6)]


@pytest.mark.parametrize("follow", [False, True])
def test_beside_reduce_on_plateau_a_warning_names_ours(follow):
    optimizer = sgd(1.0)
    scheduler = Scheduler(optimizer, Constant(1.0))
    if follow:
        scheduler.follow()
    theirs = make.ReduceLROnPlateau(optimizer, patience=0)

    def updates():
        for _ in range(6):
            update(optimizer)
            theirs.step(1.0)
            scheduler.step()

    with pytest.warns(UserWarning, match=WAY):
        updates()
    scheduler.detach()
    ours = Scheduler(optimizer, Constant(1.0))
    plateau = lehr.Plateau(ours, patience=0)
    for _ in range(2):
        update(optimizer)
        plateau.update(1.0)
        ours.step()
    assert rates_of(optimizer) == [0.1]


def test_a_state_before_the_first_step_of_a_part_can_be_loaded():
    optimizer = sgd(1.0)
    make.LinearLR(optimizer)
    part = Scheduler(optimizer, WARMUP)
    part.last_epoch -= 1
    state = part.state_dict()
    assert state["position"] == 0
    Scheduler(sgd(1.0), WARMUP).load_state_dict(state)
