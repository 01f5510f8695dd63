"""The first update, the peak and the position."""

from fractions import Fraction
from functools import partial

import catalogue.optimizers
import pytest
import torch
from catalogue.optimizers import rates_of

import lehr
from lehr import Constant, Ramp, Scheduler

sgd = partial(catalogue.optimizers.sgd, gradient=True)


def stepped_before(scheduler, optimizer):
    scheduler.step()
    optimizer.step()


def counted_from_1(scheduler, optimizer):
    scheduler.step(1)
    optimizer.step()


@pytest.mark.parametrize("loop", [stepped_before, counted_from_1])
def test_a_rate_of_position_0_that_is_never_used_is_warned_of_once(loop):
    optimizer = sgd()
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None  # also before the first gradient
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    with pytest.warns(UserWarning, match="that of 0 is never used.*after optimizer.step") as seen:
        loop(scheduler, optimizer)
    assert len(seen) == 1
    for t in range(2, 6):
        scheduler.step(t)
        optimizer.step()


def test_right_loops_and_resumed_ones_are_not_warned_of():
    for loop in (
        lambda s, o: [(s.step(t), o.step()) for t in range(5)],
        lambda s, o: [(o.step(), s.step()) for _ in range(5)],
        lambda s, o: [(s.step(t), o.step()) for t in range(5_000, 5_005)],  # resumed by hand
        lambda s, o: [o.step() for _ in range(5)],
    ):
        optimizer = sgd()
        loop(Scheduler(optimizer, Ramp(1, 0, 10_000)), optimizer)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    optimizer.step()
    scheduler.step()
    resumed = Scheduler(again := sgd(), Ramp(1, 0, 10))
    resumed.load_state_dict(scheduler.state_dict())
    again.step()


def test_the_rate_of_an_earlier_scheduler_is_not_taken_for_a_peak():
    optimizer = sgd(1.0)
    first = Scheduler(optimizer, "cosine", 100)
    first.step(90)
    first.detach()
    with pytest.raises(ValueError, match=r"what an earlier Scheduler wrote.*before it the rate was 1\).*max_lr="):
        Scheduler(optimizer, "cosine", 100)
    assert Scheduler(optimizer, "cosine", 100, max_lr=0.5).current_lr == 0.5


def test_a_rate_that_somebody_set_since_is_a_peak():
    optimizer = sgd(1.0)
    first = Scheduler(optimizer, "cosine", 100)
    first.step(90)
    first.detach()
    optimizer.param_groups[0]["lr"] = 0.25
    assert Scheduler(optimizer, "cosine", 100).current_lr == 0.25


def test_a_rate_that_the_first_scheduler_never_changed_is_a_peak():
    optimizer = sgd(0.5)
    first = Scheduler(optimizer, "constant", 100)
    first.step(90)
    first.detach()
    assert Scheduler(optimizer, "cosine", 100).current_lr == 0.5


def test_going_back_and_forth_saves_where_it_stands():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    scheduler.step(5)
    optimizer.step()
    scheduler.step(2)
    scheduler.step(5)
    assert scheduler.state_dict()["position"] == scheduler.next_position == 5


@pytest.mark.parametrize("saved_after", ["step", "advance"])
def test_advance_after_a_restore_counts_once(saved_after):
    def built():
        return Scheduler(sgd(), Ramp(1, 0, 100), unit="samples", per_update=10)

    scheduler = built()
    scheduler.optimizer.step()
    if saved_after == "advance":
        scheduler.advance(10)
    resumed = built()
    resumed.load_state_dict(scheduler.state_dict())
    assert (resumed.position, rates_of(resumed.optimizer)) == (10, [0.9])
    if saved_after == "step":
        resumed.advance(10)  # of the update before the save
    assert resumed.position == 10
    resumed.optimizer.step()
    resumed.advance(10)
    assert resumed.position == 20


def test_positions_that_no_checkpoint_could_hold_are_refused():
    scheduler = Scheduler(sgd(), Constant(1.0))
    for wrong in (10**18, 10**400, -1, 0.5, float("nan"), True, "3"):
        with pytest.raises(ValueError, match="step needs the index of an update"):
            scheduler.step(wrong)
    scheduler.step(10**18 - 1)
    Scheduler(sgd(), Constant(1.0)).load_state_dict(scheduler.state_dict())


def test_epochs_may_be_fractions():
    scheduler = Scheduler(sgd(), lehr.linear(8, max_lr=1.0), unit="epochs")
    scheduler.step(4.0)
    assert (scheduler.current_lr, scheduler.position) == (0.5, 4)
    scheduler.step(epoch=4.4)
    assert (scheduler.current_lr, scheduler.position) == (pytest.approx(0.45), 4.4)
    resumed = Scheduler(sgd(), lehr.linear(8, max_lr=1.0), unit="epochs")
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.position == 4.4
    with pytest.raises(ValueError, match="unit='epochs'"):
        Scheduler(sgd(), "linear", 10).step(0.1)


