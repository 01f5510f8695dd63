"""Acts as values: what they promise of every schedule."""

import math
from functools import partial
from itertools import pairwise

import pytest
from catalogue.schedules import finite, schedules
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lehr
from control.schedulers import AHEAD
from lehr import Ramp, control, spec
from lehr.control import Cooldown, Dip, Extend, Scale

positions = st.integers(0, 400)
some = partial(settings, deadline=None)


def close(a, b):
    """Within 1e-12, or of what a product of a few rates up to 10 can differ by."""
    return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def plain(schedule):
    """Whether no sum or product is in it, so that no constants can merge."""
    return not any(sign in repr(schedule) for sign in (" * ", " + "))


@some()
@given(schedules, positions, schedules)
def test_amended_is_the_past_and_then_the_rest(schedule, position, rest):
    now = control.amended(schedule, position, rest)
    for t in {*range(min(position, 20)), *range(max(0, position - 20), position)}:
        assert now(t) == schedule(t)
    for t in AHEAD:
        assert now(position + t) == rest(t)


@some()
@given(schedules, positions, schedules, positions, schedules)
def test_the_past_of_the_past_is_kept(schedule, first, second, position, third):
    now = control.amended(control.amended(schedule, first, second), position, third)
    before = control.amended(schedule, first, second)
    for t in range(0, position, 7):
        assert now(t) == before(t)
    assert now(position) == third(0)


@some()
@given(schedules, positions)
def test_after_is_what_comes(schedule, position):
    rest = schedule.cut(position)
    for t in AHEAD:
        if plain(schedule):
            assert rest(t) == schedule(position + t)
        else:
            assert close(rest(t), schedule(position + t))
    if schedule.length is None:
        assert rest.length is None
    elif position < schedule.length:
        assert rest.length == pytest.approx(schedule.length - position, rel=1e-12)


@some()
@given(schedules, positions, st.floats(0.5, 2))
def test_results_are_specs(schedule, position, factor):
    rest = schedule.cut(position)
    for result in (rest, Scale(factor).rest(schedule, position), control.amended(schedule, position, rest)):
        assert spec.from_dict(spec.to_dict(result)) == result


@some()
@given(finite, st.integers(0, 100), st.integers(1, 500))
def test_stretched_says_what_stretch_says(schedule, position, length):
    rest = schedule.cut(position)
    assume(rest.length)
    now = rest._stretched(length)._stretched(2 * length)
    assert now.length == 2 * length
    assert close(now(0), rest(0))
    assert now(2 * length) == pytest.approx(rest(rest.length), rel=1e-12, abs=1e-300)


def test_stretching_again_and_again_does_not_grow():
    schedule = lehr.wsd(100, 10, 1.0, decay_steps=20) * lehr.cosine(100, 0, 1.0) + 0.01
    for _ in range(300):
        schedule = Extend(int(schedule.length) + 1).rest(schedule, 0)
        schedule = Scale(1.001).rest(schedule, 1)
    assert len(repr(schedule)) < 2_000


@pytest.mark.parametrize("policy", ["stretch", "hold"])
@pytest.mark.parametrize("position", [0, 5, 10, 50, 80, 99])
def test_extend_goes_on_from_where_it_is_and_never_above(policy, position):
    schedule = lehr.cosine(100, 10, 1.0, 0.1)
    rest = Extend(400, policy).rest(schedule, position)
    rates = [rest(t) for t in range(400 - position + 1)]
    assert close(rates[0], schedule(position))
    assert (rest.length, rates[-1]) == (400 - position, 0.1)
    assert max(rates) <= 1.0
    if position >= 10:
        assert max(rates) == rates[0]
    before = max(abs(b - a) for a, b in pairwise(map(schedule, range(101))))
    assert max(abs(b - a) for a, b in pairwise(rates)) <= before + 1e-12


@some()
@given(finite, st.integers(0, 100), st.integers(1, 500), st.sampled_from(["stretch", "hold"]))
def test_extend_keeps_the_present_rate_of_any_schedule(schedule, position, more, policy):
    assume(policy == "stretch" or schedule(position))  # to hold 0 is refused
    assume(schedule.length and position < schedule.length)
    rest = Extend(math.floor(schedule.length) + more, policy).rest(schedule, position)
    assert close(rest(0), schedule(position))
    assert position + rest.length == pytest.approx(math.floor(schedule.length) + more, rel=1e-12)


def test_extend_by_replan_and_restart():
    schedule = lehr.cosine(100, 10, 1.0)
    replanned = Extend(400, "replan").rest(schedule, 80)
    assert [replanned(t) for t in (0, 100)] == [lehr.cosine(400, 10, 1.0)(t) for t in (80, 180)]
    restarted = Extend(180, "restart").rest(schedule, 80)
    assert [restarted(t) for t in (0, 1, 10, 100)] == [schedule(t) for t in (0, 1, 10, 100)]


@some()
@given(schedules, positions, st.floats(0, 1), st.integers(1, 300))
def test_cooldown_begins_where_the_run_is(schedule, position, share, steps):
    rate = schedule(position)
    rest = Cooldown(steps, rate * share).rest(schedule, position)
    assert close(rest(0), rate)
    assert (rest(steps), rest.length) == (rate * share, steps)
    assert all(b <= a for a, b in pairwise(map(rest, range(steps + 1))))


@some()
@given(schedules, positions, st.floats(0, 1), st.integers(1, 300))
def test_a_dip_is_a_factor_that_recovers(schedule, position, factor, recover):
    rest = Dip(factor, recover).rest(schedule, position)
    end = schedule.cut(position).length
    assert rest.length == (end or recover if end is not None else None)
    for t in (0, recover // 2, recover, recover + 100):
        if end is None or t < end:
            assert close(rest(t), schedule(position + t) * Ramp(factor, 1.0, recover)(t))
