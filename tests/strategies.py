"""Hypothesis strategies: schedules of every kind, and the settings of every recipe."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

import lehr
from lehr import Constant, Exponential, Knots, PowerLaw, Ramp, Schedule, Table

rates = st.floats(0, 10, allow_subnormal=False).filter(lambda rate: rate == 0 or rate > 1e-9)
above_zero = st.floats(1e-6, 10)
steps = st.integers(1, 300)
lengths = st.integers(0, 300)
shapes = st.sampled_from(
    [
        *("linear", "cosine", "cosine(3)", "quarter-cosine", "k-decay(2)", "polynomial(2)", "polynomial(0.5)"),
        *("sqrt", "square", "1-sqrt", "1-square", "1-power(3, 2)", "exponential(0.01)", "rex", "sigmoid"),
        *("sigmoid(4)", "tanh", "saturating"),
    ]
)
peak_and_floor = st.tuples(above_zero, st.floats(0, 1)).map(
    lambda pair: {"max_lr": pair[0], "min_lr": pair[0] * pair[1]}
)


@st.composite
def run(draw: st.DrawFn) -> dict[str, Any]:
    """training_steps, warmup_steps, max_lr and min_lr that go together."""
    total = draw(steps)
    warmup = draw(st.one_of(st.sampled_from([0, 1, total]), st.integers(0, total)))
    return {"training_steps": total, "warmup_steps": min(warmup, total), **draw(peak_and_floor)}


STANDARD = ("cosine", "linear", "constant", "polynomial", "rex")


@st.composite
def recipes(draw: st.DrawFn) -> Schedule:
    """A recipe with settings that it accepts."""
    given = draw(run())
    left = given["training_steps"] - given["warmup_steps"]
    cooldown = draw(st.integers(0, left))
    cycle = {"cycle_steps": draw(st.integers(2, 100))}
    cyclic = {k: v for k, v in given.items() if k != "warmup_steps"} | cycle
    floorless = {k: v for k, v in given.items() if k != "min_lr"}
    milestone = draw(st.integers(given["warmup_steps"], given["training_steps"]))
    name, options = draw(
        st.sampled_from(
            [(name, given) for name in STANDARD]
            + [
                ("constant_with_warmup", floorless),
                ("exponential", given | {"min_lr": max(given["min_lr"], given["max_lr"] / 100)}),
                ("wsd", given | {"decay_steps": cooldown, "decay_shape": draw(shapes)}),
                ("trapezoid", given | {"decay_steps": cooldown}),
                ("power", given | {"decay_steps": cooldown}),
                ("infinite", given | {"constant_lr": given["max_lr"], "cooldown_steps": 0, "decay_steps": cooldown}),
                ("inverse_sqrt", given),
                ("noam", {"training_steps": 300, "warmup_steps": 30, "model_dim": 64}),
                ("step_decay", given | {"decay_steps": draw(steps)}),
                ("multistep", floorless | {"milestones": [milestone]}),
                ("cosine_restarts", given | cycle | {"length_factor": draw(st.sampled_from([1, 1.5, 2]))}),
                (
                    "one_cycle",
                    given | {"warmup_steps": given["warmup_steps"] // 2, "ramps": draw(st.sampled_from([2, 3]))},
                ),
                ("triangular", cyclic),
                ("triangular2", cyclic),
                ("exp_range", cyclic | {"decay_factor": 0.99}),
                ("range_test", {"training_steps": given["training_steps"], "max_lr": 10.0}),
            ]
        )
    )
    schedule: Schedule = getattr(lehr, name)(**options)
    return schedule


ramps = st.builds(Ramp, rates, rates, lengths, shapes)
parts = st.one_of(
    ramps,
    st.builds(Ramp, above_zero, above_zero, lengths, st.just("exponential")),
    st.builds(Constant, rates, lengths),
    st.builds(Exponential, rates, st.floats(0.5, 1.1), steps, st.booleans(), lengths),
    st.builds(PowerLaw, rates, st.floats(-2, 0), steps, lengths),
    st.builds(Table, st.lists(rates, min_size=1, max_size=20)),
    st.lists(st.tuples(steps, rates), min_size=1, max_size=6, unique_by=lambda knot: knot[0]).map(
        lambda knots: Knots([0, *(at for at, _ in sorted(knots))], [1.0, *(rate for _, rate in sorted(knots))])
    ),
)


def _combined(inner: st.SearchStrategy[Schedule]) -> st.SearchStrategy[Schedule]:
    stretchable = inner.filter(lambda schedule: bool(schedule.length))
    return st.one_of(
        st.builds(lambda a, b: a.then(b), inner, inner),
        st.builds(lambda a, b: a * b, inner, st.one_of(inner, st.floats(0, 2))),
        st.builds(lambda a, b: a + b, inner, st.one_of(inner, st.floats(0, 2))),
        st.builds(lambda a, lo, more: a.clip(lo, lo + more), inner, rates, rates),
        st.builds(lambda a, start, more: a.cut(start, start + more), inner, lengths, lengths),
        st.builds(lambda a, n: a.shift(n), inner, lengths),
        st.builds(lambda a, n: a.stretch(n), stretchable, steps),
        st.builds(
            lambda a, n, grow, fall: a.repeat(n, length_factor=grow, height_factor=fall),
            stretchable,
            st.integers(1, 4),
            st.sampled_from([1, 2, 1.5, 0.5]),
            st.sampled_from([1, 0.5]),
        ),
    )


finite = st.recursive(st.one_of(parts, recipes()), _combined, max_leaves=5)
"""Any schedule that ends."""

endless = st.one_of(
    st.builds(Constant, rates),
    st.builds(Exponential, rates, st.floats(0.9, 1), steps, st.booleans()),
    st.builds(PowerLaw, rates, st.floats(-2, 0), steps),
    finite.filter(lambda schedule: bool(schedule.length)).map(lambda schedule: schedule.repeat()),
)

schedules = st.one_of(finite, endless, st.builds(lambda a, b: a.then(b), finite, endless))
"""Any schedule."""
