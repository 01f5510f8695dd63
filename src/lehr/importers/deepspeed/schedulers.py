"""DeepSpeed's schedulers, one by one."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...schedules import Constant, PowerLaw, Ramp, Schedule
from ..after import ended
from ..building import FAR
from ..settings import Settings

WARMUP = ("warmup_num_steps", "warmup_type")
CYCLE = (
    "cycle_min_lr", "cycle_max_lr", "decay_lr_rate", "cycle_first_step_size", "cycle_second_step_size",
    "cycle_first_stair_count", "cycle_second_stair_count", "decay_step_size", "cycle_momentum", "cycle_min_mom",
    "cycle_max_mom", "decay_mom_rate",
)  # fmt: skip
SETTINGS: dict[str, tuple[str, ...]] = {
    "LRRangeTest": (
        "lr_range_test_min_lr", "lr_range_test_step_size", "lr_range_test_step_rate", "lr_range_test_staircase",
    ),
    "OneCycle": CYCLE,
    "WarmupLR": (*WARMUP, "warmup_min_lr", "warmup_max_lr"),
    "WarmupDecayLR": (*WARMUP, "warmup_min_lr", "warmup_max_lr", "total_num_steps"),
    "WarmupCosineLR": (*WARMUP, "warmup_min_ratio", "cos_min_ratio", "total_num_steps"),
}  # fmt: skip
"""The types of scheduler that are DeepSpeed's own, and the params of each."""


def _range_test(settings: Settings) -> Schedule:
    low = settings.number("lr_range_test_min_lr", 1e-3)
    size = settings.integer("lr_range_test_step_size", 2000, least=1)
    rate = settings.number("lr_range_test_step_rate", 1.0)
    stairs = settings.boolean("lr_range_test_staircase", False)
    steps = settings.integer("training_steps", least=1)
    # In stairs the length is a multiple of the stair, so that the last one is whole.
    length = math.ceil(steps / size) * size if stairs else steps
    rising = Ramp(low, low * (1 + rate * length / size), length)
    return rising.stairs(size).cut(0, steps) if stairs else rising


def _one_cycle(settings: Settings) -> Schedule:
    low, high = settings.number("cycle_min_lr"), settings.number("cycle_max_lr")
    size, rate = settings.number("decay_step_size", 0), settings.number("decay_lr_rate", 0.0)
    cycle = _cycle(settings, low, high)
    return cycle.then(PowerLaw(low, -1, size / rate)) if size and rate and low else cycle


def _cycle(settings: Settings, low: float, high: float) -> Schedule:
    """Up and down again, each half smoothly or in as many stairs as its count says."""
    up = settings.integer("cycle_first_step_size", 2000, least=1)
    down = settings.integer("cycle_second_step_size", up)
    up_stairs = settings.integer("cycle_first_stair_count", 0)
    down_stairs = settings.integer("cycle_second_stair_count", up_stairs)
    rise: Schedule = Ramp(low, high, up)
    fall: Schedule = Ramp(high, low, down)
    # In stairs, update i is at i · count of length · count, and a stair is the length: all are integers, so that no
    # update is moved to the next stair by rounding. On the way down the stair that an update is on ends there.
    if up_stairs:
        rise = Ramp(low, high, up * up_stairs).stairs(up).stretch(up)
    if down_stairs and down:
        whole = down * down_stairs
        fall = Ramp(high, low, whole).stairs(down).cut(down - 1, whole + down - 1).stretch(down)
    return rise.then(fall)


def momentum(settings: Settings, after: str) -> Schedule:
    """The first of ``betas``, which mirrors the rate of OneCycle from its second update on."""
    low, high = settings.number("cycle_min_mom", 0.8), settings.number("cycle_max_mom", 0.9)
    size, rate = settings.number("decay_step_size", 0), settings.number("decay_mom_rate", 0.0)
    body = Constant(low, 1).then(_cycle(settings, high, low).cut(1))
    if not (size and rate and high):
        return body
    tail = Ramp(high, high * (1 + rate * FAR / size), FAR)
    return ended(body, tail, after, owner="OneCycle's momentum", does="rises on")


def _warmup(settings: Settings, low: float, high: float) -> Schedule:
    """From one rate to the other, one update late."""
    steps = max(2, settings.integer("warmup_num_steps", 1000, least=1))
    return Ramp(low, high, steps, settings.choice("warmup_type", ("log", "linear"), "log"))


def _warmup_hold(settings: Settings) -> Schedule:
    high = settings.number("warmup_max_lr") if settings.given("warmup_max_lr") else settings.number("lr")
    return _warmup(settings, settings.number("warmup_min_lr", 0.0), high).shift(1)


def _warmup_decay(settings: Settings) -> Schedule:
    low, high = settings.number("warmup_min_lr", 0.0), settings.number("warmup_max_lr", 0.001)
    warmup = _warmup(settings, low, high)
    decay = max(0, settings.integer("total_num_steps", least=1) - warmup._end)
    return warmup.shift(1).then(Ramp(high, low, decay))


def _warmup_cosine(settings: Settings) -> Schedule:
    peak = settings.number("lr")
    low, floor = settings.number("warmup_min_ratio", 0.0) * peak, settings.number("cos_min_ratio", 0.0001) * peak
    warmup = _warmup(settings, low, peak)
    decay = max(1, settings.integer("total_num_steps", least=1) - warmup._end)
    # The cosine is not late, so the last update of the late warmup takes the place of its first.
    return Constant(0.0, 1).then(warmup, Ramp(peak, floor, decay, "cosine").cut(1))


BUILD: dict[str, Callable[[Settings], Schedule]] = {
    "LRRangeTest": _range_test,
    "OneCycle": _one_cycle,
    "WarmupLR": _warmup_hold,
    "WarmupDecayLR": _warmup_decay,
    "WarmupCosineLR": _warmup_cosine,
}
"""The type of the scheduler -> what builds it."""
