"""Composer's schedulers, one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, repeat
from operator import mul

from ...schedules import Constant, Exponential, PowerLaw, Ramp, Schedule, checks
from ..after import ended
from ..building import levels, power_shape
from ..counting import in_updates
from ..settings import Settings
from .time import Clock, Time

WARMUP = ("t_warmup", "scale_warmup")
MOST_CYCLES = 1000


def _length(settings: Settings, clock: Clock, name: str, default: str | None = None) -> float:
    """A time in updates, above 0: Composer divides by it."""
    time = clock.time(name, settings.get(name, default))
    if not time.value:
        raise ValueError(f"{settings.owner} divides by `{name}`, and {checks.shown(settings.get(name, default))} is 0")
    return clock.updates(time, name)


def _floor(settings: Settings, lr: float) -> float:
    return settings.number("alpha_f", 0.0) * lr


def _fall(settings: Settings, start: float, end: float, length: float, kind: str) -> Schedule:
    if kind != "polynomial":
        return Ramp(start, end, length, kind)
    power = settings.number("power")
    return Ramp(start, end, length, power_shape(power)) if power else Constant(start, length)


def _step(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    return Exponential(lr, _gamma(settings, 0.1), _length(settings, clock, "step_size"), True, _last(settings, clock))


def _exponential(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    every = _length(settings, clock, "decay_period", "1ep")
    return Exponential(lr, _gamma(settings), every, length=_last(settings, clock))


def _gamma(settings: Settings, default: float | None = None) -> float:
    return settings.number("gamma", default, above=0)


def _last(settings: Settings, clock: Clock) -> float | None:
    """The end of the run, where the rate grows and needs one."""
    if settings.values.get("gamma") is None or _gamma(settings) <= 1:
        return None
    if clock.run is None:
        raise ValueError(f"{settings.owner} with a `gamma` above 1 grows without bound: give max_duration=")
    return clock.first_update(clock.run, "max_duration")


def _multistep(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    gamma = _gamma(settings, 0.1)
    times = [clock.time("milestones", text) for text in settings.sequence("milestones", least=0)]
    at = sorted(clock.first_update(time, "milestones") for time in times)
    rates = accumulate(repeat(gamma, len(at)), mul, initial=lr)
    return levels(next(rates), zip(at, rates, strict=True))


def _constant(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    """``alpha`` of the rate up to ``t_max``, and all of it from there on."""
    alpha, t_max = settings.number("alpha", 1.0), settings.get("t_max", "1dur")
    if alpha == 1:
        return Constant(lr)
    time = clock.time("t_max", t_max)
    body, rest = Constant(alpha * lr, clock.first_update(time, "t_max")), Constant(lr, 0)
    run = clock.run
    if run is not None and run.unit == time.unit and run.value <= time.value:
        return ended(body, rest, after, owner=settings.owner, does="goes back to the optimizer's rate")
    return body.then(rest)


def _linear(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    return Ramp(settings.number("alpha_i", 1.0) * lr, _floor(settings, lr), _length(settings, clock, "t_max", "1dur"))


def _annealing(kind: str) -> Build:
    """A cosine or a polynomial from the rate to ``alpha_f`` of it."""

    def build(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
        return _fall(settings, lr, _floor(settings, lr), _length(settings, clock, "t_max", "1dur"), kind)

    return build


def _restarts(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    """Cosines, each ``t_mult`` times as long as the one before, rounded down to a whole time."""
    time, factor, floor = (
        clock.time("t_0", settings.get("t_0")),
        settings.number("t_mult", 1.0, above=0),
        _floor(settings, lr),
    )
    first = Ramp(lr, floor, _length(settings, clock, "t_0"), "cosine")
    if factor.is_integer():
        return first.repeat(length_factor=factor)
    run = clock.run
    if run is None or run.unit != time.unit:
        raise ValueError(
            f"{settings.owner} rounds each cycle's length: give the length of the run as max_duration=, in {time.unit}"
        )
    lengths: list[int] = []
    length = time.value
    while sum(lengths) < run.value:
        if not length or len(lengths) >= MOST_CYCLES:
            what = f"more than {MOST_CYCLES} cycles" if length else "a cycle of length 0"
            raise ValueError(f"{settings.owner} comes to {what} in this run: give a longer `t_0` or `t_mult`")
        lengths.append(length)
        length = int(factor * length)
    cycles = [Ramp(lr, floor, length, "cosine") for length in lengths]
    return in_updates(cycles[0].then(*cycles[1:]), clock.per_update(time, "t_0"))


def _warmup(settings: Settings, peak: float, clock: Clock) -> tuple[Schedule, Time]:
    """From 0 up to the update that comes after ``t_warmup``, and that time.

    With ``scale_warmup`` the line is scaled, and ends where it would have ended without.
    """
    text = settings.get("t_warmup")
    time = clock.time("t_warmup", text, scaled=False)
    if not time.value:
        return Constant(peak, 0), time
    line = clock.time("t_warmup", text, scaled=settings.boolean("scale_warmup", False))
    if not line.value:
        raise ValueError(f"{settings.owner} divides by its warmup, which is scaled to 0: give a longer `t_warmup`")
    ramp = Ramp(0.0, peak, clock.updates(line, "t_warmup"))
    return ramp.cut(0, clock.updates(time, "t_warmup")), time


def _with_warmup(kind: str) -> Build:
    """Warmup, then down from ``alpha_i`` to ``alpha_f`` of the rate at ``t_max``."""

    def build(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
        t_max = clock.time("t_max", settings.get("t_max", "1dur"))
        alpha = settings.number("alpha", 1.0) if kind == "constant" else settings.number("alpha_i", 1.0)
        warmup, time = _warmup(settings, alpha * lr, clock)
        if time.unit != t_max.unit:
            raise ValueError(
                f"{settings.owner} needs `t_warmup` and `t_max` in the same unit, got {time.unit} and {t_max.unit}"
            )
        _check_covers(settings, t_max, clock)
        left = clock.updates(t_max, "t_max") - clock.updates(time, "t_warmup")
        if kind == "constant" or left <= 0:
            return warmup.then(Constant(alpha * lr))
        return warmup.then(_fall(settings, alpha * lr, _floor(settings, lr), left, kind))

    return build


def _check_covers(settings: Settings, t_max: Time, clock: Clock) -> None:
    run = clock.run
    if run is not None and run.unit == t_max.unit and t_max.value < run.value:
        raise ValueError(
            f"{settings.owner} needs a `t_max` of at least the run, got {t_max.value:,}{t_max.unit} for a run of "
            f"{run.value:,}{run.unit}"
        )


def _multistep_with_warmup(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    warmup, time = _warmup(settings, lr, clock)
    first = clock.first_update(time, "t_warmup")
    return warmup.cut(0, first).then(_multistep(settings, lr, clock, after).cut(first))


def _inverse_sqrt(settings: Settings, lr: float, clock: Clock, after: str) -> Schedule:
    """LLM Foundry's: warmup, √(t_scale / (t - t_warmup + t_scale)) of what is above a floor, a line at the end."""
    warmup, time = _warmup(settings, lr, clock)
    floor, end = settings.number("alpha_f_decay", 0.0) * lr, settings.number("alpha_f_cooldown", 0.0) * lr
    if floor < end:
        raise ValueError(f"{settings.owner} needs `alpha_f_decay` of at least `alpha_f_cooldown`")
    t_max, cooldown = (
        clock.time("t_max", settings.get("t_max", "1dur")),
        clock.time("t_cooldown", settings.get("t_cooldown")),
    )
    if len({time.unit, t_max.unit, cooldown.unit}) > 1:
        raise ValueError(f"{settings.owner} needs all its times in the same unit")
    law = PowerLaw(lr - floor, -0.5, _length(settings, clock, "t_scale")) + floor
    begin = clock.updates(Time(max(t_max.value - cooldown.value - time.value, 0), time.unit), "t_cooldown")
    last = law(begin)
    line = Ramp(last, end if cooldown.value else last, clock.updates(cooldown, "t_cooldown"))
    return warmup.then(law.cut(0, begin), line)


