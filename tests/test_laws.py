"""Laws that every schedule obeys."""

import copy
import math
import pickle

import numpy as np
import pytest
from catalogue.examples import ENDING, EXAMPLES, with_examples
from catalogue.schedules import finite, parts, ramps, recipes, schedules
from catalogue.settings import steps
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import Ramp, Schedule, spec
from lehr.schedules.source import to_python

positions = st.one_of(st.integers(0, 700), st.floats(0, 700))
BUILDERS = {name: getattr(lehr, name) for name in dir(lehr) if not name.startswith("_") and name != "plot"}


def at(schedule: Schedule, count: int = 120) -> list[float]:
    return [schedule(t) for t in range(count)]


def close(a, b, schedule: Schedule) -> bool:
    """Equal but for a few units in the last place of the largest rate around."""
    scale = max(1.0, *map(abs, np.ravel(a)), *map(abs, np.ravel(b)))
    return np.allclose(a, b, rtol=1e-12, atol=1e-12 * scale)


@given(schedules, positions)
@with_examples(EXAMPLES, 7)
def test_pure(schedule, t):
    first = schedule(t)
    schedule(t + 1)
    assert schedule(t) == first
    assert type(first) is float
    assert first >= 0
    assert math.isfinite(first)


GRID = np.concatenate([np.arange(300), np.arange(50) + 0.5, np.arange(10)[::-1]])


