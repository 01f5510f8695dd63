"""The catalogue has everything that lehr has, so that the laws are held against all of it."""

import math

import pytest
from catalogue.examples import ENDING, EXAMPLES, SHORT_ENDING
from catalogue.schedules import COMBINATOR_ROWS, PART_ROWS, RECIPE_ROWS, may_be_endless, of_recipe
from catalogue.settings import SHAPE_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Ramp
from lehr.schedules.base import KINDS
from lehr.schedules.recipes import RECIPES
from lehr.schedules.shapes import SHAPES


def test_every_recipe_and_class_has_a_row():
    assert set(RECIPE_ROWS) == set(RECIPES)
    assert {*PART_ROWS, *COMBINATOR_ROWS, "Recipe"} == set(KINDS)


def test_every_shape_has_an_entry():
    assert {name.partition("(")[0] for name in SHAPE_NAMES} == set(SHAPES)


@pytest.mark.parametrize("shape", SHAPE_NAMES)
def test_a_shape_has_the_parameters_that_it_needs(shape):
    assert math.isfinite(Ramp(1.0, 0.5, 8, shape)(3))


@pytest.mark.parametrize("name", sorted({*RECIPES, *KINDS} - {"Recipe"}))
def test_an_example_is_what_its_name_says_and_as_long_as_the_run(name):
    for schedules, length in ((ENDING, 100), (SHORT_ENDING, 20)):
        if name in RECIPES:
            assert schedules[name].name == name
        else:
            assert type(schedules[name]) is KINDS[name]
        assert schedules[name].length == length


def test_every_recipe_that_can_go_without_an_end_has_an_endless_example():
    endless = {name for name in EXAMPLES if EXAMPLES[name].length is None}
    assert {f"endless {name}" for name in RECIPES if may_be_endless(RECIPES[name])} <= endless


@pytest.mark.parametrize("name", RECIPE_ROWS)
def test_a_drawn_recipe_is_accepted_and_ends(name):
    @settings(max_examples=10, deadline=None)
    @given(of_recipe(name), st.integers(0, 400))
    def check(schedule, t):
        assert schedule.name == name
        assert schedule.length is not None
        assert schedule(t) >= 0

    check()