Build = Callable[[Settings, float, Clock, str], Schedule]
BUILD: dict[str, tuple[tuple[str, ...], Build]] = {
    "StepScheduler": (("step_size", "gamma"), _step),
    "MultiStepScheduler": (("milestones", "gamma"), _multistep),
    "ConstantScheduler": (("alpha", "t_max"), _constant),
    "LinearScheduler": (("alpha_i", "alpha_f", "t_max"), _linear),
    "ExponentialScheduler": (("gamma", "decay_period"), _exponential),
    "CosineAnnealingScheduler": (("t_max", "alpha_f"), _annealing("cosine")),
    "CosineAnnealingWarmRestartsScheduler": (("t_0", "t_mult", "alpha_f"), _restarts),
    "PolynomialScheduler": (("power", "t_max", "alpha_f"), _annealing("polynomial")),
    "MultiStepWithWarmupScheduler": (("milestones", "gamma", *WARMUP), _multistep_with_warmup),
    "ConstantWithWarmupScheduler": (("alpha", "t_max", *WARMUP), _with_warmup("constant")),
    "LinearWithWarmupScheduler": (("alpha_i", "alpha_f", "t_max", *WARMUP), _with_warmup("linear")),
    "CosineAnnealingWithWarmupScheduler": (("t_max", "alpha_f", *WARMUP), _with_warmup("cosine")),
    "PolynomialWithWarmupScheduler": (("power", "t_max", "alpha_f", *WARMUP), _with_warmup("polynomial")),
    "InverseSquareRootWithWarmupScheduler": (
        ("t_warmup", "t_scale", "t_cooldown", "t_max", "alpha_f_decay", "alpha_f_cooldown"),
        _inverse_sqrt,
    ),
}
"""The class of each scheduler -> its settings, and what builds it."""

NAMES = {name: name for name in BUILD} | {
    "step": "StepScheduler",
    "multistep": "MultiStepScheduler",
    "constant": "ConstantScheduler",
    "linear": "LinearScheduler",
    "linear_decay": "LinearScheduler",
    "exponential": "ExponentialScheduler",
    "cosine_decay": "CosineAnnealingScheduler",
    "cosine_warmrestart": "CosineAnnealingWarmRestartsScheduler",
    "polynomial": "PolynomialScheduler",
    "multistep_with_warmup": "MultiStepWithWarmupScheduler",
    "constant_with_warmup": "ConstantWithWarmupScheduler",
    "linear_with_warmup": "LinearWithWarmupScheduler",
    "linear_decay_with_warmup": "LinearWithWarmupScheduler",
    "cosine_with_warmup": "CosineAnnealingWithWarmupScheduler",
    "cosine_decay_with_warmup": "CosineAnnealingWithWarmupScheduler",
    "polynomial_with_warmup": "PolynomialWithWarmupScheduler",
    "inv_sqrt_with_warmup": "InverseSquareRootWithWarmupScheduler",
}
"""Every name that a YAML may have."""
