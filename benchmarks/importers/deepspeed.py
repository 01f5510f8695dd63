"""DeepSpeed 0.19.8, ``deepspeed/runtime/lr_schedules.py``, transcribed.

The engine builds the scheduler with the optimizer, and calls ``step()`` after each update. The counter begins at -1.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr import Schedule
from lehr.importers import from_deepspeed, hyperparameters_from_deepspeed

from .case import Case, Family, drawn, rate, size

Params = dict[str, Any]


def run(first: float, at: Callable[[int], float]) -> Callable[[int], list[float]]:
    """The constructor's rate, and what the counter gives after each step."""

    def rates(updates: int) -> list[float]:
        used, counter, lr = [], -1, first
        for _ in range(updates):
            used.append(lr)
            counter += 1
            lr = at(counter)
        return used

    return rates


def range_test(p: Params) -> Callable[[int], list[float]]:
    """Min · (1 + rate · interval), where the interval looks one batch ahead."""

    def at(c: int) -> float:
        interval = (c + 1) / p["lr_range_test_step_size"]
        interval = math.floor(interval) if p["lr_range_test_staircase"] else interval
        return float(p["lr_range_test_min_lr"] * (1 + p["lr_range_test_step_rate"] * interval))

    return run(p["lr_range_test_min_lr"], at)


def cycle_share(p: Params, c: int) -> float:
    """How far up the cycle is, from 0 to 1."""
    up, down = p["cycle_first_step_size"], p["cycle_second_step_size"]
    batch, total = c + 1, up + down
    x = batch / total - math.floor(batch / total)
    first_half = x <= up / total
    share = x * total / up if first_half else (1 - x) * total / down
    stairs = p["cycle_first_stair_count"] if first_half else p["cycle_second_stair_count"]
    if stairs > 0:
        inside = batch % total
        place = inside * stairs / up if inside <= up else (total - inside) * stairs / down
        share = math.floor(place) / stairs
    return float(share)


def one_cycle(p: Params) -> Callable[[int], list[float]]:
    """Up, down, and inverse time decay of the lower rate."""
    low, high, total = p["cycle_min_lr"], p["cycle_max_lr"], p["cycle_first_step_size"] + p["cycle_second_step_size"]

    def at(c: int) -> float:
        if c < total:
            return float(low + (high - low) * cycle_share(p, c))
        if not p["decay_step_size"] or not p["decay_lr_rate"]:
            return float(low)
        return float(low / (1 + p["decay_lr_rate"] * (c - total + 1) / p["decay_step_size"]))

    return run(low, at)


def momentum(p: Params) -> Callable[[int], list[float]]:
    """The first of ``betas``: the constructor writes the lower one, each step what mirrors the rate."""
    low, high, total = p["cycle_min_mom"], p["cycle_max_mom"], p["cycle_first_step_size"] + p["cycle_second_step_size"]

    def at(c: int) -> float:
        if c < total:
            return float(high - (high - low) * cycle_share(p, c))
        if not p["decay_step_size"] or not p["decay_mom_rate"]:
            return float(high)
        return float(high * (1 + p["decay_mom_rate"] * (c - total + 1) / p["decay_step_size"]))

    return run(low, at)


def warmup_share(p: Params, c: int) -> float:
    """How far the warmup is at counter c."""
    steps = max(2, p["warmup_num_steps"])
    return float(c / steps if p["warmup_type"] == "linear" else math.log(c + 1) / math.log(steps))


def warmup(p: Params, decays: bool) -> Callable[[int], list[float]]:
    """WarmupLR, or WarmupDecayLR."""
    low, high, steps = p["warmup_min_lr"], p["warmup_max_lr"], max(2, p["warmup_num_steps"])

    def at(c: int) -> float:
        share = 1.0
        if c < steps:
            share = warmup_share(p, c)
        elif decays:
            share = max(0.0, (p["total_num_steps"] - c) / max(1.0, p["total_num_steps"] - steps))
        return float(low + (high - low) * share)

    return run(low, at)


def warmup_cosine(p: Params, base: float) -> Callable[[int], list[float]]:
    """WarmupCosineLR on an optimizer with that rate, which the constructor sets to 0."""
    steps, floor = max(2, p["warmup_num_steps"]), p["cos_min_ratio"]

    def at(c: int) -> float:
        if c < steps:
            ratio = p["warmup_min_ratio"] + warmup_share(p, c) * (1 - p["warmup_min_ratio"])
        else:
            progress = min(1.0, (c - steps + 1) / max(1, p["total_num_steps"] - steps))
            ratio = max(0.0, floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2)
        return float(base * ratio)

    return run(0.0, at)