def in_array_and_one_by_one(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    array = schedule(GRID)
    assert array.dtype == np.float64
    assert np.array_equal(schedule(GRID.reshape(36, 10)), array.reshape(36, 10))
    return array, np.array([schedule(t) for t in GRID.tolist()])


@given(parts)
def test_an_array_gives_what_each_position_gives_within_2_ulp_of_the_larger_end(part):
    array, each = in_array_and_one_by_one(part)
    ends = [value for name in ("start", "end", "rate") if isinstance(value := getattr(part, name, 0.0), float)]
    scale = np.maximum(max(ends), each)
    assert (np.abs(array - each) <= 2 * np.spacing(scale)).all()


@given(schedules)
@with_examples(EXAMPLES)
def test_an_array_gives_what_each_position_gives(schedule):
    array, each = in_array_and_one_by_one(schedule)
    assert np.allclose(array, each, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["cosine", "linear", "constant", "wsd", "one_cycle"])
def test_an_array_gives_the_last_bit_where_the_formula_is_arithmetic_and_cosines(name):
    schedule = getattr(lehr, name)(1000, 100, 1e-3, 1e-4)
    assert schedule(np.arange(1100)).tolist() == at(schedule, 1100)


@given(finite)
@with_examples(ENDING)
def test_the_final_value_holds_for_ever(schedule):
    end = math.ceil(schedule.length)
    final = schedule(end)
    assert [schedule(end + k) for k in (1, 10, 10**6, 10**15)] == [final] * 4
    assert schedule(np.array([end + 10**15])).tolist() == [final]


@given(ramps, positions)
def test_a_ramp_stays_between_its_ends(ramp, t):
    low, high = sorted((ramp.start, ramp.end))
    slack = 1e-12 * high + 1e-300
    if not ramp.shape.startswith(("tanh", "cosine(")):
        assert low - slack <= ramp(t) <= high + slack


@given(ramps)
def test_a_ramp_has_its_two_ends(ramp):
    """The end to the last bit; the start too on the way up, and within one unit in the last place on the way down."""
    assert ramp(ramp.length) == ramp.end
    if ramp.length and ramp.shape != "tanh":  # which does not reach its ends
        assert abs(ramp(0) - ramp.start) <= (math.ulp(ramp.start) if ramp.end < ramp.start else 0)


@given(recipes, st.integers(0, 400))
def test_a_recipe_stays_between_0_and_its_peak(recipe, t):
    top = recipe.settings().get("max_lr", 10.0)
    assert 0 <= recipe(t) <= top * (1 + 1e-12)


@given(finite, finite, schedules)
def test_then_is_associative(a, b, c):
    assert a.then(b).then(c) == a.then(b.then(c)) == a.then(b, c)
    assert hash(a.then(b).then(c)) == hash(a.then(b, c))
    assert at(a.then(b).then(c)) == at(a.then(b, c))


@given(finite, schedules)
@with_examples(ENDING, EXAMPLES["endless Then"])
def test_then_meets_its_parts(a, b):
    both = a.then(b)
    seam = a.length
    assert both.length == (None if b.length is None else seam + b.length)
    for t in range(60):
        if t < seam:
            assert both(t) == a(t)
    if seam == int(seam):
        assert [both(seam + t) for t in range(60)] == at(b, 60)


@given(schedules, st.integers(0, 200), st.integers(0, 200))
@with_examples(EXAMPLES, 30, 40)
def test_cut_is_exact(schedule, start, more):
    cut = schedule.cut(start, start + more)
    assert cut.length == more
    assert [cut(t) for t in range(more + 1)] == [schedule(start + t) for t in range(more + 1)]
    assert cut(more + 5) == schedule(start + more)


@given(schedules, st.integers(1, 200))
@with_examples(EXAMPLES, 30)
def test_a_schedule_is_its_two_halves(schedule, where):
    assert at(schedule.cut(0, where).then(schedule.cut(where)), 400) == at(schedule, 400)


@given(schedules, st.integers(0, 100))
@with_examples(EXAMPLES, 7)
def test_shift_is_exact(schedule, n):
    shifted = schedule.shift(n)
    assert [shifted(t) for t in range(n + 1)] == [schedule(0)] * (n + 1)
    assert [shifted(n + t) for t in range(60)] == at(schedule, 60)


@given(finite.filter(lambda s: bool(s.length)), st.integers(1, 4))
@with_examples(ENDING, 3)
def test_repeat_is_then_again_and_again(schedule, times):
    assert schedule.repeat(1).length == schedule.length
    repeated, chained = schedule.repeat(times), schedule.then(*[schedule] * (times - 1))
    assert repeated.length == pytest.approx(chained.length)
    if schedule.length == int(schedule.length):
        assert [repeated(t) for t in range(250)] == [chained(t) for t in range(250)]


@given(finite.filter(lambda s: bool(s.length)), steps)
@with_examples(ENDING, 130)
def test_stretch_keeps_the_ends(schedule, length):
    stretched = schedule.stretch(length)
    assert stretched.length == length
    assert (stretched(0), stretched(length)) == (schedule(0), schedule(schedule.length))


@given(schedules, schedules, st.integers(0, 300))
@with_examples(EXAMPLES, EXAMPLES["cosine"], 50)
def test_algebra_is_by_position(a, b, t):
    assert (a * b)(t) == pytest.approx(a(t) * b(t), rel=1e-12)
    assert (a + b)(t) == pytest.approx(a(t) + b(t), rel=1e-12)
    assert (a * 0.5)(t) == pytest.approx(a(t) * 0.5, rel=1e-12)
    assert (0.25 + a)(t) == pytest.approx(a(t) + 0.25, rel=1e-12)
    assert a.clip(0.1, 0.5)(t) == min(max(a(t), 0.1), 0.5)


@given(schedules)
@with_examples(EXAMPLES)
def test_prints_as_the_code_that_rebuilds_it(schedule):
    again = eval(repr(schedule), BUILDERS)
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert repr(again) == repr(schedule)


@settings(deadline=None)
@given(schedules)
@with_examples(EXAMPLES)
def test_every_spec_says_the_same_schedule(schedule):
    for write, read in [*spec.FORMATS.values(), (spec.to_dict, spec.from_dict)]:
        again = read(write(schedule))
        assert again == schedule
        assert repr(again) == repr(schedule)


@given(schedules)
@with_examples(EXAMPLES)
def test_copies_and_pickles(schedule):
    schedule(3)  # what a schedule keeps for speed must not be in the way
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert at(copy.deepcopy(schedule), 20) == at(schedule, 20)


@settings(deadline=None)
@given(schedules)
@with_examples(EXAMPLES)
def test_the_exported_function_gives_the_same_rates(schedule):
    bare: dict = {}
    exec(to_python(schedule), bare)
    exported = bare["learning_rate"]
    assert [exported(t) for t in [*range(200), 10**9]] == [schedule(t) for t in [*range(200), 10**9]]


@given(schedules)
@with_examples(EXAMPLES)
def test_breaks_are_where_the_formula_changes(schedule):
    breaks = schedule.breaks(400)
    assert breaks == sorted(set(breaks))
    assert all(0 < b < 400 for b in breaks)


@settings(deadline=None)
@given(schedules)
@with_examples(EXAMPLES)
def test_describes_and_shows_itself(schedule):
    text = schedule.describe(200)
    assert repr(schedule) in text
    assert "peak" in text
    assert "area" in text
    assert schedule._repr_svg_().startswith("<svg")


@given(parts)
def test_equal_means_equal_settings(part):
    assert part != Ramp(0.123, 0.321, 7)
    assert part == copy.deepcopy(part)
    assert part != "a word"


def test_a_recipe_equals_the_parts_it_is_made_of():
    assert lehr.linear(10, 0, 1.0) == Ramp(1.0, 0.0, 10)
    assert lehr.linear("1k", "10%", max_lr=1.0) == lehr.linear(1000, 100, max_lr=1.0)
    assert lehr.linear(10, max_lr=1.0) != lehr.cosine(10, max_lr=1.0)
    assert len({lehr.linear(10, max_lr=1.0), Ramp(1.0, 0.0, 10), lehr.linear(11, max_lr=1.0)}) == 2


def test_a_schedule_is_frozen_and_a_leaf():
    with pytest.raises(AttributeError):
        Ramp(0, 1, 10).start = 3
    with pytest.raises(TypeError, match="Ramp, which is a leaf"):
        type("Steeper", (Ramp,), {})
