"""Rates that a reader can check by hand."""

import pytest

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Table
from lehr.schedules.recipes import RECIPES
from lehr.schedules.shapes import SHAPES

# A schedule, and its rates at some positions.
KNOWN = [
    (lehr.cosine(40, 10, 1.0, 0.0), {0: 0.1, 1: 0.1, 5: 0.5, 10: 1.0, 20: 0.75, 25: 0.5, 30: 0.25, 40: 0.0, 99: 0.0}),
    (lehr.cosine(40, 10, 1.0, 0.5), {10: 1.0, 20: 0.875, 25: 0.75, 30: 0.625, 40: 0.5, 10**15: 0.5}),
    (lehr.linear(50, 10, 1.0, 0.2), {0: 0.1, 9: 0.9, 10: 1.0, 20: 0.8, 30: 0.6, 50: 0.2, 51: 0.2}),
    (lehr.linear(10, 0, 1.0), {0: 1.0, 5: 0.5, 9: 0.1, 10: 0.0}),
    (lehr.linear(10, 10, 1.0), {0: 0.1, 5: 0.5, 9: 0.9, 10: 1.0, 11: 1.0}),
    (lehr.linear(10, 1, 1.0), {0: 1.0, 1: 1.0, 10: 0.0}),
    (lehr.constant(10, 5, 0.3, 0.1), {0: 0.3, 5: 0.3, 10: 0.3, 99: 0.3}),
    (lehr.constant_with_warmup(100, 10, 0.3), {0: 0.03, 5: 0.15, 10: 0.3, 200: 0.3}),
    (lehr.polynomial(100, 0, 1.0, 0.0, power=3), {0: 1.0, 50: 0.125, 100: 0.0}),
    (lehr.exponential(100, 0, 1.0, 0.01), {0: 1.0, 50: 0.1, 100: 0.01}),
    (lehr.rex(100, max_lr=1.0), {0: 1.0, 50: 2 / 3, 100: 0.0}),
    (lehr.wsd(100, 10, 1.0), {10: 1.0, 80: 1.0, 85: 0.5, 100: 0.0}),
    (lehr.wsd(100, 0, 1.0, 0.01, decay_steps=50, decay_shape="exponential"), {50: 1.0, 75: 0.1, 100: 0.01}),
    (lehr.wsd(100, 0, 1.0, decay_steps=30, decay_shape="cosine"), {80: 0.75, 90: 0.25}),
    (lehr.trapezoid(100, 10, 1.0, 0.5), {5: 0.5, 80: 1.0, 90: 0.75, 100: 0.5}),
    (lehr.power(1000, 100, 1.0, decay_steps="10%"), {100: 1.0, 400: 0.5, 1000: 0.0}),
    (lehr.infinite(100, 10, 1.0, constant_lr=0.2, decay_shape="linear"), {10: 1.0, 20: 0.6, 30: 0.2, 90: 0.2, 95: 0.1}),
    (lehr.inverse_sqrt(None, 100, 1.0), {50: 0.5, 100: 1.0, 400: 0.5, 10_000: 0.1}),
    (lehr.inverse_sqrt(None, 100, 1.0, 0.3), {400: 0.5, 10_000: 0.3}),
    (lehr.noam(warmup_steps=100, model_dim=4), {50: 0.025, 100: 0.05, 400: 0.025}),
    (lehr.step_decay(max_lr=1.0, decay_steps=30), {0: 1.0, 29: 1.0, 30: 0.1, 60: 0.01}),
    (lehr.step_decay(90, max_lr=1.0, min_lr=0.05, decay_steps=30), {59: 0.1, 60: 0.05}),
    (lehr.multistep(100, max_lr=1.0, milestones=[30, "50%", 50]), {29: 1.0, 30: 0.1, 49: 0.1, 50: 0.001, 100: 0.001}),
    (
        lehr.cosine_restarts(100, max_lr=1.0, cycle_steps=20, height_factor=0.5),
        {0: 1.0, 10: 0.5, 20: 0.5, 30: 0.25, 40: 0.25},
    ),
    (
        lehr.cosine_restarts(max_lr=1.0, cycle_steps=10, length_factor=3),
        {10: 1.0, 40: 1.0, 130: 1.0, 400: 1.0, 1210: 1.0},
    ),
    (
        lehr.cosine_restarts(max_lr=1.0, cycle_steps=1, length_factor=10),
        {1: 1.0, 11: 1.0, 111: 1.0, 1111: 1.0, 111_111_111: 1.0},
    ),
    (lehr.cosine_restarts(100, 10, 1.0, 0.2, cycle_steps=30), {5: 0.5, 10: 1.0, 25: 0.6, 40: 1.0, 55: 0.6, 100: 0.2}),
    (lehr.one_cycle(100, 30, 1.0, 0.0, start_lr=0.2), {0: 0.2, 15: 0.6, 30: 1.0, 65: 0.5, 100: 0.0}),
    (lehr.one_cycle(100, 40, 1.0, 0.0, start_lr=0.2, ramps=3, shape="linear"), {20: 0.6, 60: 0.6, 80: 0.2, 90: 0.1}),
    (lehr.triangular(max_lr=1.0, min_lr=0.5, cycle_steps=20), {0: 0.5, 5: 0.75, 10: 1.0, 20: 0.5, 10**15 + 10: 1.0}),
    (lehr.triangular(50, max_lr=1.0, cycle_steps=20), {49: 0.9, 50: 0.0}),
    (lehr.triangular2(max_lr=1.0, min_lr=0.5, cycle_steps=20), {10: 1.0, 30: 0.75, 50: 0.625}),
    (lehr.exp_range(max_lr=1.0, cycle_steps=4, decay_factor=0.5), {1: 0.25, 2: 0.25, 6: 0.015625}),
    (lehr.range_test(100, min_lr=1e-6, max_lr=1.0), {0: 1e-6, 50: 1e-3, 100: 1.0}),
    (lehr.linear(20, 10, 1.0, warmup_start_lr=0.5), {0: 0.5, 5: 0.75, 10: 1.0, 15: 0.5}),
    (lehr.linear(20, 10, 1.0, warmup_start_lr=0.0), {0: 0.0, 1: 0.1, 10: 1.0}),
    (lehr.constant_with_warmup(None, 10, 1.0, warmup_shape="square"), {0: 0.19, 1: 0.19, 5: 0.75, 10: 1.0}),
    (lehr.wsd(40, 10, 1.0, 0.01, decay_steps=20, decay_shape="exponential", warmup_start_lr=0.2), {5: 0.6, 30: 0.1}),
    (lehr.cosine(60, max_lr=1.0, num_cycles=1.5), {0: 1.0, 20: 0.0, 40: 1.0, 60: 0.0, 99: 0.0}),
    (lehr.cosine(60, max_lr=1.0, min_lr=0.2, num_cycles=1), {0: 1.0, 30: 0.2, 60: 1.0, 99: 1.0}),
    (lehr.cosine(60, max_lr=1.0, exponent=2), {0: 1.0, 20: 0.5625, 30: 0.25, 40: 0.0625, 60: 0.0}),
    (lehr.exponential(None, 10, 1.0, 0.1, decay_factor=0.5, decay_every=20), {5: 0.5, 30: 0.5, 50: 0.25, 1000: 0.1}),
    (lehr.k_decay(90, max_lr=1.0, k=1), {30: 0.75, 60: 0.25, 90: 0.0}),
    (lehr.tanh_decay(90, max_lr=1.0), {60: 0.5, 90: 0.0}),
    (lehr.inverse_time(None, 10, 1.0, 0.3, timescale=100), {5: 0.5, 10: 1.0, 110: 0.5, 1000: 0.3}),
    (lehr.inverse_time(max_lr=1.0, timescale=10, stairs=10), {0: 1.0, 9: 1.0, 10: 0.5, 19: 0.5, 30: 0.25}),
    (
        lehr.piecewise_constant(milestones=[10, 20], rates=[1.0, 0.2, 0.5], warmup_steps=4),
        {1: 0.25, 4: 1.0, 9: 1.0, 10: 0.2, 20: 0.5},
    ),
    (lehr.chebyshev(2, max_lr=1.0, min_lr=1.0), {0: 1.0, 1: 1.0}),
    (lehr.cosine_restarts(100, 20, 1.0, cycles=4), {20: 1.0, 30: 0.5, 40: 1.0, 90: 0.5, 100: 0.0}),
    (lehr.cosine_restarts(70, max_lr=1.0, cycles=3, length_factor=2), {5: 0.5, 10: 1.0, 20: 0.5, 30: 1.0, 50: 0.5}),
    (
        lehr.cosine_restarts(100, max_lr=1.0, min_lr=0.2, cycle_steps=20, peak_factor=0.5),
        {0: 1.0, 10: 0.6, 20: 0.5, 30: 0.35, 40: 0.25, 60: 0.2, 100: 0.2},
    ),
    (
        lehr.cosine_restarts(100, max_lr=1.0, cycle_steps=20, cycle_warmup_steps=10),
        {0: 0.1, 1: 0.1, 5: 0.5, 10: 1.0, 15: 0.5, 20: 0.1, 25: 0.5, 100: 0.0},
    ),
    (lehr.triangular(max_lr=1.0, cycle_steps=20, rise_steps=5), {0: 0.0, 5: 1.0, 20: 0.0, 22.5: 0.5}),
    (lehr.triangular2(40, max_lr=1.0, cycles=2), {10: 1.0, 20: 0.0, 30: 0.5, 40: 0.0}),
    (
        lehr.one_cycle(100, 40, 1.0, 0.0, start_lr=0.2, ramps=3, fall_steps=20, shape="linear"),
        {20: 0.6, 40: 1.0, 50: 0.6, 60: 0.2, 80: 0.1, 100: 0.0},
    ),
    (Ramp(0.0, 1.0, 10), {0: 0.0, 2.5: 0.25, 10: 1.0, 11: 1.0}),
    (Ramp(1.0, 0.0, 2.5), {0: 1.0, 1: 0.6, 2: 0.2, 3: 0.0}),
    (Ramp(0.5, 1.0, 0), {0: 1.0, 1: 1.0}),
    (Constant(0.5), {0: 0.5, 10**18: 0.5}),
    (Exponential(1.0, 0.5, every=10), {0: 1.0, 5: 0.5**0.5, 20: 0.25}),
    (Exponential(1.0, 0.5, every=10, staircase=True, length=25), {9: 1.0, 10: 0.5, 24: 0.25, 10**15: 0.25}),
    (PowerLaw(1.0, -1.0, 10), {0: 1.0, 10: 0.5, 90: 0.1}),
    (Table([0.3, 0.2, 0.1]), {0: 0.3, 1: 0.2, 1.9: 0.2, 2: 0.1, 3: 0.1, 99: 0.1}),
    (Knots([0, 10, 30], [0.0, 1.0, 0.5]), {5: 0.5, 10: 1.0, 20: 0.75, 30: 0.5, 31: 0.5}),
    (Ramp(0, 1, 4).then(Constant(1, 2)).then(Ramp(1, 0, 2)), {2: 0.5, 4: 1.0, 5: 1.0, 6: 1.0, 7: 0.5, 8: 0.0}),
    (Ramp(1, 0, 10) * 0.5, {0: 0.5, 5: 0.25, 10: 0.0}),
    (Ramp(1, 0, 10) * Ramp(0, 1, 20), {5: 0.125, 10: 0.0, 20: 0.0}),
    (Ramp(1, 0, 10) + 0.5, {0: 1.5, 10: 0.5}),
    (Ramp(1, 0, 10).clip(0.2, 0.7), {0: 0.7, 5: 0.5, 9: 0.2}),
    (Ramp(1, 0, 10) - 0.25, {0: 0.75, 5: 0.25, 7.5: 0.0, 10: -0.25, 99: -0.25}),
    (1 - Ramp(1, 0, 10), {0: 0.0, 5: 0.5, 10: 1.0}),
    (Constant(1) - Ramp(0.5, 0, 10) - 0.5, {0: 0.0, 5: 0.25, 10: 0.5}),
    (Ramp(1, 0, 10) ** 2, {0: 1.0, 5: 0.25, 10: 0.0}),
    (Ramp(1, 0.25, 10) ** -0.5, {0: 1.0, 10: 2.0, 99: 2.0}),
    (Ramp(1, 0, 10).stairs(5), {0: 1.0, 4.9: 1.0, 5: 0.5, 9: 0.5, 10: 0.0}),
    (Ramp(1, 0, 10).stairs(4), {3: 1.0, 4: 0.6, 8: 0.2, 11: 0.2, 12: 0.0, 99: 0.0}),
    (lehr.tabulate(lambda t: 1 / (1 + t), 4), {0: 1.0, 1: 0.5, 3: 0.25, 99: 0.25}),
    (PowerLaw(0.1, 2, timescale=10, length=20), {0: 0.1, 10: 0.4, 20: 0.9, 99: 0.9}),
    (Knots([10, 20], [0.2, 1.0]), {0: 0.2, 10: 0.2, 15: 0.6, 20: 1.0, 99: 1.0}),
    (Ramp(1, 0, 10).cut(4, 8), {0: 0.6, 4: 0.2, 100: 0.2}),
    (Ramp(1, 0, 10).cut(0.5), {0: 0.95, 9: 0.05, 10: 0.0}),
    (Ramp(1, 0, 10).shift(3), {0: 1.0, 3: 1.0, 8: 0.5}),
    (Ramp(1, 0, 10).stretch(40), {20: 0.5, 40: 0.0}),
    (Ramp(1, 0, 10).repeat(2), {9: 0.1, 10: 1.0, 15: 0.5, 20: 0.0, 25: 0.0}),
    (Ramp(1, 0, 10).repeat(length_factor=2, height_factor=0.5), {10: 0.5, 20: 0.25, 30: 0.25, 70: 0.125}),
    (Ramp(1, 0, 8).repeat(3, length_factor=0.5), {8: 1.0, 10: 0.5, 12: 1.0, 13: 0.5, 14: 0.0}),
]

