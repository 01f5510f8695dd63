"""Every recipe, part and combinator: an example of it, and a Hypothesis strategy of schedules of its kind.

A new recipe needs one row in `RECIPE_ROWS`, a new part one in `PART_ROWS`, a new combinator one in
`COMBINATOR_ROWS`; tests/test_catalogue.py fails until it has one. All tests over schedules then include it.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import NamedTuple

from hypothesis import strategies as st

from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Schedule, Table
from lehr.schedules.recipes import RECIPES

from .settings import Settings, above_zero, lengths, rates, runs, shapes, steps

Schedules = st.SearchStrategy[Schedule]


def may_be_endless(build: Callable[..., Schedule]) -> bool:
    takes = signature(build).parameters
    return any(word in takes and takes[word].default is None for word in ("training_steps", "length"))


# Recipes.


class RecipeRow(NamedTuple):
    """The settings of a recipe besides those that every run has."""

    example: Settings = {}  # noqa: RUF012  # nobody writes into it
    """Settings of an example, with lengths as shares of the run."""
    drawn: Callable[[st.DrawFn, Settings], Settings] = lambda draw, run: {}
    """Draws settings for a run; what it gives replaces what the run says."""
    endless: Settings = {}  # noqa: RUF012  # as above
    """What a run without an end needs besides."""


def _cooldown(draw: st.DrawFn, run: Settings) -> Settings:
    return {"decay_steps": draw(st.integers(0, run["training_steps"] - run["warmup_steps"]))}


def _infinite(draw: st.DrawFn, run: Settings) -> Settings:
    decay = _cooldown(draw, run)
    left = run["training_steps"] - run["warmup_steps"] - decay["decay_steps"]
    level = draw(st.floats(run["min_lr"], run["max_lr"]))
    return {"constant_lr": level, "cooldown_steps": draw(st.integers(0, left)), **decay}


def _milestones(draw: st.DrawFn, run: Settings) -> Settings:
    inside = st.integers(run["warmup_steps"], run["training_steps"])
    return {"milestones": sorted(draw(st.lists(inside, min_size=1, max_size=3)))}


def _piecewise(draw: st.DrawFn, run: Settings) -> Settings:
    settings = _milestones(draw, run)
    count = len(settings["milestones"]) + 1
    return {**settings, "rates": draw(st.lists(rates, min_size=count, max_size=count))}


def _one_cycle(draw: st.DrawFn, run: Settings) -> Settings:
    return {"warmup_steps": run["warmup_steps"] // 2, "ramps": draw(st.sampled_from([2, 3]))}


def _floor_above_zero(draw: st.DrawFn, run: Settings) -> Settings:
    return {"min_lr": max(run["min_lr"], run["max_lr"] / 100)}


def _cycle(draw: st.DrawFn, run: Settings) -> Settings:
    return {"cycle_steps": draw(st.integers(2, 100))}


RECIPE_ROWS = {
    "constant": RecipeRow(),
    "constant_with_warmup": RecipeRow(),
    "linear": RecipeRow(),
    "cosine": RecipeRow({"min_lr": 0.1}),
    "polynomial": RecipeRow({"power": 3}, lambda draw, run: {"power": draw(st.sampled_from([0.5, 1, 2, 3]))}),
    "exponential": RecipeRow({"min_lr": 0.001}, _floor_above_zero, endless={"decay_factor": 0.98}),
    "rex": RecipeRow(),
    "k_decay": RecipeRow({"k": 2}, lambda draw, run: {"k": draw(st.sampled_from([0.5, 1, 2]))}),
    "tanh_decay": RecipeRow(),
    "chebyshev": RecipeRow(
        {"min_lr": 0.1, "cycle_steps": "40%"},
        lambda draw, run: {**_floor_above_zero(draw, run), "cycle_steps": draw(st.integers(1, 100))},
    ),
    "wsd": RecipeRow({"decay_steps": "30%"}, lambda draw, run: {**_cooldown(draw, run), "decay_shape": draw(shapes)}),
    "trapezoid": RecipeRow({"decay_steps": "30%"}, _cooldown),
    "power": RecipeRow(
        {"decay_steps": "30%"}, lambda draw, run: {**_cooldown(draw, run), "exponent": draw(st.floats(-2, 0))}
    ),
    "infinite": RecipeRow({"constant_lr": 0.3, "cooldown_steps": "20%", "decay_steps": "20%"}, _infinite),
    "inverse_sqrt": RecipeRow(),
    "inverse_time": RecipeRow(
        {"timescale": "20%", "stairs": "5%"},
        lambda draw, run: {"timescale": draw(steps), "stairs": draw(st.one_of(st.none(), steps))},
    ),
    "noam": RecipeRow(
        {"model_dim": 64},
        lambda draw, run: {"warmup_steps": max(1, run["warmup_steps"]), "model_dim": draw(st.integers(1, 1024))},
    ),
    "step_decay": RecipeRow({"decay_steps": "20%"}, lambda draw, run: {"decay_steps": draw(steps)}),
    "multistep": RecipeRow({"milestones": ["40%", "70%"]}, _milestones),
    "piecewise_constant": RecipeRow({"milestones": ["40%", "70%"], "rates": [0.5, 1.0, 0.1]}, _piecewise),
    "cosine_restarts": RecipeRow(
        {"cycle_steps": "30%"},
        lambda draw, run: {**_cycle(draw, run), "length_factor": draw(st.sampled_from([1, 1.5, 2]))},
    ),
    "one_cycle": RecipeRow({}, _one_cycle),
    "triangular": RecipeRow({"cycle_steps": "30%"}, _cycle),
    "triangular2": RecipeRow({"cycle_steps": "30%"}, _cycle),
    "exp_range": RecipeRow(
        {"cycle_steps": "30%", "decay_factor": 0.99}, lambda draw, run: {**_cycle(draw, run), "decay_factor": 0.99}
    ),
    "range_test": RecipeRow({}, _floor_above_zero),
}


def built(name: str, run: Settings, settings: Settings) -> Schedule:
    """Build a recipe with what it takes of ``run``, and ``settings``."""
    build = RECIPES[name]
    return build(**{word: value for word, value in run.items() if word in signature(build).parameters} | settings)


@st.composite
def of_recipe(draw: st.DrawFn, name: str, ends: bool = True) -> Schedule:
    """A recipe with any settings that it accepts."""
    run = draw(runs())
    row = RECIPE_ROWS[name]
    settings = row.drawn(draw, run)
    return built(name, run, settings) if ends else built(name, run | {"training_steps": None}, settings | row.endless)


recipes: Schedules = st.one_of(*map(of_recipe, RECIPE_ROWS))


# Parts.


class PartRow(NamedTuple):
    """A class of schedules that are made of numbers alone."""

    example: Callable[[int | None], Schedule]
    """Builds an example from a length; None for no end, if the class can do without one."""
    drawn: Schedules


def _knots(corners: list[tuple[int, float]]) -> Schedule:
    at, levels = zip(*sorted(corners), strict=True)
    return Knots(at, levels)


ramps = st.builds(Ramp, rates, rates, lengths, shapes)
"""Ramps between any two rates."""

exponential_ramps = st.builds(Ramp, above_zero, above_zero, lengths, st.just("exponential"))

PART_ROWS = {
    "Constant": PartRow(lambda n: Constant(0.5, n), st.builds(Constant, rates, lengths)),
    "Ramp": PartRow(lambda n: Ramp(0.1, 1.0, n, "1-sqrt"), st.one_of(ramps, exponential_ramps)),
    "Exponential": PartRow(
        lambda n: Exponential(1.0, 0.97, length=n),
        st.builds(Exponential, rates, st.floats(0.5, 1.1), steps, st.booleans(), lengths),
    ),
    "PowerLaw": PartRow(
        lambda n: PowerLaw(1.0, -0.5, 10, n), st.builds(PowerLaw, rates, st.floats(-2, 2), steps, lengths)
    ),
    "Table": PartRow(
        lambda n: Table([1.0 / (1 + t) for t in range(n)]), st.builds(Table, st.lists(rates, min_size=1, max_size=20))
    ),
    "Knots": PartRow(
        lambda n: Knots([0, n // 10, n], [0.1, 1.0, 0.25]),
        st.lists(st.tuples(lengths, rates), min_size=2, max_size=6, unique_by=lambda corner: corner[0]).map(_knots),
    ),
}

parts: Schedules = st.one_of(*(row.drawn for row in PART_ROWS.values()))


# Combinators.


class CombinatorRow(NamedTuple):
    """A class of schedules that are made of schedules."""

    example: Callable[[int], Schedule]
    """Builds an example from a length, a multiple of 20."""
    drawn: Callable[[Schedules], Schedules]
    """Draws one from the schedules that it may be made of."""


def _with_length(inner: Schedules) -> Schedules:
    return inner.filter(lambda schedule: bool(schedule.length))


COMBINATOR_ROWS = {
    "Then": CombinatorRow(
        lambda n: Ramp(0.1, 1.0, n // 10).then(Constant(1.0, n // 2), Ramp(1.0, 0.0, n * 2 // 5, "1-sqrt")),
        lambda inner: st.one_of(
            st.builds(lambda a, b: a.then(b), inner, inner), st.builds(lambda a, n: a.shift(n), inner, lengths)
        ),
    ),
    "Product": CombinatorRow(
        lambda n: Ramp(1.0, 0.25, n, "cosine") * Exponential(1.0, 0.5, n // 2, True, n),
        lambda inner: st.builds(lambda a, b: a * b, inner, st.one_of(inner, st.floats(0, 2))),
    ),
    "Sum": CombinatorRow(
        lambda n: Ramp(0.5, 0.0, n) + 0.1,
        lambda inner: st.builds(lambda a, b: a + b, inner, st.one_of(inner, st.floats(0, 2))),
    ),
    "Difference": CombinatorRow(
        lambda n: 1.0 - Ramp(0.5, 0.0, n),
        lambda inner: st.builds(lambda a, b, more: a + (b._highest + more) - b, inner, inner, st.floats(0, 2)),
    ),
    "Pow": CombinatorRow(
        lambda n: Ramp(1.0, 0.0, n, "cosine") ** 1.5,
        lambda inner: st.builds(
            lambda a, lo, power: a.clip(lo=lo) ** power, inner, st.floats(0.1, 1), st.sampled_from([0.5, 2, -0.5])
        ),
    ),
    "Stairs": CombinatorRow(
        lambda n: Ramp(1.0, 0.0, n).stairs(n // 10),
        lambda inner: st.builds(lambda a, every: a.stairs(every), inner, st.one_of(steps, st.sampled_from([0.5, 2.5]))),
    ),
    "Clip": CombinatorRow(
        lambda n: Ramp(1.0, 0.0, n).clip(0.2, 0.7),
        lambda inner: st.builds(lambda a, lo, more: a.clip(lo, lo + more), inner, rates, rates),
    ),
    "Cut": CombinatorRow(
        lambda n: Ramp(1.0, 0.0, 2 * n, "cosine").cut(n // 2, n // 2 + n),
        lambda inner: st.builds(lambda a, start, more: a.cut(start, start + more), inner, lengths, lengths),
    ),
    "Stretch": CombinatorRow(
        lambda n: Ramp(0.1, 1.0, n // 10).then(Ramp(1.0, 0.0, n // 2 - n // 10)).stretch(n),
        lambda inner: st.builds(lambda a, n: a.stretch(n), _with_length(inner), steps),
    ),
    "Repeat": CombinatorRow(
        lambda n: Ramp(1.0, 0.5, n // 4).repeat(4, height_factor=0.5),
        lambda inner: st.builds(
            lambda a, n, grow, fall: a.repeat(n, length_factor=grow, height_factor=fall),
            _with_length(inner),
            st.integers(1, 4),
            st.sampled_from([1, 2, 1.5, 0.5]),
            st.sampled_from([1, 0.5]),
        ),
    ),
}


# Any schedule.


def _combined(inner: Schedules) -> Schedules:
    return st.one_of(*(row.drawn(inner) for row in COMBINATOR_ROWS.values()))


finite: Schedules = st.recursive(st.one_of(parts, recipes), _combined, max_leaves=5)
"""Any schedule that ends."""

endless: Schedules = st.one_of(
    st.builds(Constant, rates),
    st.builds(Exponential, rates, st.floats(0.9, 1), steps, st.booleans()),
    st.builds(PowerLaw, rates, st.floats(-2, 0), steps),
    _with_length(finite).map(lambda schedule: schedule.repeat()),
    *(of_recipe(name, ends=False) for name in RECIPE_ROWS if may_be_endless(RECIPES[name])),
)

schedules: Schedules = st.one_of(finite, endless, st.builds(lambda a, b: a.then(b), finite, endless))
"""Any schedule."""
