"""Every recipe at the edges of its settings: its length, and rates between the floor and the peak."""

import inspect

import pytest
from catalogue.settings import SHAPE_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr.schedules.recipes import RECIPES

SHAPES = st.sampled_from([name for name in SHAPE_NAMES if name != "cosine(3)"])  # which comes up again
ENDS_AT_ITS_FLOOR = (
    *("cosine", "linear", "polynomial", "exponential", "rex", "wsd", "trapezoid", "power", "infinite"),
    *("cosine_restarts", "triangular", "triangular2", "exp_range"),
)
FACTORS = st.sampled_from([1e-3, 0.1, 0.5, 1.0])


@st.composite
def settings_of(draw, name):
    """Settings that the recipe accepts, at their edges more often than not."""
    total = draw(st.integers(1, 40))

    def part_of(whole):
        return draw(st.sampled_from([0, 1, whole, whole // 2]).filter(lambda part: part <= whole))

    warmup = part_of(total // 2 if name == "one_cycle" else total)
    peak, height = draw(st.sampled_from([1.0, 3e-4])), draw(st.sampled_from([0.01, 0.3, 1.0, 0.0]))
    shape = draw(SHAPES)
    if (not height and shape == "exponential") or name in ("exponential", "chebyshev"):
        height = height or 0.01
    cooldown = part_of(total - warmup)
    drawn = {
        "training_steps": total,
        "warmup_steps": warmup,
        "max_lr": peak,
        "min_lr": peak * height,
        "decay_steps": draw(st.integers(1, 50)) if name == "step_decay" else cooldown,
        "cooldown_steps": part_of(total - warmup - cooldown),
        "constant_lr": peak * (1 + height) / 2,
        "decay_shape": shape,
        "cooldown_shape": shape,
        "shape": shape,
        "decay_factor": draw(FACTORS),
        "height_factor": draw(FACTORS),
        "length_factor": draw(st.sampled_from([1, 1.5, 2])),
        "cycle_steps": draw(st.integers(1, 50)),
        "milestones": sorted(draw(st.lists(st.integers(warmup, total), min_size=1, max_size=4))),
        "timescale": draw(st.sampled_from([None, 1, 100])),
        "exponent": draw(st.sampled_from([0.0, -0.5, -2.0])),
        "power": draw(st.sampled_from([0.5, 1.0, 3.0])),
        "ramps": draw(st.sampled_from([2, 3])),
        "start_lr": peak * height,
        "warmup_start_lr": draw(st.sampled_from([None, peak * height])),
        "warmup_shape": draw(SHAPES.filter(lambda shape: shape != "exponential")),
        "k": draw(st.sampled_from([0.5, 1.0, 3.0])),
        "stairs": draw(st.sampled_from([None, 1, 7])),
        "rise_steps": draw(st.sampled_from([None, 0, 1])),
    }
    if name == "cosine":
        drawn["exponent"] = draw(st.sampled_from([0.5, 1.0, 2.0]))
    if name == "exponential":
        drawn["decay_factor"] = None
    if name == "one_cycle":
        drawn["fall_steps"] = draw(st.integers(0, total - warmup)) if drawn["ramps"] == 3 else None
    if name == "inverse_time":
        drawn["timescale"] = draw(st.integers(1, 100))
    if name == "cosine_restarts":
        drawn["cycle_warmup_steps"] = part_of(drawn["cycle_steps"])
    takes = inspect.signature(RECIPES[name]).parameters
    return {word: value for word, value in drawn.items() if word in takes}


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"noam", "piecewise_constant"}))
def test_no_rate_leaves_the_way_between_the_floor_and_the_peak(name):
    @settings(deadline=None, max_examples=60)
    @given(settings_of(name))
    def holds(drawn):
        schedule = RECIPES[name](**drawn)
        total, warmup = drawn["training_steps"], drawn.get("warmup_steps", 0)
        assert schedule.length == total
        peak, floor = drawn["max_lr"] * (1 + 1e-9), drawn.get("min_lr", 0.0) * (1 - 1e-9)
        for position in range(2 * total + 4):
            rate = schedule(position / 2)
            assert rate <= peak
            if position / 2 >= warmup:
                assert rate >= floor
        if name in ENDS_AT_ITS_FLOOR and drawn.get("decay_steps", total > warmup):
            assert schedule(total) == pytest.approx(drawn["min_lr"], rel=1e-9)
        unlimited = inspect.signature(RECIPES[name]).parameters["training_steps"].default is None
        if unlimited and name not in ("constant", "exponential"):  # which then needs another setting
            endless = RECIPES[name](**{**drawn, "training_steps": None})
            assert endless.length is None or name == "multistep"
            assert [endless(t) for t in range(total)] == pytest.approx([schedule(t) for t in range(total)])

    holds()


def test_power_without_a_cooldown_stays_above_its_floor():
    schedule = lehr.power(100, max_lr=1.0, min_lr=0.3, exponent=-2.0, timescale=1, decay_steps=0)
    assert [schedule(t) for t in (0, 1, 50, 100)] == [1.0, 0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("build", "setting"),
    [
        (lehr.cosine_restarts, "cycle_steps"),
        (lehr.triangular, "cycle_steps"),
        (lehr.step_decay, "decay_steps"),
        (lehr.inverse_sqrt, "timescale"),
    ],
)
def test_a_length_of_zero_is_refused_by_its_own_name(build, setting):
    with pytest.raises(ValueError, match=f"{build.__name__} needs `{setting}` of at least 1, got 0"):
        build(100, max_lr=1.0, **{setting: 0})


def test_a_shape_is_checked_where_it_is_not_used():
    with pytest.raises(ValueError, match="1-sqr"):
        lehr.wsd(100, max_lr=1.0, decay_steps=0, decay_shape="1-sqr")


def test_phases_that_do_not_fit_are_refused_in_the_name_of_the_recipe():
    with pytest.raises(ValueError, match="trapezoid needs its phases"):
        lehr.trapezoid(10, 6, 1.0, decay_steps=8)
