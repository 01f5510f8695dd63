"""Hypothesis strategies of what a schedule is built from: rates, lengths, shapes, the settings of a run."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lehr.schedules.shapes import SHAPES

Settings = dict[str, Any]

rates = st.floats(0, 10, allow_subnormal=False).filter(lambda rate: rate == 0 or rate > 1e-9)
above_zero = st.floats(1e-6, 10)
steps = st.integers(1, 300)
lengths = st.integers(0, 300)

PARAMETERS = {
    "cosine": ["", "(3)"],
    "k-decay": ["(2)"],
    "polynomial": ["(2)", "(0.5)"],
    "1-power": ["(3, 2)"],
    "exponential": ["", "(0.01)"],
    "sigmoid": ["", "(4)"],
}
"""Parameters for the shapes that take some."""

SHAPE_NAMES = [name + parameters for name in SHAPES for parameters in PARAMETERS.get(name, [""])]
shapes = st.sampled_from([name for name in SHAPE_NAMES if name != "exponential"])
"""Any shape that takes any two ends; the exponential one needs both above 0."""


@st.composite
def runs(draw: st.DrawFn) -> Settings:
    """training_steps, warmup_steps, max_lr and min_lr that a recipe accepts together."""
    total, peak = draw(steps), draw(above_zero)
    warmup = draw(st.one_of(st.sampled_from([0, 1, total]), st.integers(0, total)))
    floor = peak * draw(st.floats(0, 1))
    return {"training_steps": total, "warmup_steps": min(warmup, total), "max_lr": peak, "min_lr": floor}
