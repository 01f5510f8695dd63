"""The schedules of transformers' `get_scheduler`, each under its name there.

With the formulas of transformers/optimization.py, as of release 5.24: every rate is a factor times the optimizer's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ...schedules import Constant, PowerLaw, Ramp, Schedule, checks
from ...schedules.combinators import sequence
from ...warn import warn
from ..after import ended
from ..building import power_shape, restarted, turned, wave


@dataclass(frozen=True)
class Run:
    """What every schedule is built from.

    Attributes:
        name: The name of the schedule.
        peak: The optimizer's rate.
        warmup: Updates of the warmup.
        given_total: Updates of the run, None if it was not said.
        after: What the import does where the original misbehaves.
    """

    name: str
    peak: float
    warmup: int
    given_total: int | None
    after: str

    @property
    def total(self) -> int:
        if self.given_total is None:
            raise ValueError(f"{self.name} needs `num_training_steps`, the updates of the run")
        return self.given_total

    @property
    def decay(self) -> int:
        """Updates that a cosine takes; a warmup as long as the run leaves one."""
        return max(1, self.total - self.warmup)

    @property
    def rise(self) -> Schedule:
        return Ramp(0.0, self.peak, self.warmup)


def _constant(run: Run) -> Schedule:
    return Constant(run.peak)


def _constant_with_warmup(run: Run) -> Schedule:
    return run.rise.then(Constant(run.peak))


def _linear(run: Run) -> Schedule:
    return run.rise.then(Ramp(run.peak, 0.0, max(0, run.total - run.warmup)))


def _cosine(run: Run, *, num_cycles: float = 0.5) -> Schedule:
    return _turning(run, run.rise, 0.0, num_cycles)


def _turning(run: Run, rise: Schedule, low: float, num_cycles: float, early: int = 0) -> Schedule:
    """A cosine of so many turns, ``early`` updates on, which goes on turning after the run."""
    half_turns = 2 * checks.number("num_cycles", num_cycles, owner=run.name)
    if not half_turns:
        return rise.then(Constant(run.peak))
    turning = wave(run.peak, low, run.decay / half_turns)
    body = turned(run.peak, low, run.decay, half_turns).cut(early, run.decay)
    return ended(rise.then(body), turning.cut(run.decay), run.after, owner=run.name, does="goes on along its cosine")


def _cosine_with_restarts(run: Run, *, num_cycles: float = 1) -> Schedule:
    cycles = checks.number("num_cycles", num_cycles, owner=run.name, above=0)
    total = run.decay
    period = total / Fraction(str(cycles))
    falls, length = (
        period.denominator,
        period.numerator,
    )  # so many cycles, which together are an integer number of updates
    fall: Schedule = Ramp(run.peak, 0.0, length, "cosine")
    if falls > 1:
        fall = Ramp(run.peak, 0.0, 1, "cosine").repeat(falls).stretch(length)
    times = -(-total // length)
    body = (fall if times == 1 else fall.repeat(times)).cut(0, total).then(Constant(0.0, 0))
    misplaced = {}
    for start in range(length, total, length):
        gone = cycles * (start / total) % 1.0  # as transformers rounds it: 0 and a bit, or 1 minus a bit
        if gone > 0.5:
            misplaced[run.warmup + start] = run.peak * max(0.0, 0.5 * (1.0 + math.cos(math.pi * gone)))
    return restarted(run.rise.then(body), misplaced, run.after, owner=run.name)


def _polynomial(run: Run, *, lr_end: float = 1e-7, power: float = 1.0) -> Schedule:
    end = checks.number("lr_end", lr_end, owner=run.name)
    if end >= run.peak:
        raise ValueError(f"{run.name} needs `lr_end` below `lr`, got lr_end={lr_end!r} and lr={run.peak!r}")
    exponent = checks.number("power", power, owner=run.name, above=0)
    return run.rise.then(Ramp(run.peak, end, max(0, run.total - run.warmup), power_shape(exponent)))


def _inverse_sqrt(run: Run, *, timescale: float | None = None) -> Schedule:
    if timescale is None:
        timescale = run.warmup or 10_000
    scale = checks.number("timescale", timescale, owner=run.name, above=0)
    return run.rise.then(PowerLaw(run.peak, -0.5, scale))


def _floor(run: Run, min_lr: float | None, min_lr_rate: float | None) -> float:
    if (min_lr is None) == (min_lr_rate is None):
        got = "neither" if min_lr is None else "both"
        raise ValueError(f"{run.name} needs either `min_lr` or `min_lr_rate`, got {got}")
    if min_lr is not None:
        return checks.number("min_lr", min_lr, owner=run.name)
    return run.peak * checks.number("min_lr_rate", min_lr_rate, owner=run.name)


def _cosine_with_min_lr(
    run: Run, *, num_cycles: float = 0.5, min_lr: float | None = None, min_lr_rate: float | None = None
) -> Schedule:
    return _turning(run, run.rise, _floor(run, min_lr, min_lr_rate), num_cycles)


def _cosine_warmup_with_min_lr(
    run: Run,
    *,
    num_cycles: float = 0.5,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
    warmup_lr_rate: float | None = None,
) -> Schedule:
    """Here update t has the rate that the others have at t + 1, so the peak is the last update of the warmup."""
    floor = _floor(run, min_lr, min_lr_rate)
    steps = run.warmup
    if not steps:
        rise: Schedule = Constant(run.peak, 0)
    elif warmup_lr_rate is None:
        rise = Ramp(0.0, run.peak, steps).cut(1).then(Constant(run.peak, 1))
    else:
        low = run.peak * checks.number("warmup_lr_rate", warmup_lr_rate, owner=run.name)
        rise = Ramp(low, run.peak, steps - 1).then(Constant(run.peak, 1)) if steps > 1 else Constant(low, 1)
    return _turning(run, rise, floor, num_cycles, early=1)


_RISES = {"linear": "linear", "cosine": "cosine", "1-sqrt": "sqrt"}
_FALLS = ("linear", "cosine", "1-sqrt")


def _warmup_stable_decay(
    run: Run,
    *,
    num_decay_steps: int,
    num_stable_steps: int | None = None,
    warmup_type: str = "linear",
    decay_type: str = "cosine",
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
) -> Schedule:
    low = run.peak * checks.number("min_lr_ratio", min_lr_ratio, owner=run.name)
    length = checks.integer("num_decay_steps", num_decay_steps, owner=run.name, least=0)
    checks.one_of("warmup_type", warmup_type, _RISES)
    checks.one_of("decay_type", decay_type, _FALLS)
    rise = Ramp(low, run.peak, run.warmup, _RISES[warmup_type])
    stable = _stable(run, length, num_stable_steps)
    half_turns = 2 * checks.number("num_cycles", num_cycles, owner=run.name)
    fall: Schedule = Ramp(run.peak, low, length, decay_type)
    if decay_type == "cosine" and half_turns != 1:
        fall = turned(run.peak, low, length, half_turns).then(Constant(low, 0))
    # A warmup and a decay that are together longer than the run: the decay is under way when the warmup ends.
    return sequence(rise, Constant(run.peak, max(0, stable)), fall.cut(max(0, -stable)))


def _stable(run: Run, decay: int, num_stable_steps: int | None) -> int:
    """The updates between warmup and decay; less than 0 where the two overlap."""
    if num_stable_steps is None:
        return run.total - run.warmup - decay
    stable = checks.integer("num_stable_steps", num_stable_steps, owner=run.name, least=0)
    if run.given_total is not None and run.warmup + stable + decay != run.given_total:
        warn(
            f"{run.name} has num_stable_steps={stable}, so that it ends after {run.warmup + stable + decay} steps, and "
            f"num_training_steps={run.given_total} is ignored, as in transformers"
        )
    return stable


BUILDERS: dict[str, Callable[..., Schedule]] = {
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
    "constant": _constant,
    "constant_with_warmup": _constant_with_warmup,
    "inverse_sqrt": _inverse_sqrt,
    "cosine_with_min_lr": _cosine_with_min_lr,
    "cosine_warmup_with_min_lr": _cosine_warmup_with_min_lr,
    "warmup_stable_decay": _warmup_stable_decay,
}
"""Name in `get_scheduler` -> the function that builds it; its keyword-only parameters are the scheduler's own."""

ENDS_WITH_THE_RUN = BUILDERS.keys() - {"constant", "constant_with_warmup", "inverse_sqrt"}
"""The names that need the updates of the run."""
