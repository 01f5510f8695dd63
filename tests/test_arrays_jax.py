"""Rates at positions that are a JAX array, traced or not, and a schedule as one of optax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from catalogue.examples import EXAMPLES, with_examples
from catalogue.schedules import parts, schedules
from hypothesis import given, settings
from test_arrays import GRID, GROWING, allowed, larger_end, one_by_one, sensitive_pieces, ulps

import lehr
from lehr import Constant, Exponential, Knots, Ramp

BOUND32 = 2**-19
"""How far a rate that is computed in float32 may be off, as a share of the highest rate: most in one that grows far."""
COMPILED = ["cosine", "wsd", "Table", "Knots", "Exponential", "exp_range", "growing", "by 1e12"]
MORE = {"growing": GROWING["by a half"], "by 1e12": Exponential(1.0, 1.1, every=7, length=2000)}


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


def f64(positions):
    return jnp.asarray(positions, dtype=jnp.float64)


# Agreement with the scalar.


@given(parts)
@settings(max_examples=25, deadline=None)  # JAX compiles each operation
def test_an_array_gives_what_each_position_gives_within_2_ulp_of_the_larger_end(part):
    with jax.enable_x64(True):
        got = part(f64(GRID))
    assert isinstance(got, jax.Array)
    assert got.dtype == np.float64
    assert ulps(got, one_by_one(part), larger_end(part)) <= allowed(part)


@given(schedules)
@with_examples(EXAMPLES)
@settings(max_examples=15, deadline=None)
def test_so_it_does_for_every_recipe_and_combinator(schedule):
    with jax.enable_x64(True):
        assert ulps(schedule(f64(GRID)), one_by_one(schedule), larger_end(schedule)) <= allowed(schedule)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", COMPILED)
def test_so_it_does_compiled(name):
    schedule = (EXAMPLES | MORE)[name]
    grid = np.arange(2100) if name == "by 1e12" else GRID  # its power needs an exponent that is rounded once
    assert ulps(jax.jit(schedule)(f64(grid)), one_by_one(schedule, grid), larger_end(schedule)) <= allowed(schedule)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", GROWING)
def test_each_restart_of_growing_cycles_is_met_exactly(name):
    schedule = GROWING[name]
    starts = schedule.breaks(10**15, most=10_050) if schedule.length is None else schedule.breaks()
    around = [t for start in starts for t in (np.nextafter(start, 0), start)]
    assert np.abs(np.asarray(schedule(f64(around))) - one_by_one(schedule, around)).max() < 1e-9


@given(schedules)
@with_examples(EXAMPLES)
@settings(max_examples=15, deadline=None)
def test_in_float32_the_difference_is_bounded(schedule):
    got = schedule(jnp.arange(400))
    assert got.dtype == np.float32
    each = one_by_one(schedule, np.arange(400))
    assert np.abs(np.asarray(got, dtype=float) - each).max() <= BOUND32 * larger_end(schedule)


def test_in_float32_integers_stay_exact():
    far = 10**9 + 10 * np.arange(-20, 20) + 7
    schedule = Constant(1.0, 5).then(Ramp(1.0, 0.0, 10).repeat())
    assert np.allclose(jax.jit(schedule)(jnp.asarray(far)), one_by_one(schedule, far), atol=2**-22)
    stairs = Constant(1.0, 2**24 + 1).then(Constant(0.5, 2**40), Constant(0.1))
    assert stairs(jnp.array([2**24, 2**24 + 1, 2**31 - 1])).tolist() == [1.0, 0.5, 0.5]
    assert stairs(jnp.array([2.0**24, 2.0**24 + 2])).tolist() == [1.0, 0.5]
    hills = Knots([0, 10**9, 10**9 + 10, 10**12], [0.0, 0.0, 1.0, 0.0])
    assert hills(jnp.arange(10**9, 10**9 + 11)).tolist() == pytest.approx(np.arange(11) / 10)
    grown = Ramp(1.0, 0.0, 7).repeat(length_factor=3)
    starts = np.array(grown.breaks(2**31))
    assert grown(jnp.asarray(starts)).tolist() == [1.0] * len(starts)
    assert (grown(jnp.asarray(starts - 1)) < 0.15).all()
    assert grown.cut(7)(jnp.asarray([2**31 - 1, 1])).tolist() == pytest.approx([grown(2**31 - 1), grown(8)], abs=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "float16", "bfloat16", "float32"])
def test_an_array_of_any_shape_and_type_of_number(dtype):
    schedule = lehr.cosine(1000, 10, 1.0).then(Ramp(0.0, 1.0, 10**12))
    for shape in [(), (2, 3), (0,)]:
        positions = (jnp.arange(np.prod(shape, dtype=int)) * 20).reshape(shape).astype(dtype)
        got = schedule(positions)
        assert got.shape == shape
        assert got.dtype == (dtype if "float" in dtype else "float32")
        each = one_by_one(schedule, np.asarray(positions, dtype=float))
        assert np.allclose(np.asarray(got, dtype=float), each, rtol=float(jnp.finfo(got.dtype).eps), atol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "complex64"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(ValueError, match="positions must be numbers, got an array of"):
        Ramp(1.0, 0.0, 10)(jnp.zeros(3, dtype=dtype))


def test_what_is_no_position_is_said_by_the_rate():
    schedule = lehr.linear(10, max_lr=1.0)
    assert schedule(jnp.array([-5, 0, 3])).tolist() == pytest.approx([1.0, 1.0, 0.7])
    rates = schedule(jnp.array([-1.0, np.nan, np.inf])).tolist()
    assert np.isnan(rates).tolist() == [False, True, True]


def test_a_piece_outside_its_range_computes_nothing_that_is_no_number():
    """JAX can be told to raise where any operation gives such a value, even one that is dropped."""
    schedule = sensitive_pieces()
    with jax.debug_nans(True), jax.debug_infs(True):
        rates = schedule(jnp.arange(2000))
    assert np.allclose(rates, one_by_one(schedule, range(2000)), rtol=1e-5)


# Inside what JAX transforms.


def test_jit_vmap_and_scan():
    schedule = lehr.cosine(100, 10, 1.0) * EXAMPLES["Table"]
    positions = jnp.arange(120)
    rates = schedule(positions)
    _, scanned = jax.lax.scan(lambda t, _: (t + 1, schedule(t)), jnp.int32(0), length=120)
    for got in (jax.jit(schedule)(positions), jax.vmap(schedule)(positions), scanned):
        assert np.allclose(got, rates, rtol=1e-6, atol=1e-6)


def test_a_training_step_is_traced_once():
    traces, schedule = [], EXAMPLES["wsd"]

    @jax.jit
    def step(t):
        traces.append(t)
        return schedule(t), t + 1

    t, used = jnp.int32(0), []
    for _ in range(100):
        rate, t = step(t)
        used.append(float(rate))
    assert len(traces) == 1
    assert used == pytest.approx(one_by_one(schedule, range(100)), rel=1e-6, abs=1e-6)


# As a schedule of optax.


def updates(transform, steps: int = 60) -> list[float]:
    """By how much each of some compiled updates lowers a weight whose gradient is 1."""
    weight = jnp.zeros(())
    state = transform.init(weight)
    update = jax.jit(transform.update)
    lowered = []
    for _ in range(steps):
        change, state = update(jnp.ones(()), state, weight)
        lowered.append(-float(change))
    return lowered


SCHEDULE = lehr.cosine(50, 10, 0.1)
RATES = [SCHEDULE(t) for t in range(60)]


def test_a_schedule_is_a_learning_rate_of_optax():
    assert updates(optax.sgd(learning_rate=SCHEDULE)) == pytest.approx(RATES, rel=1e-5, abs=1e-8)
    assert updates(optax.adam(learning_rate=SCHEDULE)) == pytest.approx(RATES, rel=1e-4, abs=1e-8)  # of a gradient of 1


def test_inject_hyperparams_shows_the_rate():
    transform = optax.inject_hyperparams(optax.sgd)(learning_rate=SCHEDULE)
    state, shown = transform.init(jnp.zeros(())), []
    update = jax.jit(transform.update)
    for _ in range(60):
        _, state = update(jnp.ones(()), state)
        shown.append(float(state.hyperparams["learning_rate"]))
    assert shown == pytest.approx(RATES, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("run", [jax.jit, lambda f: f], ids=["traced", "as it is"])
def test_optax_joins_it_with_others(run):
    """It asks the later one for positions below 0 as well, and drops what it gets."""
    joined = run(optax.join_schedules([optax.constant_schedule(0.5), SCHEDULE], [20]))
    assert [float(joined(jnp.int32(t))) for t in range(80)] == pytest.approx([0.5] * 20 + RATES, rel=1e-5, abs=1e-8)
