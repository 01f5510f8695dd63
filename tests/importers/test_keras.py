"""Schedules of Keras are those of its own classes: to 1e-6 in float32, and to 1e-12 where its floats are float64."""

import math
import os
import subprocess
import sys

import pytest
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, PowerLaw, Ramp
from lehr.importers import from_keras
from lehr.importers.comparing import difference
from lehr.importers.keras import from_config, original, recognises

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
cases = pytest.importorskip("benchmarks.importers.keras")

ABOUT = pytest.importorskip("benchmarks.importers").FRAMEWORKS["keras"]
FAMILIES = sorted(cases.FAMILIES)


def config_of(kind, **settings):
    return {"module": "keras.optimizers.schedules", "class_name": kind, "config": settings, "registered_name": None}


def same(config):
    """The imported schedule is the original at every update, past the end too."""
    schedule = quietly(lambda: from_config(config))
    rates = original(config, cases.steps(config))
    assert difference(schedule, rates, ABOUT.smallest).largest < ABOUT.tolerance, config


@pytest.mark.parametrize("family", FAMILIES)
def test_every_schedule(family):
    configs = [c.config for c in cases.FAMILIES[family]()]
    for config in configs:
        assert recognises(config)
        same(config)


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.usefixtures("float64")
def test_in_float64(family):
    """Here every rate counts, and a rate of 0 is 0."""
    configs = [c.config for c in cases.FAMILIES[family]()]
    for config in configs[::2]:
        schedule, rates = quietly(lambda config=config: from_config(config)), original(config, 70)
        assert difference(schedule, rates, 1e-3).largest < cases.TOLERANCE_FLOAT64, config
        assert all(schedule(t) == 0 for t, rate in enumerate(rates) if rate == 0)


def test_every_schedule_of_keras_is_known():
    base = keras.optimizers.schedules.LearningRateSchedule
    names = {kind.__name__ for kind in vars(keras.optimizers.schedules).values() if isinstance(kind, type)}
    assert names - {base.__name__} == set(FAMILIES)


RATES = st.floats(0.01, 1)
STEPS = st.integers(1, 40)
OWN = {
    "ExponentialDecay": {
        "initial_learning_rate": RATES,
        "decay_steps": STEPS,
        "decay_rate": st.floats(0.1, 1),
        "staircase": st.booleans(),
    },
    "PolynomialDecay": {
        "initial_learning_rate": RATES,
        "decay_steps": STEPS,
        "end_learning_rate": RATES,
        "power": st.floats(0.5, 3),
        "cycle": st.booleans(),
    },
    "InverseTimeDecay": {
        "initial_learning_rate": RATES,
        "decay_steps": STEPS,
        "decay_rate": st.just(0.0) | st.floats(0.01, 4),
        "staircase": st.booleans(),
    },
    "CosineDecay": {
        "initial_learning_rate": RATES,
        "decay_steps": STEPS,
        "alpha": st.floats(0, 2),
        "warmup_target": st.none() | RATES,
        "warmup_steps": st.integers(0, 30),
    },
}


@pytest.mark.parametrize("kind", OWN)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_drawn_settings(kind, data):
    same(config_of(kind, **data.draw(st.fixed_dictionaries(OWN[kind]))))


