"""Rates at positions that are a torch tensor: what the scalar gives, eager and compiled, and what is refused."""

import itertools
from dataclasses import fields

import numpy as np
import pytest
import torch
from catalogue.examples import EXAMPLES, POSITIONS, with_examples
from catalogue.schedules import parts, schedules
from hypothesis import given, settings

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Schedule, Table
from lehr.schedules import torch_tensors

GRID = np.concatenate([np.arange(400), np.arange(50) + 0.5, np.arange(10)[::-1]])
ULPS = 2
POWER_ULPS = 3
"""Where a power is computed, which NumPy, torch and XLA round to within one unit in the last place, C to a half."""
GROWING = {
    "doubling": lehr.cosine_restarts(max_lr=1.0, cycle_steps=10, length_factor=2, warmup_steps=5),
    "by a half": Ramp(1.0, 0.0, 10).repeat(length_factor=1.5, height_factor=0.9),
    "by a tenth": Ramp(1.0, 0.0, 10).repeat(length_factor=1.1),
    "by a hair": Ramp(1.0, 0.0, 10).repeat(length_factor=1.0001),
    "shrinking": Ramp(1.0, 0.0, 64).repeat(5, length_factor=0.5),
}


def one_by_one(schedule: Schedule, positions=GRID) -> np.ndarray:
    return np.array([schedule(t) for t in np.ravel(positions).tolist()]).reshape(np.shape(positions))


def larger_end(schedule: Schedule) -> float:
    """A bound of the rates of a schedule and of all that it is made of, such as the terms of a difference."""
    values = [getattr(schedule, field.name) for field in fields(schedule)]
    inner = [v for value in values for v in (value if isinstance(value, tuple) else [value]) if isinstance(v, Schedule)]
    return max(schedule._highest, *map(larger_end, inner)) if inner else schedule._highest


def ulps(got, each: np.ndarray, end: float) -> float:
    """The largest difference, in units in the last place of the larger end, or of a rate above it."""
    assert np.isfinite(np.asarray(got)).all()
    scale = np.maximum(max(end, 1e-300), each)
    return float((np.abs(np.asarray(got) - each) / np.spacing(scale)).max(initial=0))


def allowed(schedule: Schedule) -> float:
    return POWER_ULPS if any(word in repr(schedule) for word in ("xponential", "range", "PowerLaw", "**")) else ULPS


def sensitive_pieces() -> Schedule:
    """One after another, so that each is computed at positions where it has no rate, or an infinite one."""
    shapes = ("sqrt", "1-power(0.3, 0.7)", "polynomial(0.5)", "k-decay(0.5)", "log")
    falls = (Ramp(1.0, 0.0, 7, shape) for shape in shapes)
    numbers = Table([3.0, 2.0]), Knots([0, 4], [1.0, 2.0])
    powers = PowerLaw(1.0, -2, 3, 5), Exponential(1.0, 9.0, 1, length=30)
    return Constant(0.5, 0).then(*falls, *numbers, *powers, Constant(0.1))


# Agreement with the scalar.


@given(parts)
@settings(max_examples=60, deadline=None)
def test_a_tensor_gives_what_each_position_gives_within_2_ulp_of_the_larger_end(part):
    assert ulps(part(torch.from_numpy(GRID)), one_by_one(part), larger_end(part)) <= allowed(part)


@given(schedules)
@with_examples(EXAMPLES)
@settings(max_examples=40, deadline=None)
def test_so_it_does_for_every_recipe_and_combinator(schedule):
    assert ulps(schedule(torch.from_numpy(GRID)), one_by_one(schedule), larger_end(schedule)) <= allowed(schedule)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_float32_tensor_gives_the_nearest_float32(name):
    schedule = EXAMPLES[name]
    got = schedule(torch.from_numpy(GRID).float())
    assert got.dtype == torch.float32
    assert np.allclose(got.numpy(), one_by_one(schedule), rtol=2**-24 * 1.001, atol=1e-40)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.float16, torch.bfloat16, torch.float64])
