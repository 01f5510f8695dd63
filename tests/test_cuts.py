"""A cut keeps every rate, drops what lies outside, and never makes an end endless."""

import math

import pytest
from catalogue.schedules import finite, schedules
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import Constant, Exponential, Ramp, Table, spec
from lehr.schedules.combinators import Cut, Product, Stretch, Sum, Then

positions = st.integers(0, 300)


@settings(deadline=None)
@given(schedules, positions, positions, st.integers(0, 400))
def test_a_cut_has_the_rates_of_the_schedule(schedule, start, more, t):
    cut = schedule.cut(start, start + more)
    right = schedule(min(start + t, start + more))
    assert cut.length == more
    assert abs(cut(t) - right) <= 2 * math.ulp(right)
    rest = schedule.cut(start)
    right = schedule(start + t)
    assert abs(rest(t) - right) <= 2 * math.ulp(right)


@settings(deadline=None)
@given(schedules, positions, positions)
def test_a_cut_of_a_cut_is_one_cut(schedule, start, more):
    assert schedule.cut(start).cut(more) == schedule.cut(start + more)


@settings(deadline=None)
@given(schedules, positions, positions)
def test_cuts_print_and_are_stored_as_they_are(schedule, start, more):
    cut = schedule.cut(start, start + more)
    assert spec.from_text(repr(cut)) == cut
    assert spec.from_dict(spec.to_dict(cut)) == cut


@settings(deadline=None)
@given(finite, st.integers(0, 10))
def test_what_has_ended_has_length_0_and_the_final_value(schedule, later):
    rest = schedule.cut(math.ceil(schedule.length) + later)
    assert rest == Constant(schedule(math.ceil(schedule.length)), 0)


RAMP, LONG = Ramp(0, 1, 10), Ramp(1, 0, 20)

SIMPLE = [
    (RAMP.cut(), RAMP),
    (RAMP.cut(0, 10), RAMP),
    (RAMP.cut(2, 8).cut(1, 3), RAMP.cut(3, 5)),
    (RAMP.cut(0, 15), RAMP.then(Constant(1.0, 5))),
    (RAMP.cut(4, 4), Constant(0.4, 0)),
    (Constant(0.5).cut(7), Constant(0.5)),
    (Constant(0.5).cut(7, 9), Constant(0.5, 2)),
    (Constant(0.5, 3).cut(1, 9), Constant(0.5, 8)),
    (RAMP.then(LONG).cut(10), LONG),
    (RAMP.then(LONG).cut(4), RAMP.cut(4).then(LONG)),
    (RAMP.then(LONG).cut(0, 10), RAMP),
    (RAMP.then(Constant(0.5, 5)).cut(0, 10), RAMP.then(Constant(0.5, 0))),
    ((RAMP * LONG).cut(10), LONG.cut(10)),
    ((RAMP + LONG).cut(10), Constant(1.0) + LONG.cut(10)),
    ((RAMP * LONG * 0.5).cut(0, 5), RAMP.cut(0, 5) * LONG.cut(0, 5) * 0.5),
    ((Constant(0.5) * 0.5).cut(3, 4), Constant(0.25, 1)),
    (RAMP.then(LONG).clip(hi=0.5).cut(10), LONG.clip(hi=0.5)),
    (Table([0.1, 0.2, 0.3]).cut(1), Table([0.2, 0.3])),
    (Table([0.1, 0.2, 0.3]).cut(0, 2), Table([0.1, 0.2]).then(Constant(0.3, 0))),
    (RAMP.repeat().cut(10**15), RAMP.repeat()),
    (RAMP.repeat(3).cut(25), RAMP.cut(5)),
    (lehr.linear(30, 10, max_lr=1.0).cut(10), LONG),
]


@pytest.mark.parametrize(("cut", "simple"), SIMPLE, ids=repr)
def test_what_lies_outside_is_dropped(cut, simple):
    assert cut == simple
    assert cut.length == simple.length


def test_a_recipe_keeps_its_name():
    assert repr(lehr.cosine(100, 10, max_lr=1.0).cut(50)).startswith("cosine(")


def test_a_cut_in_an_old_file_equals_what_cut_makes():
    old = {"schedule": "Cut", "of": spec.to_dict(RAMP.then(LONG)), "start": 12}
    assert spec.from_dict(old) == RAMP.then(LONG).cut(12) == LONG.cut(2)
    nested = spec.from_dict({"schedule": "Cut", "of": old, "start": 2, "stop": 5})
    assert nested == LONG.cut(4, 7)
    assert spec.from_text(repr(nested)) == nested
    assert [nested(t) for t in range(9)] == [LONG(min(4 + t, 7)) for t in range(9)]


