"""Schedules of optax are those of its own functions: to 1e-6 in float32, and to 1e-12 under x64."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Ramp
from lehr.importers import from_optax
from lehr.importers.comparing import difference
from lehr.importers.optax import from_config, original, recognises

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")
cases = pytest.importorskip("benchmarks.importers.optax")

ABOUT = pytest.importorskip("benchmarks.importers").FRAMEWORKS["optax"]
FAMILIES = sorted(cases.FAMILIES)


def same(config):
    """The imported schedule is the original at every update, past the end too."""
    schedule = from_config(config)
    rates = original(config, cases.steps(config))
    assert difference(schedule, rates, ABOUT.smallest).largest < ABOUT.tolerance, config
    return schedule


@pytest.mark.parametrize("family", FAMILIES)
def test_every_schedule(family):
    configs = [c.config for c in cases.FAMILIES[family]()]
    for config in configs:
        assert recognises(config)
        same(config)


@pytest.mark.parametrize("family", FAMILIES)
def test_in_float64(family):
    """Here every rate counts, and a rate of 0 is 0."""
    configs = [c.config for c in cases.FAMILIES[family]()]
    with jax.enable_x64(True):
        for config in configs[::3]:
            schedule, rates = from_config(config), original(config, cases.steps(config))
            assert difference(schedule, rates, 1e-3).largest < cases.TOLERANCE_FLOAT64, config
            assert all(schedule(t) == 0 for t, rate in enumerate(rates) if rate == 0)


def test_every_schedule_of_optax_is_known():
    names = {name for name in dir(optax.schedules) if name.endswith(("_schedule", "_schedules", "_decay"))}
    assert names - {"_schedule"} == set(FAMILIES)


POSITIVE = st.floats(0.01, 2)
STEPS = st.integers(1, 50)
OWN = {
    "warmup_cosine_decay_schedule": {
        "init_value": POSITIVE,
        "peak_value": POSITIVE,
        "warmup_steps": st.integers(0, 20),
        "decay_steps": st.integers(21, 60),
        "end_value": POSITIVE,
        "exponent": st.floats(0.5, 3),
    },
    "exponential_decay": {
        "init_value": POSITIVE,
        "transition_steps": STEPS,
        "decay_rate": st.floats(0.1, 1),
        "transition_begin": st.integers(-3, 20),
        "staircase": st.booleans(),
        "end_value": st.none() | st.floats(0.001, 3),
    },
    "polynomial_schedule": {
        "init_value": POSITIVE,
        "end_value": POSITIVE,
        "power": st.floats(0.5, 3),
        "transition_steps": STEPS,
        "transition_begin": st.integers(-3, 20),
    },
    "piecewise_constant_schedule": {
        "init_value": POSITIVE,
        "boundaries_and_scales": st.dictionaries(st.integers(0, 60), st.floats(0, 1.5), max_size=4),
    },
    "piecewise_interpolate_schedule": {
        "interpolate_type": st.sampled_from(["linear", "cosine"]),
        "init_value": POSITIVE,
        "boundaries_and_scales": st.dictionaries(st.integers(0, 60), st.floats(0, 1.5), max_size=3),
    },
    "linear_onecycle_schedule": {"transition_steps": STEPS, "peak_value": POSITIVE, "pct_start": st.floats(0, 0.8)},
    "cosine_onecycle_schedule": {"transition_steps": STEPS, "peak_value": POSITIVE, "pct_start": st.floats(0, 1)},
}


@pytest.mark.parametrize("name", OWN)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_drawn_arguments(name, data):
    same({"name": name, **data.draw(st.fixed_dictionaries(OWN[name]))})


def test_schedules_are_joined():
    warmup = from_optax("linear_schedule", init_value=0.0, end_value=1.0, transition_steps=10)
    joined = from_optax("join_schedules", schedules=[warmup, Constant(0.5)], boundaries=[4])
    assert joined == Ramp(0, 1, 10).cut(0, 4).then(Constant(0.5))
    assert from_optax("warmup_cosine_decay_schedule", init_value=0, peak_value=1, warmup_steps=3, decay_steps=9) == (
        Ramp(0, 1, 3).then(Ramp(1, 0, 6, "cosine"))
    )


def test_a_warmup_of_no_steps_stays_where_it_begins():
    """A trap of optax: warmup_constant_schedule with warmup_steps=0 never comes to its peak."""
    schedule = from_optax("warmup_constant_schedule", init_value=0.0, peak_value=1.0, warmup_steps=0)
    assert schedule == Constant(0.0)


def test_growth_without_an_end_is_held_where_float32_ends():
    schedule = from_optax("exponential_decay", init_value=1.0, transition_steps=1, decay_rate=10.0)
    assert schedule(38) == pytest.approx(1e38)
    assert schedule(10**6) == schedule(38)


def test_optax_is_not_needed():
    code = (
        "import sys; sys.modules['optax'] = sys.modules['jax'] = None\n"
        "from lehr.importers.optax import from_config, original\n"
        "config = {'name': 'constant_schedule', 'value': 0.5}\n"
        "print(from_config(config)(3), original(config, 3))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "0.5 None\n"


WARMUP = {"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 5}

REFUSED = {
    "a name that there is not": (lambda: from_optax("cosine_decay"), "did you mean 'cosine_decay_schedule'"),
    "an argument that there is not": (
        lambda: from_optax("constant_schedule", values=1.0),
        "unknown setting of constant_schedule 'values'; did you mean 'value'",
    ),
    "missing arguments": (
        lambda: from_optax("cosine_decay_schedule", alpha=0.1),
        "cosine_decay_schedule needs `init_value` and `decay_steps`",
    ),
    "no decay": (
        lambda: from_optax("warmup_cosine_decay_schedule", **WARMUP, decay_steps=5),
        "`decay_steps` above `warmup_steps`, which it includes",
    ),
    "a value as text": (lambda: from_optax("constant_schedule", value="0.1"), "write it without quotes"),
    "a value below 0": (lambda: from_optax("constant_schedule", value=-0.1), "at least 0 for `rate`, got -0.1"),
    "a boundary that is none": (
        lambda: from_optax("piecewise_constant_schedule", init_value=1.0, boundaries_and_scales={"half": 2}),
        "an integer as each boundary",
    ),
    "an interpolation that there is not": (
        lambda: from_optax("piecewise_interpolate_schedule", interpolate_type="cos", init_value=1.0),
        "did you mean 'cosine'",
    ),
    "boundaries that are none": (
        lambda: from_optax("piecewise_constant_schedule", init_value=1.0, boundaries_and_scales=5),
        "a mapping for `boundaries_and_scales`, got 5",
    ),
    "cycles that are none": (lambda: from_optax("sgdr_schedule", cosine_kwargs=[3]), "needs mappings"),
    "a name that is none": (lambda: from_optax(["constant_schedule"]), "unknown schedule of optax"),
    "too few boundaries": (
        lambda: from_optax("join_schedules", schedules=[Constant(1), Constant(2)], boundaries=[]),
        "2 schedules and 0 boundaries",
    ),
    "boundaries out of order": (
        lambda: from_optax("join_schedules", schedules=[Constant(1)] * 3, boundaries=[5, 3]),
        "`boundaries` in order",
    ),
    "a schedule that is none": (
        lambda: from_optax("join_schedules", schedules=[Constant(1), 0.5], boundaries=[5]),
        "a schedule of lehr, or a mapping",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        call()