def test_a_tensor_of_any_shape_and_type_of_number(dtype):
    schedule = lehr.cosine(100, 10, 1.0)
    for shape in [(), (1,), (2, 3), (0,), (0, 4), (40, 1000)]:
        positions = (torch.arange(np.prod(shape, dtype=int)) % 100).reshape(shape).to(dtype)
        got = schedule(positions)
        assert got.shape == positions.shape
        assert got.dtype == (dtype if dtype.is_floating_point else torch.float64)
        assert got.tolist() == torch.from_numpy(one_by_one(schedule, positions.double().numpy())).to(got.dtype).tolist()


@pytest.mark.parametrize("name", GROWING)
def test_each_restart_of_growing_cycles_is_met_exactly(name):
    """Far beyond those that are looked up, too: a start is where the scalar has it."""
    schedule = GROWING[name]
    starts = schedule.breaks(10**15, most=10_050) if schedule.length is None else schedule.breaks()
    around = [t for start in starts for t in (np.nextafter(start, 0), start, np.floor(start), np.ceil(start))]
    around += np.geomspace(1, 1e15, 50).tolist()
    each = one_by_one(schedule, around)
    assert np.abs(schedule(torch.tensor(around, dtype=torch.float64)).numpy() - each).max() < 1e-9


def test_a_start_that_is_rounded_above_its_position_harms_nobody():
    schedule = Ramp(1.0, 0.0, 10, "1-sqrt").repeat(length_factor=float(np.nextafter(1, 2)))
    far = [5.6345521666064646e17, 7.129175957067794e17]
    assert schedule(torch.tensor(far, dtype=torch.float64)).tolist() == pytest.approx(
        one_by_one(schedule, far), abs=1e-9
    )


def test_a_piece_outside_its_range_harms_nobody():
    """Roots and powers of what is below 0, logarithms, places beyond a table: each piece has its range alone."""
    schedule = sensitive_pieces()
    far = np.array([*range(100), 1e9, 1e18, 1e300])
    assert ulps(schedule(torch.from_numpy(far)), one_by_one(schedule, far), 0.1) <= ULPS


def test_a_tensor_maps_under_vmap_and_is_traced_by_the_others():
    positions = torch.arange(12)
    for schedule in [EXAMPLES["Table"], EXAMPLES["Knots"], GROWING["by a half"], EXAMPLES["wsd"]]:
        rates = schedule(positions)
        assert torch.equal(torch.vmap(schedule)(positions), rates)
        assert torch.equal(torch.vmap(torch.vmap(schedule))(positions.reshape(3, 4)), rates.reshape(3, 4))
        traced = torch.fx.experimental.proxy_tensor.make_fx(schedule)(positions + 50)
        assert torch.equal(traced(positions), rates)


def test_a_fake_tensor_leaves_nothing_fake_behind():
    schedule = Table([0.3, 0.2, 0.1])
    with torch._subclasses.FakeTensorMode():
        assert schedule(torch.empty(5)).shape == (5,)
    assert schedule(torch.arange(3)).tolist() == [0.3, 0.2, 0.1]
    with torch._subclasses.FakeTensorMode():
        assert schedule(torch.empty(5)).shape == (5,)


def test_the_schedule_is_the_same_value_after_it():
    schedule = EXAMPLES["Table"]
    schedule(torch.arange(3))
    assert schedule.__getstate__().keys() == {"rates"}


# What is refused.


@pytest.mark.parametrize(
    "positions", [torch.tensor([1.0, -2.0]), torch.tensor(-1), torch.tensor([float("nan")]), torch.tensor(float("inf"))]
)
def test_what_is_no_position_is_refused_on_the_cpu(positions):
    with pytest.raises(ValueError, match="positions must be finite and at least 0"):
        Ramp(1.0, 0.0, 10)(positions)


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(ValueError, match=r"positions must be numbers, got a tensor of torch\."):
        Ramp(1.0, 0.0, 10)(torch.zeros(3, dtype=dtype))


def test_where_nobody_looks_what_is_no_position_is_said_by_the_rate():
    compiled = torch.compile(GROWING["doubling"].__call__, fullgraph=True, backend="eager")
    assert compiled(torch.tensor([-5, 0, 3])).tolist() == one_by_one(GROWING["doubling"], [0, 0, 3]).tolist()
    rates = compiled(torch.tensor([-np.inf, -1.0, np.nan, np.inf, 3.0])).tolist()
    assert np.isnan(rates).tolist() == [False, False, True, True, False]