def test_a_recipe_has_no_warmup_within_an_epoch():
    """Its first rate, ``max_lr / warmup_steps``, would hold for the whole first epoch: with one epoch, no warmup."""
    for per_update in (None, 0.1):
        with pytest.raises(ValueError, match=r"`warmup_steps` .* counts whole epochs"):
            Scheduler(sgd(), "cosine", 10, 1, max_lr=1.0, unit="epochs", per_update=per_update)
    plain = Scheduler(sgd(), "cosine", 10, max_lr=1.0, unit="epochs")
    with pytest.raises(ValueError, match=r"`warmup_steps` .* counts whole epochs"):
        plain.amend(lehr.linear(5, 1, max_lr=1.0))
    assert plain.history == []
    once_an_epoch = Scheduler(sgd(), "linear", 10, 2, max_lr=1.0, unit="epochs", per_update=1)
    once_an_epoch.step(1)
    assert once_an_epoch.current_lr == 0.5
    part = Scheduler(sgd(), Ramp(0.1, 1.0, 0.5).then(lehr.cosine(9.0, max_lr=1.0)), unit="epochs")
    part.step(0.25)
    assert part.current_lr == pytest.approx(0.55)


@pytest.mark.parametrize("updates", [1, 2, 3])
def test_a_checkpoint_within_an_epoch_goes_on_in_that_epoch(updates):
    """Where the rate is set once an epoch. It went on one epoch ahead."""

    def built():
        return Scheduler(sgd(), Ramp(1, 0, 4), unit="epochs", per_update=1)

    scheduler = built()
    for _ in range(updates):
        scheduler.optimizer.step()
    assert (scheduler.next_position, scheduler.next_lrs) == (0, [1.0])
    resumed = built()
    resumed.load_state_dict(scheduler.state_dict())
    for epoch in range(4):
        assert (resumed.position, rates_of(resumed.optimizer)) == (epoch, [1 - epoch / 4])
        resumed.optimizer.step()
        resumed.step()
    assert resumed.position == 4


def test_updates_that_are_epochs_are_followed():
    scheduler = Scheduler(sgd(), Ramp(1, 0, 4), unit="epochs", per_update=1).follow()
    scheduler.optimizer.step()
    assert scheduler.position == scheduler.next_position == 1
    resumed = Scheduler(sgd(), Ramp(1, 0, 4), unit="epochs", per_update=1).follow()
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.position == 1


@pytest.mark.parametrize("per_epoch", [3, 7, 10, 49, 250, 1_001])
def test_fractions_of_an_epoch_add_up(per_epoch):
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 100), unit="epochs", per_update=1 / per_epoch).follow()
    for n in range(3 * per_epoch):
        assert scheduler.position == float(Fraction(n, per_epoch))
        optimizer.step()
    assert scheduler.position == 3


def test_a_tensor_that_an_earlier_scheduler_wrote_is_not_taken_for_a_peak():
    optimizer = sgd(torch.tensor(1.0))
    first = Scheduler(optimizer, "cosine", 100, 10)
    first.step(50)
    first.detach()
    with pytest.raises(ValueError, match="what an earlier Scheduler wrote"):
        Scheduler(optimizer, "cosine", 100, 10)


def test_the_largest_position_can_be_saved_after_its_update():
    scheduler = Scheduler(optimizer := sgd(), Constant(1.0))
    scheduler.step(10**18 - 1)
    optimizer.step()
    state = scheduler.state_dict()
    assert state["position"] == 10**18
    Scheduler(sgd(), Constant(1.0)).load_state_dict(state)


def test_lengths_of_changes_in_epochs_may_be_fractions():
    scheduler = Scheduler(sgd(), Ramp(1, 0, 10), unit="epochs", per_update=0.25)
    scheduler.step(2)
    scheduler.cooldown("25%", shape="linear")
    assert (scheduler.training_steps, scheduler.current_lr) == (4.5, 0.8)
    scheduler.dip(0.5, recover=1.5)
    assert scheduler.history[-1].what == "dip(factor=0.5, recover=1.5)"
    in_steps = Scheduler(sgd(), Ramp(1, 0, 10))
    with pytest.raises(ValueError, match="steps"):
        in_steps.cooldown(2.5)
    assert in_steps.history == []


def test_under_follow_advance_moves_nothing_and_says_so_once():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8)).follow()
    optimizer.step()
    with pytest.warns(UserWarning, match=r"advance\(3\) does not move it from 1") as seen:
        [scheduler.advance(3) for _ in range(2)]
    assert (len(seen), scheduler.position, scheduler.skipped) == (1, 1, 2)
    scheduler.detach()


def test_after_a_checkpoint_an_advance_may_come_in_parts():
    """The state was written between an update and its `advance`, so its position is already one update ahead."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 100), unit="samples", per_update=8)
    optimizer.step()
    resumed = Scheduler(sgd(), Ramp(1, 0, 100), unit="samples", per_update=8)
    resumed.load_state_dict(scheduler.state_dict())
    positions = [resumed.position]
    for part in (5, 3, 4):
        resumed.advance(part)
        positions.append(resumed.position)
    assert positions == [8, 8, 8, 12]


@pytest.mark.parametrize("wrong", [-2, 0.5, "3", 10**18])
def test_last_epoch_takes_no_position_that_step_refuses(wrong):
    scheduler = Scheduler(sgd(), Ramp(1, 0, 8))
    with pytest.raises(ValueError, match="index of an update"):
        scheduler.last_epoch = wrong
    assert scheduler.last_epoch == 0
