"""The schedules of optax that are given by values at boundaries, those of one cycle too.

``boundaries_and_scales`` maps a boundary, which may be text as JSON writes a key, to the factor from it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

from ...schedules import Constant, Ramp, Schedule, checks
from ...schedules.combinators import sequence
from ..building import levels


def _knots(
    owner: str, init_value: float, boundaries_and_scales: Mapping[Any, float] | None
) -> list[tuple[float, float]]:
    """The boundaries in order, each with the value from it on."""
    scales = boundaries_and_scales or {}
    keys = sorted((_boundary(owner, key), key) for key in scales)
    factors = [checks.number(f"boundaries_and_scales[{key!r}]", scales[key], owner=owner) for _, key in keys]
    values = list(accumulate(factors, mul, initial=checks.number("init_value", init_value, owner=owner)))
    return list(zip((at for at, _ in keys), values[1:], strict=True))


def _boundary(owner: str, key: Any) -> float:
    value = int(key) if isinstance(key, str) and key.strip().lstrip("-").isdigit() else key
    return checks.real("boundaries_and_scales", value, owner=owner, rule="an integer as each boundary")


def piecewise_constant_schedule(
    *, init_value: float, boundaries_and_scales: Mapping[Any, float] | None = None
) -> Schedule:
    return levels(init_value, _knots("piecewise_constant_schedule", init_value, boundaries_and_scales))


def piecewise_interpolate_schedule(
    *, interpolate_type: str, init_value: float, boundaries_and_scales: Mapping[Any, float] | None = None
) -> Schedule:
    checks.one_of("interpolate_type", interpolate_type, ("linear", "cosine"))
    owner = "piecewise_interpolate_schedule"
    knots = [(0.0, init_value), *_knots(owner, init_value, boundaries_and_scales)]
    if any(at < 0 for at, _ in knots):
        raise ValueError(f"{owner} needs boundaries of at least 0, got {checks.shown(boundaries_and_scales)}")
    ramps = [Ramp(a, b, end - begin, interpolate_type) for (begin, a), (end, b) in pairwise(knots)]
    return sequence(*ramps, Constant(knots[-1][1], 0)) if ramps else Constant(init_value)


def linear_onecycle_schedule(
    *,
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    start, steps = _start("linear_onecycle_schedule", transition_steps, peak_value, div_factor, final_div_factor)
    scales = {
        int(pct_start * steps): div_factor,
        int(pct_final * steps): 1.0 / div_factor,
        steps: 1.0 / final_div_factor,
    }
    return piecewise_interpolate_schedule(interpolate_type="linear", init_value=start, boundaries_and_scales=scales)


def cosine_onecycle_schedule(
    *,
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    start, steps = _start("cosine_onecycle_schedule", transition_steps, peak_value, div_factor, final_div_factor)
    scales = {int(pct_start * steps): div_factor, steps: 1.0 / (div_factor * final_div_factor)}
    return piecewise_interpolate_schedule(interpolate_type="cosine", init_value=start, boundaries_and_scales=scales)


def _start(owner: str, steps: int, peak: float, div_factor: float, final_div_factor: float) -> tuple[float, int]:
    """The first value of a cycle, and its length, of which 0 would be a division by zero."""
    for name, divisor in (("div_factor", div_factor), ("final_div_factor", final_div_factor)):
        checks.number(name, divisor, owner=owner, above=0)
    return peak / div_factor, checks.integer("transition_steps", steps, owner=owner)