def case(
    kind: str, family: str, params: Params, original: Any, steps: int, lr: float | None = None, **options: Any
) -> Case:
    """A case with the whole config around the params."""
    config: dict[str, Any] = {"scheduler": {"type": kind, "params": params}}
    if lr is not None:
        config["optimizer"] = {"type": "AdamW", "params": {"lr": lr}}
    return Case(family, config, original, steps, from_deepspeed, options)


def draw_range_test(g: random.Random) -> Case:
    """Smooth or in stairs."""
    params = {
        "lr_range_test_min_lr": rate(g, 0.01),
        "lr_range_test_step_size": size(g),
        "lr_range_test_step_rate": g.choice([0, 0.5, 1.0, 3.7]),
        "lr_range_test_staircase": g.random() < 0.5,
    }
    return case("LRRangeTest", "LRRangeTest", params, range_test(params), 100, training_steps=100)


def cycle_params(g: random.Random, stairs: bool) -> Params:
    """A OneCycle with every param."""
    return {
        "cycle_min_lr": rate(g, 0.1),
        "cycle_max_lr": rate(g),
        "cycle_first_step_size": size(g),
        "cycle_second_step_size": size(g),
        "cycle_first_stair_count": size(g) if stairs and g.random() < 0.8 else 0,
        "cycle_second_stair_count": size(g) if stairs and g.random() < 0.8 else 0,
        "decay_step_size": g.choice([0, 1, 7, 50]),
        "decay_lr_rate": g.choice([0.0, 0.1, 2.0]),
        "cycle_momentum": True,
        "cycle_min_mom": g.uniform(0.7, 0.85),
        "cycle_max_mom": g.uniform(0.85, 0.99),
        "decay_mom_rate": g.choice([0.0, 0.001]),
    }


def draw_one_cycle(g: random.Random) -> Case:
    """Smooth halves, then decay."""
    params = cycle_params(g, stairs=False)
    return case("OneCycle", "OneCycle", params, one_cycle(params), 300)


def draw_stairs(g: random.Random) -> Case:
    """Halves in stairs."""
    params = cycle_params(g, stairs=True)
    return case("OneCycle", "OneCycle, stairs", params, one_cycle(params), 300)


def draw_momentum(g: random.Random) -> Case:
    """The first of ``betas``, past the end."""
    params = cycle_params(g, stairs=g.random() < 0.5)
    config = {"scheduler": {"type": "OneCycle", "params": params}}
    return Case("OneCycle, momentum", config, momentum(params), 300, imported_momentum, {"after": "peer"})


def imported_momentum(config: Params, after: str) -> Schedule:
    """Lehr's schedule of it."""
    return hyperparameters_from_deepspeed(config, after=after)["betas[0]"]


def warmup_params(g: random.Random) -> Params:
    """What all Warmup types have."""
    return {"warmup_num_steps": size(g), "warmup_type": g.choice(["log", "linear"])}


def draw_warmup(g: random.Random) -> Case:
    """WarmupLR."""
    params = warmup_params(g) | {"warmup_min_lr": g.choice([0.0, rate(g, 0.1)]), "warmup_max_lr": rate(g)}
    return case("WarmupLR", "WarmupLR", params, warmup(params, decays=False), 150)


def draw_warmup_decay(g: random.Random) -> Case:
    """WarmupDecayLR, also with a warmup as long as the run, or longer."""
    params = warmup_params(g) | {"warmup_min_lr": g.choice([0.0, rate(g, 0.1)]), "warmup_max_lr": rate(g)}
    params["total_num_steps"] = g.choice([params["warmup_num_steps"], 1, size(g), params["warmup_num_steps"] + size(g)])
    return case("WarmupDecayLR", "WarmupDecayLR", params, warmup(params, decays=True), 260)


def draw_warmup_cosine(g: random.Random) -> Case:
    """WarmupCosineLR, also with a warmup as long as the run, or longer."""
    params = warmup_params(g) | {
        "warmup_min_ratio": g.choice([0.0, 0.1]),
        "cos_min_ratio": g.choice([0.0, 0.0001, 0.1]),
    }
    params["total_num_steps"] = g.choice([params["warmup_num_steps"], 1, size(g), params["warmup_num_steps"] + size(g)])
    base = rate(g)
    return case("WarmupCosineLR", "WarmupCosineLR", params, warmup_cosine(params, base), 260, lr=base)


FAMILIES: dict[str, Family] = drawn(
    {
        "LRRangeTest": draw_range_test,
        "OneCycle": draw_one_cycle,
        "OneCycle, stairs": draw_stairs,
        "OneCycle, momentum": draw_momentum,
        "WarmupLR": draw_warmup,
        "WarmupDecayLR": draw_warmup_decay,
        "WarmupCosineLR": draw_warmup_cosine,
    }
)