# Without float64, as on Apple's devices.


@pytest.fixture
def without_float64(monkeypatch):
    monkeypatch.setattr(torch_tensors, "_NO_FLOAT64", {"cpu"})


@pytest.mark.usefixtures("without_float64")
def test_in_float32_integers_stay_exact():
    far = 10**9 + 10 * np.arange(-20, 20) + 7
    schedule = Constant(1.0, 5).then(Ramp(1.0, 0.0, 10).repeat())
    got = schedule(torch.from_numpy(far))
    assert got.dtype == torch.float32
    assert np.allclose(got, one_by_one(schedule, far), atol=2**-23)
    stairs = Constant(1.0, 2**24 + 1).then(Constant(0.5))
    assert stairs(torch.tensor([2**24, 2**24 + 1, 2**24 + 2])).tolist() == [1.0, 0.5, 0.5]
    assert stairs(torch.tensor([2.0**24, 2.0**24 + 2])).tolist() == [1.0, 0.5]
    hills = Knots([0, 10**9, 10**9 + 10, 10**12], [0.0, 0.0, 1.0, 0.0])
    assert hills(torch.arange(10**9, 10**9 + 11)).tolist() == pytest.approx(np.arange(11) / 10)
    grown = Ramp(1.0, 0.0, 7).repeat(length_factor=3)
    starts = np.array(grown.breaks(10**9))
    assert grown(torch.tensor(starts)).tolist() == [1.0] * len(starts)
    assert (grown(torch.tensor(starts - 1)) < 0.15).all()


# Inside a compiled step.


class Counting:
    """A backend that counts the graphs it is given and runs them as they are."""

    def __init__(self):
        self.graphs = 0

    def __call__(self, module, inputs):
        self.graphs += 1
        return module.forward


@pytest.fixture
def _fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


STEPPED = {
    "cosine": lehr.cosine(80, 10, 0.1),
    "Table": Table(np.linspace(1, 0, 90)),
    "growing": GROWING["by a half"],
    "knots and stairs": Knots([0, 10, 40], [0.0, 1.0, 0.25]) * lehr.step_decay(max_lr=1.0, decay_steps=20),
}


@pytest.mark.usefixtures("_fresh")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch, of itself, while it traces
@pytest.mark.parametrize("name", STEPPED)
def test_a_compiled_training_step_is_one_graph_and_uses_each_rate(name):
    schedule, count = STEPPED[name], Counting()
    rate, counter = torch.tensor(0.0, dtype=torch.float64), torch.tensor(0)
    weight = torch.ones(3, dtype=torch.float64)

    @torch.compile(fullgraph=True, backend=count)
    def step():
        rate.copy_(schedule(counter))
        weight.sub_(rate)
        counter.add_(1)

    used = []
    for _ in range(100):
        step()
        used.append(rate.item())
    assert count.graphs == 1
    assert ulps(used, one_by_one(schedule, range(100)), larger_end(schedule)) <= ULPS
    assert weight.numpy() == pytest.approx(1 - sum(used))


@pytest.mark.usefixtures("_fresh")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_schedule_in_the_same_function_gives_its_own_rates():
    count = Counting()
    rates_of = torch.compile(lambda schedule, t: schedule(t), fullgraph=True, backend=count)
    one, other = lehr.cosine(100, 10, 0.1), lehr.cosine(100, 10, 0.2)
    positions = torch.arange(5)
    for schedule in (one, other, one, other):
        assert rates_of(schedule, positions).tolist() == schedule(positions).tolist()
    assert count.graphs == 2


@pytest.mark.usefixtures("_fresh")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_compiler_makes_machine_code_of_it():
    rates_of = torch.compile(EXAMPLES["wsd"].__call__, fullgraph=True)
    assert ulps(rates_of(torch.from_numpy(GRID)), one_by_one(EXAMPLES["wsd"]), 1.0) <= ULPS


# Keras.


def test_a_variable_of_keras_is_a_position(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    schedule = lehr.cosine(100, 10, 0.1)
    for t in itertools.islice(POSITIONS, 8):
        got = schedule(keras.Variable(t, dtype="int64", trainable=False))
        assert isinstance(got, torch.Tensor)
        assert got.item() == pytest.approx(schedule(t), rel=1e-15)
