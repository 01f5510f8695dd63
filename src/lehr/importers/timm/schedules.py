"""The schedules of timm's schedulers, each under the name of its class.

With the formulas of timm/scheduler of release 1.0.31. A function here builds the schedule of one param
group of a live scheduler without its warmup; position 0 is where timm's formula counts from.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, repeat
from operator import mul
from typing import Any

from ...schedules import Constant, PowerLaw, Ramp, Schedule, Table, checks
from ..building import FAR, decayed, levels, power_shape, restarted


@dataclass(frozen=True)
class Source:
    """One param group of a live scheduler of timm.

    Attributes:
        scheduler: The scheduler.
        group: The index of the group.
        after: What the import does where timm misses a restart.
    """

    scheduler: Any
    group: int
    after: str

    @property
    def owner(self) -> str:
        return type(self.scheduler).__name__

    @property
    def scale(self) -> float:
        """The group's ``lr_scale``, which multiplies every rate, the floor too."""
        return float(self.scheduler.optimizer.param_groups[self.group].get("lr_scale", 1.0))

    @property
    def base(self) -> float:
        return float(self.scheduler.base_values[self.group]) * self.scale

    @property
    def warmup(self) -> float:
        return checks.length("warmup_t", self.scheduler.warmup_t, owner=self.owner)

    @property
    def is_prefix(self) -> bool:
        """Whether the schedule begins after the warmup, and not under it."""
        return bool(getattr(self.scheduler, "warmup_prefix", True))  # WSDLRScheduler has no choice

    def real(self, name: str) -> float:
        """A setting that is a number of any sign."""
        return checks.real(name, getattr(self.scheduler, name), owner=self.owner)

    def number(self, name: str) -> float:
        """A setting that is a number of at least 0."""
        return checks.number(name, getattr(self.scheduler, name), owner=self.owner)

    def level(self, name: str) -> float:
        """A setting that is a rate."""
        return self.number(name) * self.scale

    def rate(self, t: float) -> float | None:
        """What timm computes for position ``t``, without noise; None where it fails on a root of -1e-16."""
        try:
            rate = self.scheduler._get_lr(t)[self.group] * self.scale
        except (TypeError, ValueError):
            return None
        return None if isinstance(rate, complex) else rate


def _cosine(source: Source) -> Schedule:
    k = source.number("k_decay")
    return _cycles(source, "cosine" if k == 1 else f"k-decay({k!r})")


def _poly(source: Source) -> Schedule:
    k, power = source.number("k_decay"), source.number("power")
    return _cycles(source, power_shape(power) if k == 1 else f"1-power({k!r}, {power!r})")


def _tanh(source: Source) -> Schedule:
    return _cycles(source, f"tanh({source.real('lb')!r}, {source.real('ub')!r})")


def _cycles(source: Source, shape: str) -> Schedule:
    """Cycles from a peak, which each time is ``cycle_decay`` of the one before, to the same floor."""
    timm, floor = source.scheduler, source.level("lr_min")
    times = _times(source)
    if times == 0:
        return Constant(floor)
    fall = Ramp(source.base, floor, timm.t_initial, shape)
    if times == 1:
        return fall
    if timm.cycle_decay == 1 or not floor:
        cycles = fall.repeat(times, length_factor=timm.cycle_mul, height_factor=timm.cycle_decay)
    else:  # the floor has the weight that the peak leaves, in every cycle
        peaks = Ramp(source.base, 0.0, timm.t_initial, shape)
        floors = Ramp(0.0, floor, timm.t_initial, shape).repeat(times, length_factor=timm.cycle_mul)
        cycles = floors + peaks.repeat(times, length_factor=timm.cycle_mul, height_factor=timm.cycle_decay)
    begins = source.warmup if source.is_prefix else 0
    return restarted(cycles, _misplaced(source, cycles, begins), source.after, owner=source.owner, begins=begins)


