"""ai2-olmo-core 3.0.0, ``olmo_core/optim/scheduler.py``, transcribed.

The trainer raises its counters when it takes a batch, and the train module sets the rate just before the update: update
t has the rate of c = t + 1 steps, or of the tokens of t + 1 batches.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr.importers import from_olmo

from .case import Case, Draw, Family, drawn, rate, size

Scheduler = dict[str, Any]


def length(s: Scheduler, word: str, end: float) -> int:
    """A length, or a fraction of the run."""
    found = s.get(word)
    return int(found) if found is not None else round(end * s[f"{word}_fraction"])


def line(low: float, high: float, done: float, whole: float) -> float:
    """From low to high; ``done`` may be negative."""
    return low + (high - low) * min(done, whole) / whole


def value(s: Scheduler, peak: float, c: int, end: int) -> float:
    """``get_lr`` of the scheduler's type."""
    return float(TYPES[s["type"]](s, peak, c, end))


def constant_with_warmup(s: Scheduler, peak: float, c: int, end: int) -> float:
    """A line up to and including c = W."""
    warmup = length(s, "warmup", end)
    return line(s["warmup_min_lr"], peak, c, warmup) if c <= warmup and warmup else peak


def wsd(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Warmup, stable, and a line over the last D; the warmup goes before."""
    decay = length(s, "decay", end)
    if c <= length(s, "warmup", end):
        return constant_with_warmup(s, peak, c, end)
    return line(s["decay_min_lr"], peak, end - c, decay) if c >= end - decay else peak


def power_lr(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Warmup, a power law, and a line over the last D."""
    warmup, decay = length(s, "warmup", end), length(s, "decay", end)
    if c <= warmup:
        return line(s["warmup_min_lr"], peak, c, warmup)
    if c >= end - decay:
        return line(s["decay_min_lr"], peak * ((end - decay) / warmup) ** s["b"], end - c, decay)
    return float(peak * (c / warmup) ** s["b"])


def to_floor(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Linear or cosine, whole or its second half, to ``alpha_f``."""
    end = s["t_max"] or end
    floor, warmup = peak * s["alpha_f"], length(s, "warmup", end)
    if c < warmup:
        top = floor + (peak - floor) / 2 if s["type"].startswith("half") else peak
        return line(s["warmup_min_lr"], top, c, warmup)
    if c >= end:
        return float(floor)
    share = (c - warmup) / (end - warmup)
    if s["type"].startswith("linear"):
        return float(peak - (peak - floor) * share)
    share = (1 + share) / 2 if s["type"].startswith("half") else share
    return float(floor + (peak - floor) * (1 + math.cos(math.pi * share)) / 2)


def inverse_sqrt(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Warmup, then √(W / c) of what is above the floor."""
    warmup, floor = length(s, "warmup", end), peak * s["alpha_f"]
    if c < warmup:
        return line(s["warmup_min_lr"], peak, c, warmup)
    return float(floor + (peak - floor) * math.sqrt(warmup / c))


def cosine_linear(s: Scheduler, peak: float, c: int, end: int) -> float:
    """A cosine, cut short by a line over the last D."""
    decay = length(s, "decay", end)
    if c < end - decay:
        return to_floor(s, peak, c, end)
    return line(s["decay_min_lr"], to_floor(s, peak, end - decay, end), end - c, decay)


def level(stage: Scheduler, which: str, peak: float, default: float) -> float:
    """An absolute rate, a fraction of the optimizer's, or the default."""
    if stage.get(f"{which}_lr") is not None:
        return float(stage[f"{which}_lr"])
    fraction = stage.get(f"{which}_lr_fraction")
    return default if fraction is None else float(fraction * peak)


def between(shape: str, start: float, end: float, share: float) -> float:
    """The way from one rate to another."""
    return (
        start + (end - start) * share
        if shape == "linear"
        else end + (start - end) * (1 + math.cos(math.pi * share)) / 2
    )


def overridden(s: Scheduler, peak: float, c: int, main: Callable[[int], float]) -> float:
    """The main schedule, or from some position on a decay away from it."""
    o = s.get("override_decay")
    if o is None or c < o["start"]:
        return main(c)
    end = level(o, "end", peak, 0.0)
    return (
        end
        if c >= o["start"] + o["duration"]
        else between(o["shape"], main(o["start"]), end, (c - o["start"]) / o["duration"])
    )


def composable(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Stages one after another."""

    def main(c: int) -> float:
        begin, last = 0, peak
        for stage in s["stages"]:
            start, stop = level(stage, "start", peak, last), level(stage, "end", peak, 0.0)
            if c < begin + stage["duration"]:
                return between(stage["shape"], start, stop, (c - begin) / stage["duration"])
            begin, last = begin + stage["duration"], stop
        return last

    return overridden(s, peak, c, main)


def sequential(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Each scheduler up to and including its last position."""

    def main(c: int) -> float:
        base, left = peak, end
        for part, most in zip(s["schedulers"][:-1], s["schedulers_max"], strict=True):
            if c <= most:
                return value(part, base, c, min(left, most))
            base = value(part, base, most, most)
            c, left = c - most, left - most
        return value(s["schedulers"][-1], base, c, left)

    return overridden(s, peak, c, main)


def wsds(s: Scheduler, peak: float, c: int, end: int) -> float:
    """Periods of stable and decay; only the first has a warmup, which it contains."""
    periods, factors = s["period_lengths"], s.get("period_lr_multipliers") or [1.0] * len(s["period_lengths"])
    warmup = length(s, "warmup", periods[0])
    if c < warmup:
        return line(s["warmup_min_lr"], peak * factors[0], c, warmup)
    inside = c - warmup
    for index, (whole, factor) in enumerate(zip(periods, factors, strict=True)):
        period = whole - (0 if index else warmup)
        if inside <= period:
            decay = length(s, "decay", whole)
            top = peak * factor
            return top if inside < period - decay else line(s["decay_min_lr"], top, period - inside, decay)
        inside -= period
    return float(s["decay_min_lr"])


def exponential(s: Scheduler, peak: float, c: int, end: int) -> float:
    """From ``lr_min`` up to the optimizer's rate."""
    return peak if c >= end else float(s["lr_min"] * (peak / s["lr_min"]) ** (c / end))


TYPES: dict[str, Callable[[Scheduler, float, int, int], float]] = {
    "constant": lambda s, peak, c, end: peak,
    "constant_with_warmup": constant_with_warmup,
    "wsd": wsd,
    "power_lr": power_lr,
    "linear_with_warmup": to_floor,
    "inv_sqrt_with_warmup": inverse_sqrt,
    "cos_with_warmup": to_floor,
    "half_cos_with_warmup": to_floor,
    "cos_with_warmup_and_linear_decay": cosine_linear,
    "composable": composable,
    "sequential": sequential,
    "wsds": wsds,
    "exponential": exponential,
}


def run(s: Scheduler, peak: float, end: int, per_step: int) -> Callable[[int], list[float]]:
    """The rates of the first updates; ``per_step`` is 1, or the tokens of a step."""
    return lambda updates: [value(s, peak, (t + 1) * per_step, end) for t in range(updates)]


def part(g: random.Random, word: str, end: int, least: int = 0) -> Scheduler:
    """A length, or a fraction of the run."""
    if g.random() < 0.5:
        shares = [x for x in (0.0, 0.1, 0.37, 1.0) if round(x * end) >= least]
        return {f"{word}_fraction": g.choice(shares)}
    return {word: max(least, g.choice([least, g.randrange(end + 1), end])), f"{word}_fraction": None}


def draw_scheduler(g: random.Random, kind: str, peak: float, end: int) -> Scheduler:
    """A scheduler of some type for a run of that length."""
    s: Scheduler = {"type": kind}
    if "warmup" in kind or kind in ("wsd", "power_lr"):
        s |= part(g, "warmup", end, 1 if kind == "power_lr" else 0) | {"warmup_min_lr": g.choice([0.0, 0.01 * peak])}
    if kind in ("wsd", "power_lr", "cos_with_warmup_and_linear_decay"):
        s |= part(g, "decay", end, 1) | {"decay_min_lr": g.choice([0.0, 1e-4 * peak])}
    if kind in ("power_lr", "cos_with_warmup_and_linear_decay"):  # a decay from the first position on is refused
        s |= {"decay": g.randrange(1, end), "decay_fraction": None}
    if kind == "power_lr":
        s |= {"b": g.choice([-0.51, -1.0])}
    if kind in ("linear_with_warmup", "cos_with_warmup", "half_cos_with_warmup", "cos_with_warmup_and_linear_decay"):
        s |= {"t_max": g.choice([None, None, size(g)])}
    if (kind.endswith("warmup") and kind != "constant_with_warmup") or kind.startswith("cos"):
        s |= {"alpha_f": g.choice([0.0, 0.1])}
        if kind.endswith("linear_decay"):
            s["alpha_f"] = 0.1
    if kind == "exponential":
        s |= {"lr_min": peak * 1e-4}
    return s


def draw(kind: str) -> Draw:
    """Configs of one type, in steps or in tokens, past the end of the run."""

    def one(g: random.Random) -> Case:
        peak, end = rate(g), size(g, 2)
        per_step = g.choice([1, 1, 3, 7])
        s = draw_scheduler(g, kind, peak, end) | ({"units": "tokens"} if per_step > 1 else {})
        options = {"lr": peak, "training_steps": -(-end // per_step), "after": "peer", "tokens_per_step": per_step}
        updates = -(-end // per_step) if per_step > 1 else 2 * end + 3
        return in_experiment(kind, s, end, per_step, updates, options)

    return one


def in_experiment(kind: str, s: Scheduler, end: int, per_step: int, updates: int, options: dict[str, Any]) -> Case:
    """A whole config for a run in tokens, or the scheduler alone."""
    if per_step == 1:
        return Case(kind, s, run(s, options["lr"], end, 1), updates, from_olmo, options)
    config = {
        "train_module": {"scheduler": s, "optim": {"lr": options["lr"]}},
        "trainer": {"max_duration": {"value": end, "unit": "tokens"}},
        "data_loader": {"global_batch_size": per_step},
    }
    return Case(kind, config, run(s, options["lr"], end, per_step), updates, from_olmo, {"after": options["after"]})


def stage(g: random.Random, peak: float, first: bool) -> Scheduler:
    """A stage that goes on from the one before, or from a rate of its own."""
    s: Scheduler = {"duration": size(g), "shape": g.choice(["linear", "cosine"])}
    s |= g.choice([{"end_lr": 0.3 * peak}, {"end_lr_fraction": 0.0}, {"end_lr_fraction": 1.0}])
    return s | g.choice([{}, {}, {"start_lr": 0.1 * peak}, {"start_lr_fraction": 0.5}])


def draw_composable(g: random.Random) -> Case:
    """Up to four stages, and perhaps an override."""
    peak, per_step = rate(g), g.choice([1, 1, 3, 7])
    s: Scheduler = {"type": "composable", "stages": [stage(g, peak, not i) for i in range(g.randrange(1, 5))]}
    end = sum(x["duration"] for x in s["stages"])
    s |= {"units": "tokens"} if per_step > 1 else {}
    if g.random() < 0.4:
        s["override_decay"] = {
            "start": g.randrange(end + 3),
            "duration": size(g),
            "shape": g.choice(["linear", "cosine"]),
        }
        s["override_decay"] |= g.choice([{"end_lr": 0.0}, {"end_lr_fraction": 0.2}])
    updates = -(-end // per_step) if per_step > 1 else end + 20
    options = {"lr": peak, "training_steps": end, "after": "peer"}
    return in_experiment("composable", s, end, per_step, updates, options)


def draw_sequential(g: random.Random) -> Case:
    """Up to three schedulers, each of which begins at the last rate of the one before."""
    kinds = ["constant", "constant_with_warmup", "wsd", "linear_with_warmup", "inv_sqrt_with_warmup", "cos_with_warmup"]
    peak, per_step = rate(g), g.choice([1, 1, 3])
    lengths = [size(g, 3) for _ in range(g.randrange(1, 4))]
    parts: list[Scheduler] = []
    for n in lengths:
        s = draw_scheduler(g, g.choice(kinds), peak, n)
        s |= {word: 0.0 for word in ("warmup_min_lr", "decay_min_lr") if word in s} | (
            {"alpha_f": 0.1} if "alpha_f" in s else {}
        )
        if s["type"] == "wsd":
            s |= {"decay_min_lr": 0.01 ** (2 + len(parts)) * peak}  # below that of the part before
        parts.append(s)
    s = {"type": "sequential", "schedulers": parts, "schedulers_max": lengths[:-1]}
    s |= {"units": "tokens"} if per_step > 1 else {}
    end = sum(lengths)
    if g.random() < 0.3:
        s["override_decay"] = {"start": g.randrange(1, end), "duration": size(g), "shape": "linear", "end_lr": 0.0}
    options = {"lr": peak, "training_steps": end, "after": "peer"}
    return in_experiment("sequential", s, end, per_step, max(1, end // per_step), options)


def draw_wsds(g: random.Random) -> Case:
    """Up to three periods."""
    peak, per_step = rate(g), g.choice([1, 1, 3])
    periods = [size(g, 3) for _ in range(g.randrange(1, 4))]
    s: Scheduler = {
        "type": "wsds",
        "period_lengths": periods,
        "warmup_min_lr": 0.0,
        "decay_min_lr": g.choice([0.0, 1e-4 * peak]),
    }
    s |= {"period_lr_multipliers": [g.choice([1.0, 0.5]) for _ in periods]} if g.random() < 0.5 else {}
    warmups: list[Scheduler] = [{"warmup": 0}, {"warmup": 1}, {"warmup_fraction": 0.5}]
    decays: list[Scheduler] = [{"decay": 1}, {"decay_fraction": 0.34}]
    s |= g.choice(warmups) | g.choice(decays)
    s |= {"units": "tokens"} if per_step > 1 else {}
    end = sum(periods)
    options = {"lr": peak, "training_steps": end, "after": "peer"}
    updates = -(-end // per_step) if per_step > 1 else end + 9
    return in_experiment("wsds", s, end, per_step, updates, options)


DRAWS: dict[str, Draw] = {kind: draw(kind) for kind in TYPES if kind not in ("composable", "sequential", "wsds")}
DRAWS |= {"composable": draw_composable, "sequential": draw_sequential, "wsds": draw_wsds}
FAMILIES: dict[str, Family] = drawn(DRAWS)
