"""OneCycleLR of torch: two or three ramps whose ends lie between steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...schedules import Constant, Ramp, Schedule
from ...schedules.combinators import sequence
from .law import Law, Onward, absolute
from .source import Source

Level = Callable[[str], float]
"""What a phase says of its ends, such as ``"max_lr"`` -> the value in the param group."""


def rate(source: Source, group: int) -> Law:
    """B/div → B → B/(div·final) with the top at pct·T - 1 and the end at T - 1, both real numbers."""
    return absolute(_one_cycle(source, "lr", lambda name: source.in_group(group, name)))


def momentum(source: Source, group: int) -> Onward:
    """The momentum, which falls where the rate rises."""
    return _one_cycle(source, "momentum", lambda name: source.in_group(group, name))


def _one_cycle(source: Source, what: str, level: Level) -> Onward:
    steps = int(source.fields["total_steps"])
    shape = "cosine" if source.fields["_anneal_func_type"] == "cos" else "linear"
    phases = source.fields["_schedule_phases"]
    parts: list[Schedule] = []
    at = start = 0.0
    for phase in phases:
        end = phase["end_step"]
        if min(end, steps - 1) > at:
            ramp = Ramp(level(phase[f"start_{what}"]), level(phase[f"end_{what}"]), end - start, shape)
            parts.append(ramp.cut(at - start, min(end, steps - 1) - start))
            at += parts[-1].length or 0
        start = end
    final = parts[-1]._final_rate if parts else level(phases[-1][f"end_{what}"])
    body = sequence(*parts, Constant(final, _length_up_to(steps, at)))
    return _with_its_end(body, _extrapolated(source, what, level))


def _length_up_to(end: float, at: float) -> float:
    """The length that, added to ``at``, gives ``end`` exactly."""
    length = end - at
    while at + length != end:
        length = math.nextafter(length, math.inf if at + length < end else 0)
    return length


def _with_its_end(body: Schedule, at_end: float | None) -> Onward:
    if at_end is None:
        return Onward(body, None, "divides by zero", "OneCycleLR")
    if at_end >= 0:
        peer = body.then(Constant(at_end))
    else:
        peer = body.then(Constant(0.0)) - Constant(0.0, body.length).then(Constant(-at_end))
    return Onward(body, peer, f"extrapolates to {at_end:g}, and then raises,", "OneCycleLR")


def _extrapolated(source: Source, what: str, level: Level) -> float | None:
    """The value at ``total_steps``, which torch takes from beyond the end of the last ramp; None if it divides by zero.

    It is one number, and beyond the end of a ramp no part says it.
    """
    steps, start = source.fields["total_steps"], 0.0
    *others, last = source.fields["_schedule_phases"]
    for phase in (*others, last):
        end = phase["end_step"]
        if steps <= end or phase is last:
            if end == start:
                return None
            share = (steps - start) / (end - start)
            first, second = level(phase[f"start_{what}"]), level(phase[f"end_{what}"])
            if source.fields["_anneal_func_type"] == "cos":
                return second + (first - second) / 2.0 * (math.cos(math.pi * share) + 1)
            return float((second - first) * share + first)
        start = end
    return None