# What is left of a fall from 1 to 0, a quarter and a half of the way down.
SHAPE_VALUES = {
    "linear": (0.75, 0.5),
    "cosine": (0.8535533905932737, 0.5),
    "quarter-cosine": (0.9238795325112867, 0.7071067811865476),
    "k-decay(2)": (0.9903926402016152, 0.8535533905932737),
    "polynomial(3)": (0.421875, 0.125),
    "sqrt": (0.8660254037844386, 0.7071067811865476),
    "square": (0.5625, 0.25),
    "1-sqrt": (0.5, 0.2928932188134524),
    "1-square": (0.9375, 0.75),
    "1-power(2, 2)": (0.87890625, 0.5625),
    "exponential(0.0625)": (0.46666666666666667, 0.2),
    "rex": (0.8571428571428571, 0.6666666666666666),
    "sigmoid(4)": (0.803388, 0.5),
    "tanh": (0.999447, 0.952574),
    "saturating": (0.7788007830714049, 0.6065306597126334),
}


@pytest.mark.parametrize(("schedule", "rates"), KNOWN, ids=repr)
def test_known_rates(schedule, rates):
    assert {t: schedule(t) for t in rates} == pytest.approx(rates, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPE_VALUES)
def test_known_shapes(shape):
    fall = Ramp(1.0, 0.0, 80, shape)
    assert (fall(20), fall(40)) == pytest.approx(SHAPE_VALUES[shape], abs=2e-6)


def test_the_log_shape_is_done_one_position_early():
    rise = Ramp(0.0, 1.0, 9, "log")
    assert (rise(0), rise(2), rise(8)) == pytest.approx((0.0, 0.5, 1.0))


def test_every_recipe_and_shape_has_a_row():
    recipes = {repr(schedule).partition("(")[0] for schedule, _ in KNOWN}
    assert set(RECIPES) <= recipes
    assert {shape.partition("(")[0] for shape in SHAPE_VALUES} | {"log"} == set(SHAPES)


def test_a_step_far_out_is_exact():
    """1e12 steps into a long run nothing has accumulated: half of the way is half of the rate."""
    assert lehr.cosine(2 * 10**12, 0, 1.0)(10**12) == 0.5
    assert lehr.linear(4 * 10**12, 0, 1.0)(10**12) == 0.75
