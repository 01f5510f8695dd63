"""Shapes stay between their two levels and meet their end; the cosine is right to its last digits."""

import math

import exact
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lehr
from lehr import Ramp
from lehr.schedules import shapes
from lehr.schedules.source import to_python

JUMPS = {"tanh", "saturating", "log"}
"""The conventions of other libraries that do not come to their end."""


@st.composite
def named(draw, names=tuple(shapes.SHAPES)):
    """Any shape, with parameters where it needs some."""
    name = draw(st.sampled_from(names))
    if name == "cosine":
        return draw(st.sampled_from(["cosine", "cosine(3)", "cosine(5)"]))
    needed = [p for p in shapes.SHAPES[name].parameters if p.default is p.empty]
    arguments = [str(draw(st.floats(0.4, 5))) for _ in needed]
    return f"{name}({', '.join(arguments)})" if arguments else name


levels = st.one_of(st.just(0.0), st.floats(1e-6, 10))
lengths = st.one_of(st.integers(1, 300), st.floats(0.01, 300), st.sampled_from([0.3, 1, 1.5, 2, 2.5, 10**12]))


@st.composite
def ramps(draw, names=tuple(shapes.SHAPES)):
    shape = draw(named(names))
    ends = st.floats(1e-6, 10) if shape == "exponential" else levels
    return Ramp(draw(ends), draw(ends), draw(lengths), shape)


@given(ramps(), st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_no_shape_leaves_the_way_between_its_two_levels(ramp, shares):
    low, high = sorted((ramp.start, ramp.end))
    slack = 4 * math.ulp(high)
    positions = [*(share * ramp.length for share in shares), *range(min(int(ramp.length) + 2, 100))]
    rates = [*map(ramp, positions), *ramp(np.array(positions, dtype=float)).tolist()]
    assert all(low - slack <= rate <= high + slack for rate in rates)
    assert ramp(ramp.length) == ramp.end


@given(ramps())
def test_a_shape_meets_its_end_or_describe_names_the_jump(ramp):
    before = ramp(math.nextafter(ramp.length, 0))
    jumps = abs(before - ramp.end) > 1e-4 * max(ramp.start, ramp.end)
    name = ramp.shape.partition("(")[0]
    assert not jumps or name in JUMPS
    if jumps and ramp.length < 10**6:
        assert f", jumps to {ramp.end:.6g}" in ramp.describe()


def test_a_logarithmic_warmup_of_any_length():
    assert [Ramp(1, 0, 2.5, "log")(t) for t in (0, 1, 2, 3)] == pytest.approx(
        [1, 1 - math.log(2) / math.log(2.5), 0, 0]
    )
    assert [Ramp(0, 1, 1, "log")(t) for t in (0, 1)] == [0, 1]
    schedule = lehr.wsd(10, 0, max_lr=1.0, decay_steps=1, decay_shape="log")
    assert [schedule(t) for t in (8, 9, 10)] == [1, 1, 0]


@pytest.mark.parametrize("half_turns", [2, 4, 0.5, 2.5, -1, 0])
def test_half_turns_that_do_not_come_to_the_end_are_refused(half_turns):
    with pytest.raises(ValueError, match="odd number of half turns"):
        Ramp(1, 0, 90, f"cosine({half_turns})")


def test_a_wrong_shape_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="unknown shape 'cosin'; did you mean 'cosine'"):
        Ramp(1, 0, 90, "cosin")
    with pytest.raises(ValueError, match="above 0"):
        Ramp(1, 0, 90, "polynomial(0)")
    with pytest.raises(ValueError, match="a ratio of 1 is a constant"):
        Ramp(1, 0, 90, "exponential(1)")


def test_a_geometric_ramp_whose_ratio_is_no_float_stays_between_its_ends():
    fall = Ramp(1e200, 1e-200, 10, "exponential")
    assert [fall(t) for t in (0, 5, 10)] == pytest.approx([1e200, 1.0, 1e-200])


LONG = [3, 10, 999, 1000, 12_345, 100_000, 10**6, 10**9, 3 * 10**12]


@pytest.mark.parametrize("n", LONG)
def test_the_last_steps_of_a_cosine_are_right_to_4_ulp_of_themselves(n):
    fall, rise = Ramp(1.0, 0.0, n, "cosine"), Ramp(0.0, 1.0, n, "cosine")
    scope: dict = {}
    exec(to_python(fall), scope)
    last = range(max(1, n - 300), n)
    in_array = fall(np.array(last)).tolist()
    for t, rate in zip(last, in_array, strict=True):
        right = exact.cosine_left(t, n)
        assert abs(fall(t) - right) <= 4 * math.ulp(right)
        assert fall(t) == rate == scope["learning_rate"](t)
        assert abs(rise(n - t) - right) <= 4 * math.ulp(right)


def test_a_cosine_with_three_half_turns_ends_as_exactly():
    fall = Ramp(1.0, 0.0, 3000, "cosine(3)")
    assert [fall(t) for t in (0, 1000, 2000)] == pytest.approx([1, 0, 1], abs=1e-12)
    for t in range(2990, 3000):
        right = exact.cosine_left(t - 2000, 1000)
        assert abs(fall(t) - right) <= 4 * math.ulp(right)


@pytest.mark.parametrize("n", [2, 3, 10, 101, 1000])
def test_a_cosine_is_monotone_and_half_way_it_is_a_half(n):
    fall = Ramp(1.0, 0.0, n, "cosine")
    rates = [fall(t / 4) for t in range(4 * n + 1)]
    assert rates == sorted(rates, reverse=True)
    assert (fall(0), fall(n / 2), fall(n)) == (1.0, 0.5, 0.0)


def test_many_knots_that_fall_are_described_as_one_fall():
    falling = lehr.Knots(at=tuple(range(0, 3100, 100)), rates=tuple(1.0 - 0.03 * i for i in range(31)))
    row = falling.describe().splitlines()[2]
    assert " ".join(row.split()) == "decay 0 to 3,000 1 to 0.1, in 30 pieces"


def test_many_levels_are_described_each():
    levels = lehr.Constant(1.0, 3)
    for i in range(30):
        levels = levels.then(lehr.Constant(0.001 * i, 3))
    rows = levels.describe().splitlines()
    assert " ".join(rows[3].split()) == "hold 3 to 6 0 to 0"
    assert "... and 11 more phases" in rows
