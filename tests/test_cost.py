"""What a schedule costs follows the size of what it was built from, and its rates stay finite."""

import math
import pickle
from time import process_time

import numpy as np
import pytest
import torch

import lehr
from lehr import Constant, Exponential, Ramp, Schedule, Table
from lehr.schedules import sampling
from lehr.schedules.source import to_python


@pytest.fixture(autouse=True)
def quick():
    """Each of these took from 4 seconds to for ever; on a slow machine they now take a fraction of one."""
    start = process_time()
    yield
    assert process_time() - start < 5


def test_a_scheduler_has_few_attributes():
    """From 30 on CPython no longer shares the keys of an object's attributes, and each `step` costs 40 ns more."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    assert len(vars(lehr.Scheduler(optimizer, Constant(0.1)))) < 30


FAR = {
    "a restart": lehr.cosine(100, max_lr=1.0).repeat().cut(10**15),
    "a fraction": Ramp(1, 0, 0.3).repeat().cut(10**9),
    "growing": Ramp(1, 0, 10).repeat(length_factor=1.01).cut(10**15),
    "waves": lehr.triangular(max_lr=1.0, min_lr=0.1, cycle_steps=20).cut(10**8),
    "waves in a sum": (lehr.triangular2(max_lr=1.0, cycle_steps=20) + 1.0).cut(10**8, 10**8 + 50),
    "stairs": Exponential(1.0, 0.999, every=3, staircase=True).cut(10**12).clip(lo=1e-9),
    "slowly": lehr.triangular(max_lr=1.0, cycle_steps=20).cut(10**8, 10**9).stretch(10**5).cut(99_000),
    "later": Constant(1.0, 10).then(Ramp(1, 0, 7).repeat().cut(10**12)),
}


@pytest.mark.parametrize("name", FAR)
def test_a_cut_far_out_is_as_quick(name):
    schedule = FAR[name]
    assert len(schedule.breaks(1000, most=20)) <= 20
    assert "peak" in schedule.describe(1000)
    assert schedule._repr_svg_()


def test_a_restart_far_out_is_described_as_the_first():
    assert lehr.cosine_restarts(max_lr=1.0, cycle_steps=100).cut(10**8).describe(200).splitlines()[2:4] == [
        "decay       0 to 100   1 to 0, jumps to 1",
        "decay     100 to 200   1 to 0, jumps to 1",
    ]


def nested(depth: int) -> Schedule:
    schedule: Schedule = Ramp(1.0, 0.5, 1000, "1-sqrt")
    for i in range(depth):
        schedule = ((schedule * Ramp(1.0, 0.9, 900 + i)).stretch(1000 + i).clip(hi=0.9)).repeat(2).cut(1)
    return schedule


def test_evaluation_is_linear_in_depth():
    schedule = nested(12)
    assert schedule(np.arange(500)).tolist() == pytest.approx([schedule(t) for t in range(500)], rel=1e-12)
    scope: dict = {}
    exec(to_python(schedule), scope)
    assert scope["learning_rate"](77) == schedule(77)
    assert schedule.breaks(500) is not None


def test_cuts_of_cuts_are_quick():
    schedule: Schedule = Ramp(1.0, 0.0, 10_000).clip(lo=1e-9)
    for _ in range(1000):
        schedule = schedule.cut(1)
    assert schedule(0) == pytest.approx(0.9)
    assert len(repr(schedule)) < 200


def test_nothing_is_written_down_whole_before_it_is_cut():
    table = Table(np.linspace(1, 0, 200_000))
    assert len(table.describe()) < 6_000
    assert len(table._repr_svg_()) < 20_000
    with pytest.raises(ValueError) as refused:
        Constant(1.0).then(table)
    assert len(str(refused.value)) < 300
    many = Ramp(0, 1, 1).then(*[Constant(i / 1000, 3) for i in range(10_000)])
    assert "... and more than 9,981 more phases" in many.describe()
    assert len(many.describe()) < 6_000


def test_a_boundary_is_found_without_building_lists():
    many = Ramp(0, 1, 1).then(*[Constant(i / 1000, 3) for i in range(10_000)])
    many(0)
    start = process_time()
    for t in range(10_000):
        many._piece_at(t)
    assert (process_time() - start) / 10_000 < 50e-6


# Rates stay finite.


@pytest.mark.parametrize(
    "build",
    [
        lambda: Constant(1e308) + Constant(1e308),
        lambda: Constant(1e200) * 1e200,
        lambda: Constant(1e200) * 1e200 * 0.0,
        lambda: Ramp(0, 1e308, 10).then(Ramp(1e308, 0, 10)) + Ramp(1e308, 0, 5),
        lambda: Exponential(1e-3, 1.5),
        lambda: Exponential(1e-3, 1.5, length=10**6),
        lambda: Exponential(1e-3, 1.5, staircase=True),
        lambda: Ramp(1, 0, 10).repeat(height_factor=2),
        lambda: Ramp(1, 0, 10).repeat(2000, height_factor=2),
        lambda: lehr.exp_range(max_lr=1.0, cycle_steps=10, decay_factor=1.5),
        lambda: lehr.cosine_restarts(max_lr=1.0, cycle_steps=10, height_factor=2),
        lambda: Constant(1e308)._scaled(10),
        lambda: Constant(10**400),
        lambda: Exponential(1e-3, 0.5)(10**400),
        lambda: Constant(1.0).cut(10**400),
    ],
)
def test_a_rate_that_is_not_finite_is_refused(build):
    with pytest.raises(ValueError):
        build()


def test_growth_that_ends_is_taken():
    assert Exponential(1e-3, 1.5, length=10)(10) == pytest.approx(1e-3 * 1.5**10)
    growing = lehr.cosine_restarts(35, max_lr=1.0, cycle_steps=10, height_factor=2)
    assert [growing(t) for t in (0, 10, 20, 30, 35)] == [1, 2, 4, 8, 0]
    longer = lehr.cosine_restarts(75, max_lr=1.0, cycle_steps=10, length_factor=2, height_factor=2)
    assert [longer(t) for t in (0, 10, 30, 70, 75)] == [1, 2, 4, 8, 0]


def test_factors_that_are_integers_do_not_overflow_in_an_array():
    growing = Ramp(1, 0, 10).repeat(80, height_factor=2)
    grid = np.arange(0, 800, 7)
    assert growing(grid).tolist() == [growing(int(t)) for t in grid]


def test_long_growing_cycles_are_the_same_in_an_array():
    schedule = Ramp(1.0, 0.0, 1000).repeat(length_factor=1.01)
    grid = np.random.default_rng(0).integers(0, 10**15, 3000)
    assert schedule(grid).tolist() == [schedule(t) for t in grid.tolist()]


# Positions to look at, and the end of a run in the middle of a cycle.


def test_positions_have_both_sides_of_every_break():
    schedule = lehr.step_decay(100, 10, max_lr=1.0, decay_steps=30)
    found = sampling.positions(schedule, 100, most=50)
    assert (found[0], found[-1]) == (0, 100)
    assert (np.diff(found) > 0).all()
    for at in schedule.breaks():
        assert {at, math.nextafter(at, 0)} <= set(found.tolist())


def test_a_run_that_ends_inside_a_cycle_is_described_so():
    def line(schedule, stop=None):
        return [line for line in schedule.describe(stop).splitlines() if line.startswith("ends")]

    restarts = lehr.cosine_restarts
    assert line(restarts(150, max_lr=1.0, cycle_steps=100)) == ["ends    in the middle of a cycle, at 50 % of the peak"]
    assert line(restarts(150, 50, max_lr=1.0, cycle_steps=100)) == []
    assert line(restarts(120, 50, max_lr=1.0, cycle_steps=100)) != []
    assert line(restarts(150, 0, 1.0, 0.5, cycle_steps=100)) == [
        "ends    in the middle of a cycle, at 75 % of the peak"
    ]
    assert line(lehr.triangular(50, max_lr=1.0, cycle_steps=20)) != []
    assert line(lehr.triangular(60, max_lr=1.0, cycle_steps=20)) == []
    assert line(Ramp(1, 0, 10).repeat(3)) == []
    assert line(Ramp(1, 0, 10).repeat(3).cut(0, 25)) != []
    assert line(Ramp(1, 0, 10).repeat(), stop=30) == []
    assert line(Ramp(1, 0, 10).repeat(), stop=35) != []
    assert line(lehr.cosine(100, max_lr=1.0)) == []


def test_plot_draws_with_matplotlib():
    figure = pytest.importorskip("matplotlib.figure")
    axes = figure.Figure().subplots()
    assert lehr.cosine(100, max_lr=1.0).plot(axes, label="mine") is axes
    assert [line.get_label() for line in axes.get_lines()] == ["mine"]


def test_what_is_kept_for_speed_is_not_pickled():
    schedule = lehr.cosine(100, 10, max_lr=1.0) * 0.5
    schedule(3)
    assert schedule.describe()
    assert pickle.loads(pickle.dumps(schedule)) == schedule


@pytest.mark.parametrize("name", ["max", "min", "int", "math", "_part_1", "class", "a b"])
def test_an_exported_function_has_no_name_that_it_uses_itself(name):
    with pytest.raises(ValueError, match="`name` must be a valid name"):
        to_python(lehr.cosine(100, max_lr=1.0), name)
