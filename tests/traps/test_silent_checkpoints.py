"""States that could not be loaded, or would load something else."""

from functools import partial

import catalogue.optimizers
import pytest

import lehr
from lehr import Constant, Plateau, Ramp, Scheduler
from lehr.scheduler import StateMismatchError

sgd = partial(catalogue.optimizers.sgd, gradient=True)


@pytest.mark.parametrize(
    "schedule", [lehr.Table([0.1] * 200_000), Ramp(1, 0.5, 10).repeat(3).then(*[Constant(0.1, 1)] * 20_000)]
)
def test_what_no_checkpoint_could_hold_is_refused_at_once(schedule):
    with pytest.raises(ValueError, match="at most"):
        Scheduler(sgd(), schedule)
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match="no checkpoint could hold"):
        scheduler.amend(schedule)
    Scheduler(sgd(), Constant(1.0)).load_state_dict(scheduler.state_dict())


def test_a_trainer_can_be_told_what_to_keep():
    state = Scheduler(sgd(), "linear", 10).state_dict()
    with pytest.raises(StateMismatchError, match=r"Scheduler\(\.\.\., keep='checkpoint'\)"):
        Scheduler(sgd(), "linear", 20).load_state_dict(state)
    for keep, steps in [("checkpoint", 10), ("code", 20)]:
        scheduler = Scheduler(sgd(), "linear", 20, keep=keep)
        scheduler.load_state_dict(state)
        assert scheduler.training_steps == steps
    with pytest.raises(ValueError, match="`keep` must be"):
        Scheduler(sgd(), "linear", 20, keep="mine")


ODD = [
    b"[[1.0, 1]]",
    "[[1.0, 100000000]]",
    "[[1.0, 1000000], [2.0, 1000000]]",
    f"[{', '.join(['[1.0, 999999]'] * 3_000)}]",
]


@pytest.mark.parametrize("factors", ODD)
def test_factors_of_a_state_cost_what_they_say(factors):
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match=r"group_factors|corrupt"):
        scheduler.load_state_dict(scheduler.state_dict() | {"group_factors": factors})


@pytest.mark.parametrize("wrong", [10**400, 10**19, -1, 1.5, True, "3"])
@pytest.mark.parametrize("key", ["samples_per_step", "updates", "commands", "position", "pending"])
def test_counts_of_a_state_are_counts(key, wrong):
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match=f"`{key}` must be an integer"):
        scheduler.load_state_dict(scheduler.state_dict() | {key: wrong})


def test_other_plateaus_are_a_difference():
    scheduler = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(scheduler, patience=3)
    state = scheduler.state_dict()
    with pytest.raises(StateMismatchError, match="what watches the metric: checkpoint Plateau, code nothing"):
        Scheduler(sgd(), Constant(1.0)).load_state_dict(state)
    other = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(other, patience=5)
    other.scale(0.5)
    with pytest.raises(StateMismatchError, match="Plateau: patience: checkpoint 3, code 5"):
        other.load_state_dict(state)


def test_settings_of_a_plateau_alone_drop_no_changes():
    scheduler = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(scheduler, patience=3)
    scheduler.scale(0.5)
    other = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(other, patience=5)
    other.load_state_dict(scheduler.state_dict(), keep="code")
    assert other.current_lr == 0.5


def test_a_checkpoint_with_another_number_of_plateaus_is_not_kept():
    saved = Scheduler(sgd(), Constant(1.0))
    Plateau(saved)
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match=r"what watches the metric differs \(checkpoint Plateau, code nothing\)"):
        scheduler.load_state_dict(saved.state_dict(), keep="checkpoint")
    scheduler.load_state_dict(saved.state_dict(), keep="code")