def test_the_schedule_is_built_from_parts():
    schedules = keras.optimizers.schedules
    assert from_keras(schedules.CosineDecay(0.1, 90, 0.1, warmup_target=1.0, warmup_steps=10)) == (
        Ramp(0.1, 1, 10).then(Ramp(1, 0.1, 90, "cosine"))
    )
    assert from_keras(schedules.InverseTimeDecay(1.0, 8, 2.0)) == PowerLaw(1, -1, 4)
    assert from_keras(schedules.InverseTimeDecay(1.0, 8, 2.0, staircase=True)) == PowerLaw(1, -1, 4).stairs(8)
    assert from_keras(schedules.PiecewiseConstantDecay([10, 15], [1.0, 0.5, 0.1])) == (
        Constant(1, 11).then(Constant(0.5, 5), Constant(0.1))
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_live_schedule_its_own_settings_and_an_optimizer(family):
    config = next(cases.FAMILIES[family]()).config
    live = keras.optimizers.schedules.deserialize(config)
    schedule = from_keras(config)
    assert from_keras(live) == from_keras(live.get_config()) == schedule
    optimizer = keras.optimizers.serialize(keras.optimizers.SGD(learning_rate=live))
    assert recognises(optimizer)
    assert from_keras(optimizer) == schedule
    assert original(optimizer, 5) == original(config, 5)


def test_an_optimizer_with_a_constant_rate():
    optimizer = quietly(lambda: keras.optimizers.serialize(keras.optimizers.SGD(learning_rate=0.25)))
    assert from_keras(optimizer) == Constant(0.25)


def test_the_horizon_of_a_cycle_grows():
    """Over 50 cycles: each comes to the end rate, and starts again from a share of the height."""
    config = config_of("PolynomialDecay", initial_learning_rate=1.0, decay_steps=4, end_learning_rate=0.5, cycle=True)
    schedule = from_keras(config)
    assert difference(schedule, original(config, 200), 1.0).largest < 1e-6
    assert [schedule(4 * k) for k in (1, 2, 50)] == [0.5] * 3
    assert schedule(5) == pytest.approx(0.5 + 0.5 * (1 - 5 / 8))


def test_a_restart_that_keras_misses():
    """The third cycle of a factor 1.5 starts at exactly 25, and the logarithm in float32 finds the second one."""
    live = keras.optimizers.schedules.CosineDecayRestarts(1.0, 10, t_mul=1.5)
    config = keras.optimizers.schedules.serialize(live)
    rates = original(config, 60)
    assert rates[25] < 1e-6  # on torch
    with pytest.warns(UserWarning, match="CosineDecayRestarts misses the restart at step 25 by rounding"):
        schedule = from_keras(live)
    assert difference(from_keras(live, after="peer"), rates, 1.0).largest < 1e-6
    rates[25] = 1.0
    assert difference(schedule, rates, 1.0).largest < 1e-6
    with pytest.warns(UserWarning, match="may be one too low where a cycle starts on a whole step, such as 10"):
        assert from_keras(config) == schedule


def test_keras_is_not_needed():
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "from lehr.importers.keras import from_config, original\n"
        "config = {'class_name': 'InverseTimeDecay', 'config': {'initial_learning_rate': 1.0, 'decay_steps': 2, "
        "'decay_rate': 1.0}}\n"
        "print(from_config(config)(2), original(config, 3))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "0.5 None\n"


EXPONENTIAL = {"initial_learning_rate": 1.0, "decay_steps": 10, "decay_rate": 0.5, "staircase": False}

REFUSED = {
    "a class that there is not": (config_of("CosineDecays"), "did you mean 'CosineDecay'"),
    "a setting that there is not": (config_of("ExponentialDecay", **EXPONENTIAL, steps=3), "unknown setting of Expo"),
    "missing settings": (
        config_of("ExponentialDecay", decay_steps=3),
        "needs `initial_learning_rate` and `decay_rate`",
    ),
    "settings of one of two classes": (EXPONENTIAL, r"do not say which .*schedules\.serialize"),
    "no steps": (config_of("ExponentialDecay", **EXPONENTIAL | {"decay_steps": 0}), "above 0 for `decay_steps`"),
    "a rate as text": (config_of("ExponentialDecay", **EXPONENTIAL | {"decay_rate": "0.5"}), "write it without quotes"),
    "too few values": (config_of("PiecewiseConstantDecay", boundaries=[5], values=[1.0]), "one more of `values`"),
    "boundaries out of order": (
        config_of("PiecewiseConstantDecay", boundaries=[5, 3], values=[1.0, 0.5, 0.2]),
        "`boundaries` that increase",
    ),
    "boundaries that are none": (
        config_of("PiecewiseConstantDecay", boundaries=5, values=[1.0, 0.5]),
        "a sequence for `boundaries`, got 5",
    ),
    "cycles that shrink": (
        config_of("CosineDecayRestarts", initial_learning_rate=1.0, first_decay_steps=5, t_mul=0.5),
        "`t_mul` of at least 1",
    ),
    "no schedule": (7, "needs a schedule of Keras or its configuration, got 7"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    config, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        from_keras(config)


def test_what_is_recognised():
    assert not recognises({"config": 3})
    assert not recognises({"class_name": "Dense", "config": {"units": 3}})
    assert not recognises({})
    assert math.isclose(from_keras(config_of("ExponentialDecay", **EXPONENTIAL))(10), 0.5)
