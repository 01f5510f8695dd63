"""What all trainers share: the settings that they pass on, and the length that they know."""

import inspect
import typing

import pytest
from catalogue.optimizers import sgd

import lehr
from lehr.integrations.sized import SchedulerSettings, sized_scheduler


def test_the_settings_are_those_of_the_scheduler():
    takes = set(inspect.signature(lehr.Scheduler).parameters) - {"optimizer", "schedule", "recipe_options"}
    options = set(typing.get_type_hints(SchedulerSettings))
    assert takes <= options
    from lehr.schedules.recipes.options import RecipeOptions

    assert options - takes == set(typing.get_type_hints(RecipeOptions))


def built(schedule, steps, **settings):
    return sized_scheduler(sgd(1.0), schedule, steps, "the trainer", settings)


def test_a_length_that_is_given_holds():
    scheduler = built("linear", 90, training_steps="100")
    assert scheduler.training_steps == 100
    with pytest.warns(UserWarning, match="100 steps and the trainer makes 80: its end is not reached; to take"):
        built("linear", 80, training_steps="100")


@pytest.mark.parametrize("unknown", [-1, float("inf"), None])
def test_a_trainer_that_does_not_know(unknown):
    assert built("linear", unknown, training_steps=100).training_steps == 100
    assert built("inverse_sqrt", unknown, warmup_steps=10).training_steps is None
    assert built(lehr.Constant(1.0), unknown).training_steps is None
    for schedule in ("linear", lambda steps: lehr.Ramp(1.0, 0.0, steps)):
        with pytest.raises(ValueError, match=r"does not know how many steps it trains \(it says .*\): limit its steps"):
            built(schedule, unknown)


def test_an_open_ended_recipe_stays_open_unless_it_has_shares():
    """So that a run may be resumed with more steps."""
    assert built("constant", 100).training_steps is None
    assert built("inverse_sqrt", 100, warmup_steps=10).training_steps is None
    assert built("inverse_sqrt", 100, warmup_steps="10%").schedule == lehr.inverse_sqrt(100, 10, max_lr=1.0)
    assert built("multistep", 100, milestones=["30%", 60]).schedule == lehr.multistep(
        100, max_lr=1.0, milestones=[30, 60]
    )


def test_steps_are_no_length_in_another_unit():
    with pytest.raises((ValueError, TypeError), match="training_steps"):
        built("linear", 100, unit="epochs", per_update=0.1)
    assert built("linear", 100, unit="epochs", per_update=0.1, training_steps=10).training_steps == 10
    with pytest.raises((ValueError, TypeError), match="training_steps"):
        built("linear", 100, unit="tokens")
    assert built("linear", 100, unit="tokens", training_steps="1M").training_steps == 1_000_000


def test_what_belongs_to_it_is_attached_once_it_is_built():
    found = []
    scheduler = sized_scheduler(sgd(1.0), "linear", 10, "the trainer", {}, found.append)
    assert found == [scheduler]
