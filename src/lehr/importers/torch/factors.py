"""The schedulers of torch whose steps multiply the rate in force."""

from __future__ import annotations

import math
from functools import partial
from itertools import accumulate

from ...schedules import Constant, Ramp, Schedule, checks
from ..building import decayed, levels, power_shape
from .law import Law, Onward, cannot, first_step_counts
from .source import Source


def constant(source: Source, group: int) -> Law:
    """ConstantLR: B·f for N steps, then B."""
    factor, steps, base = source.fields["factor"], _whole(source.fields["total_iters"]), source.base(group)

    def onward(first: float) -> Onward:
        if steps is None or steps < 1:
            return Onward(Constant(first))  # it never comes to the step at which the factor ends
        if factor == 0:
            return Onward(Constant(first, steps), does="divides by zero", owner="ConstantLR")
        return Onward(Constant(first, steps).then(Constant(first * (1.0 / factor))))

    def times(rate: float) -> float:
        return float(rate * factor)

    over = source.fields["total_iters"] <= 0
    return Law(onward, built=times, stepped=times, entered=lambda _: base if over else base * factor, is_factor=True)


def linear(source: Source, group: int) -> Law:
    """LinearLR: B·(a + (b - a)·min(t, N)/N)."""
    start, end, steps = (source.fields[name] for name in ("start_factor", "end_factor", "total_iters"))
    base = source.base(group)

    def onward(first: float) -> Onward:
        if steps < 1:
            return Onward(Constant(first))
        ramp: Schedule = Ramp(first, first / start * end, steps)
        ramp = ramp if _whole(steps) else ramp.cut(0, math.floor(steps))
        return Onward(and_hold(ramp))

    def times(rate: float) -> float:
        return float(rate * start)

    entered = cannot("LinearLR with total_iters of 0 divides by zero at its milestone") if steps <= 0 else None
    return Law(onward, built=times, stepped=times, entered=entered or (lambda _: times(base)), is_factor=True)


def polynomial(source: Source, group: int) -> Law:
    """PolynomialLR: B·(1 - min(t, N)/N)^p."""
    steps, power, base = source.fields["total_iters"], source.fields["power"], source.base(group)

    def onward(first: float) -> Onward:
        if steps < 1 or power == 0:
            return Onward(Constant(first))
        ramp: Schedule = Ramp(first, 0.0, steps, power_shape(power))
        return Onward(ramp if _whole(steps) else ramp.cut(0, math.floor(steps)))

    def stepped(rate: float) -> float:
        return float(rate * (1.0 / (1.0 + 1 / steps)) ** power) if first_step_counts() else rate

    division = cannot("PolynomialLR with total_iters of 0 divides by zero")
    return Law(
        onward,
        stepped=stepped if steps else division,
        entered=(lambda _: base) if steps else division,
        is_factor=True,
    )


def exponential(source: Source, group: int) -> Law:
    """ExponentialLR: B·γ^t."""
    gamma, base = source.fields["gamma"], source.base(group)
    return Law(
        partial(_decaying, gamma=gamma, every=1),
        stepped=lambda rate: rate * gamma if first_step_counts() else rate,
        entered=lambda _: base,
        is_factor=True,
    )


def step(source: Source, group: int) -> Law:
    """StepLR: B·γ^⌊t/s⌋."""
    base = source.base(group)
    onward = partial(_decaying, gamma=source.fields["gamma"], every=source.fields["step_size"], staircase=True)
    return Law(onward, entered=lambda _: base, is_factor=True)


def _decaying(first: float, gamma: float, every: int, staircase: bool = False) -> Onward:
    every = checks.integer("step_size", every, owner="StepLR")
    if not first or gamma == 1:
        return Onward(Constant(first))
    return Onward(decayed(first, gamma, every, staircase=staircase))


def multistep(source: Source, group: int) -> Law:
    """MultiStepLR: B·γ^(number of milestones up to t)."""
    gamma, base = source.fields["gamma"], source.base(group)
    counts: dict[int, int] = {at: n for at, n in dict(source.fields["milestones"]).items() if _whole(at) is not None}

    def onward(first: float) -> Onward:
        ahead = sorted(at for at in counts if at > 0)
        passed = accumulate(counts[at] for at in ahead)
        return Onward(levels(first, [(at, first * gamma**n) for at, n in zip(ahead, passed, strict=True)]))

    def at_0(rate: float) -> float:
        return float(rate * gamma ** counts.get(0, 0))

    past = sum(n for at, n in dict(source.fields["milestones"]).items() if at <= 0)
    return Law(onward, built=at_0, stepped=at_0, entered=lambda _: base * gamma**past, is_factor=True)


def and_hold(schedule: Schedule) -> Schedule:
    """The schedule without an end, so that a run may go on at its final rate, unless that is 0."""
    final = schedule._final_rate
    return schedule.then(Constant(final)) if final else schedule


def _whole(value: float) -> int | None:
    return checks.whole(value)