@pytest.mark.parametrize("kind", [Then, Product, Sum])
def test_a_combination_of_one_part_prints_and_equals_it(kind):
    alone = kind((RAMP + LONG,))
    assert (alone, repr(alone), hash(alone)) == (RAMP + LONG, repr(RAMP + LONG), hash(RAMP + LONG))
    assert spec.from_text(repr(alone)) == alone
    assert spec.from_dict(spec.to_dict(alone)) == alone
    assert Sum((alone, Constant(1.0))) == RAMP + LONG + Constant(1.0)
    assert spec.from_text(repr(alone * 0.5)) == alone * 0.5 == (RAMP + LONG) * 0.5
    assert spec.from_text(repr(alone.cut(3))) == alone.cut(3)
    with pytest.raises(ValueError, match="at least one schedule, got none"):
        kind(())


def test_an_endless_part_has_nothing_after_it_in_a_file_either():
    parts = [{"schedule": "Constant", "rate": 0.5}, {"schedule": "Ramp", "start": 1, "end": 0, "length": 10}]
    with pytest.raises(ValueError, match="never ends"):
        spec.from_dict({"schedule": "Then", "parts": parts})


@settings(deadline=None)
@given(finite, st.integers(1, 300), st.integers(1, 300))
def test_stretch_upon_stretch_is_one(schedule, first, second):
    if schedule.length:
        twice = schedule._stretched(first)._stretched(second)
        assert twice.length == second
        assert twice(second) == pytest.approx(schedule(schedule.length), rel=1e-12)
        assert repr(twice).count(".stretch(") <= max(2, 2 * repr(schedule._stretched(first)).count(".stretch("))
    assert RAMP._stretched(20)._stretched(40) == Stretch(RAMP, 40)


@settings(deadline=None)
@given(schedules, st.floats(0, 2), st.floats(0, 2), st.integers(0, 300))
def test_factor_upon_factor_is_one(schedule, a, b, t):
    scaled = schedule._scaled(a)._scaled(b)
    assert scaled(t) == pytest.approx(schedule(t) * a * b, rel=1e-12, abs=1e-300)
    assert scaled.length == schedule.length


def test_breaks_of_a_stretched_schedule_are_inside_it_and_exact():
    for old in range(1, 60):
        for new in (7, 49, 100, 1000, 12345):
            stairs = Exponential(1.0, 0.5, every=1, staircase=True, length=old).stretch(new)
            breaks = stairs.breaks()
            assert len(breaks) == old - 1
            assert all(0 < at < new for at in breaks)
            assert all(stairs(at) == stairs(math.nextafter(at, 0)) / 2 for at in breaks)


@settings(deadline=None)
@given(schedules, positions)
def test_breaks_from_a_start_are_the_later_ones(schedule, start):
    assert schedule.breaks(400, start=start) == [at for at in schedule.breaks(400) if at > start]


@settings(deadline=None)
@given(schedules, st.one_of(positions, st.floats(0, 1e6)))
def test_the_piece_at_a_position_gives_its_rate(schedule, t):
    start, stop, formula = schedule._piece_at(t)
    assert start <= t < stop
    assert formula(t - start) == schedule(t)


def test_a_cut_spec_of_a_cut_is_that_cut():
    assert Cut(Cut(RAMP, 2), 3) == RAMP.cut(5)


@pytest.mark.parametrize("kind", [Product, Sum])
def test_a_cut_keeps_the_brackets_of_what_is_combined(kind):
    """Floats round otherwise in another order: 1.75 * (1e-6 * 3) is not 1.75 * 1e-6 * 3."""
    inner = kind((Ramp(1e-6, 2e-6, 5), Constant(3.0)))
    whole = kind((Constant(1.75), Constant(3e-6, 1).then(inner)))
    assert [whole.cut(1)(t) for t in range(9)] == [whole(1 + t) for t in range(9)]
    bracketed = kind((Constant(1.75), inner))
    assert bracketed(0) == 1.75 + (1e-6 + 3.0) if kind is Sum else 1.75 * (1e-6 * 3.0)
    assert repr(bracketed).endswith(f"{kind.sign} (Ramp(start=1e-06, end=2e-06, length=5) {kind.sign} 3.0)")
    assert spec.from_text(repr(bracketed)) == spec.from_dict(spec.to_dict(bracketed)) == bracketed
    assert kind((inner, Constant(1.75))).parts == (*inner.parts, Constant(1.75))