def _times(source: Source) -> int:
    """The number of cycles, without those that begin beyond any run."""
    longer = source.number("cycle_mul")
    times = checks.integer("cycle_limit", source.scheduler.cycle_limit, owner=source.owner, least=0)
    if longer <= 1:
        return times
    return min(times, 1 + int(math.log(1 + FAR / source.number("t_initial") * (longer - 1)) / math.log(longer)))


def _misplaced(source: Source, cycles: Schedule, begins: float) -> dict[int, float]:
    """The positions of ``cycles``, which begin somewhere, where timm has another rate -> its rate.

    timm finds a cycle by a logarithm rounded down, which at some exact restarts is one too low.
    """
    timm = source.scheduler
    if timm.cycle_mul == 1:
        return {}
    ends = accumulate(timm.t_initial * timm.cycle_mul**index for index in range(_times(source)))
    whole = [int(end) for end in ends if float(end).is_integer() and end + begins >= source.warmup]
    rates = ((end, source.rate(end + begins)) for end in whole)
    least = 1e-9 * source.base
    return {end: rate for end, rate in rates if rate is not None and abs(rate - cycles(end)) > least}


def _step(source: Source) -> Schedule:
    timm = source.scheduler
    every = checks.length("decay_t", timm.decay_t, owner=source.owner, above=0)
    factor = source.number("decay_rate")
    return decayed(source.base, factor, every, staircase=True)


def _multistep(source: Source) -> Schedule:
    """A milestone counts from the position before it on."""
    timm, owner = source.scheduler, source.owner
    if not isinstance(timm.decay_t, list | tuple):
        raise ValueError(f"{owner} needs a list of milestones for `decay_t`, got {checks.shown(timm.decay_t)}")
    milestones = [checks.real("decay_t", at, owner=owner) for at in timm.decay_t]
    if milestones != sorted(milestones):
        raise ValueError(f"{owner} finds a milestone by bisection, so `decay_t` must be in order, got {milestones}")
    rates = accumulate(repeat(source.number("decay_rate"), len(milestones)), mul, initial=source.base)
    return levels(next(rates), [(at - 1, rate) for at, rate in zip(milestones, rates, strict=True)])


def _wsd(source: Source) -> Schedule:
    """A stable part, which may fall, times a decay that begins ``decay_t`` before the end."""
    timm, floor = source.scheduler, source.level("lr_min")
    hold, length = timm.t_initial - timm.decay_t, timm.decay_t
    if timm.stable_fn == "constant" and not callable(timm.decay_fn):
        peak = max(source.base, floor)
        return Constant(peak, hold).then(Ramp(peak, floor, length, _fall(timm)))
    if timm.stable_fn == "constant":
        stable: Schedule = Constant(source.base)
    else:
        power = 0.5 if timm.stable_fn == "rsqrt" else timm.stable_power
        stable = PowerLaw(source.base, -power, timm.stable_timescale)
    if floor:
        stable = stable.clip(lo=floor)
    if callable(timm.decay_fn):
        left = [timm.decay_fn(min(done / length, 1.0)) for done in range(math.ceil(length) + 1)]
        weight: Schedule = Table((1.0, *left[1:]))
        rest: Schedule = Table((0.0, *(1 - share for share in left[1:])))
    else:
        weight, rest = Ramp(1.0, 0.0, length, _fall(timm)), Ramp(0.0, 1.0, length, _fall(timm))
    falling = stable.cut(hold) * weight
    return stable.cut(0, hold).then(falling + rest * floor if floor else falling)


def _fall(timm: Any) -> str:
    """The shape of the decay."""
    if timm.decay_fn == "power":
        return f"1-power({float(timm.decay_power)!r})"
    return f"exponential({float(timm.decay_ratio)!r})" if timm.decay_fn == "exp" else str(timm.decay_fn)


BUILDERS: dict[str, Callable[[Source], Schedule]] = {
    "CosineLRScheduler": _cosine,
    "PolyLRScheduler": _poly,
    "TanhLRScheduler": _tanh,
    "StepLRScheduler": _step,
    "MultiStepLRScheduler": _multistep,
    "WSDLRScheduler": _wsd,
}
