"""nanoGPT's ``train.py`` and nanochat's ``scripts/base_train.py`` (2026), transcribed.

Both compute the rate from the index of the update, just before it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr.importers import from_nanochat, from_nanogpt

from .case import Case, Family, drawn, rate, size


def nanogpt_at(s: dict[str, Any], step: int) -> float:
    """nanoGPT's ``get_lr``."""
    warmup, decay, peak, floor = s["warmup_iters"], s["lr_decay_iters"], s["learning_rate"], s["min_lr"]
    if not s["decay_lr"]:
        return float(peak)
    if step < warmup:
        return float(peak * (step + 1) / (warmup + 1))
    if step > decay:
        return float(floor)
    coefficient = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (decay - warmup)))
    return float(floor + coefficient * (peak - floor))


def nanochat_at(s: dict[str, Any], step: int) -> float:
    """nanochat's ``get_lr_multiplier``."""
    total = s["num_iterations"]
    warmup = s["warmup_steps"] if "warmup_steps" in s else round(s["warmup_ratio"] * total)
    down = round(s["warmdown_ratio"] * total)
    if step < warmup:
        return float((step + 1) / warmup)
    if step <= total - down:
        return 1.0
    progress = (total - step) / down
    return float(progress + (1 - progress) * s["final_lr_frac"])


def run(
    at: Callable[[dict[str, Any], int], float], s: dict[str, Any], peak: float = 1.0
) -> Callable[[int], list[float]]:
    """The rates of the first updates."""
    return lambda updates: [peak * at(s, t) for t in range(updates)]


def draw_nanogpt(g: random.Random) -> Case:
    """nanoGPT, also with a warmup longer than the decay."""
    s = {"learning_rate": rate(g), "warmup_iters": g.choice([0, size(g)]), "decay_lr": g.random() < 0.9}
    s["min_lr"] = s["learning_rate"] * g.choice([0.0, 0.1, 1.0])
    s["lr_decay_iters"] = g.choice([s["warmup_iters"] + size(g), max(0, s["warmup_iters"] - 1), s["warmup_iters"] + 1])
    if s["lr_decay_iters"] == s["warmup_iters"]:
        s["lr_decay_iters"] += 1
    return Case("nanoGPT", s, run(nanogpt_at, s), 270, from_nanogpt)


def draw_nanochat(g: random.Random) -> Case:
    """nanochat, past the end of its run."""
    total, peak = size(g), rate(g)
    s: dict[str, Any] = {"num_iterations": total, "final_lr_frac": g.choice([0.0, 0.05, 1.0])}
    s["warmdown_ratio"] = g.choice([0.0, 0.2, 0.4, 0.65, 1.0, 1.5])
    if g.random() < 0.5:
        s["warmup_ratio"] = g.choice([0.0, 0.1, 0.5, 1.0])
    else:
        s["warmup_steps"] = g.choice([0, 1, total, 2 * total, g.randrange(total + 1)])
    past = 2 * total + 3 if round(s["warmdown_ratio"] * total) else total + 1
    return Case("nanochat", s, run(nanochat_at, s, peak), past, from_nanochat, {"lr": peak, "after": "peer"})


FAMILIES: dict[str, Family] = drawn({"nanoGPT": draw_nanogpt, "nanochat": draw_nanochat})
