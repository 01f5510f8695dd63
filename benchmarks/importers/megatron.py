"""megatron-core 0.16.1, ``megatron/core/optimizer_param_scheduler.py``, transcribed.

The lengths are those of ``get_optimizer_param_scheduler`` in ``megatron/training/training.py`` (July 2026). The
constructor calls ``step(0)``, and the loop calls ``step(global_batch_size)`` after each update.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr import Schedule
from lehr.importers import from_megatron, hyperparameters_from_megatron

from .case import Case, Draw, Family, drawn, rate, size

Arguments = dict[str, Any]


def in_samples(a: Arguments) -> tuple[float, float, float, float]:
    """Warmup, decay, WSD's annealing and the whole run, in samples."""
    batch = a["global_batch_size"]
    if a.get("train_iters"):
        run = a["train_iters"] * batch
        decay = (a.get("lr_decay_iters") or a["train_iters"]) * batch
        anneal = (a.get("lr_wsd_decay_iters") or 0) * batch
        warmup = a.get("lr_warmup_iters", 0) * batch
    else:
        run = a["train_samples"]
        decay = a.get("lr_decay_samples") or run
        anneal = a.get("lr_wsd_decay_samples") or 0
        warmup = a.get("lr_warmup_samples", 0)
    if a.get("lr_warmup_fraction") is not None:
        warmup = a["lr_warmup_fraction"] * decay
    return warmup, decay, anneal, run


def lr_at(a: Arguments, count: int) -> float:
    """The rate after so many samples."""
    warmup, decay, anneal, _ = in_samples(a)
    peak, floor, style = a["lr"], a.get("min_lr", 0.0), a.get("lr_decay_style", "linear")
    if warmup > 0 and count <= warmup:
        init = a.get("lr_warmup_init", 0.0)
        return float(init + (peak - init) * count / warmup)
    if style == "constant":
        return float(peak)
    if count > decay:
        return float(floor)
    if style == "inverse-square-root":
        return float(max(floor, peak * max(warmup, 1) ** 0.5 / max(count, 1) ** 0.5))
    share = (count - warmup) / (decay - warmup)
    if style == "WSD":
        begin = decay - anneal
        if count <= begin:
            return float(floor + (peak - floor))
        share = (count - begin) / anneal
        style = a.get("lr_wsd_decay_style", "exponential")
    left = {
        "linear": 1 - share,
        "cosine": 0.5 * (math.cos(math.pi * share) + 1),
        "exponential": 2 * 0.5**share - 1,
        "minus_sqrt": 1 - math.sqrt(share),
    }[style]
    return float(floor + left * (peak - floor))


def weight_decay_at(a: Arguments, count: int) -> float:
    """The weight decay after so many samples."""
    *_, run = in_samples(a)
    start, end = a["start_weight_decay"], a["end_weight_decay"]
    if count > run:
        return float(end)
    share = count / run
    if a["weight_decay_incr_style"] == "cosine":
        share = 0.5 * (math.cos(math.pi * (1 - share)) + 1)
    return float(start + share * (end - start))


def run(a: Arguments, at: Callable[[Arguments, int], float] = lr_at) -> Callable[[int], list[float]]:
    """What each update uses: ``step(0)``, then ``step(batch)`` after each."""

    def rates(updates: int) -> list[float]:
        used, count = [], 0
        for _ in range(updates):
            used.append(at(a, count))
            count += a["global_batch_size"]
        return used

    return rates


def lengths(g: random.Random, style: str) -> Arguments:
    """Lengths in updates or in samples, with a warmup of any kind."""
    by = g.choice(["iters", "samples"])
    batch = size(g) if by == "samples" or style == "inverse-square-root" else 1
    unit = 1 if by == "iters" else g.choice([1, batch])
    decay = size(g, 2) * unit + (0 if unit == 1 else g.choice([0, 1]))
    a: Arguments = {
        f"train_{by}": decay + g.choice([0, 11 * unit]),
        f"lr_decay_{by}": decay,
        "global_batch_size": batch,
    }
    if g.random() < 0.4:
        a["lr_warmup_fraction"] = g.choice([0.0, 0.01, 0.1, 0.37, 0.9])
    else:
        a[f"lr_warmup_{by}"] = g.choice([0, g.randrange(decay), decay - 1])
    if style == "WSD":
        a[f"lr_wsd_decay_{by}"] = g.choice([1, decay, g.randrange(1, decay + 1), decay + 3])
        a["lr_wsd_decay_style"] = g.choice(["linear", "cosine", "exponential", "minus_sqrt"])
    return a


def draw(style: str) -> Draw:
    """Configs of one decay style."""

    def one(g: random.Random) -> Case:
        peak = rate(g)
        a = {"lr": peak, "lr_decay_style": style} | lengths(g, style)
        a["min_lr"], a["lr_warmup_init"] = g.choice([0.0, 0.1 * peak, peak]), g.choice([0.0, 0.01 * peak, peak])
        return Case(style, a, run(a), 150, from_megatron, {"after": "peer"})

    return one


def draw_weight_decay(g: random.Random) -> Case:
    """The weight decay, which rises."""
    a = {"lr": 1.0, "lr_decay_style": "linear"} | lengths(g, "linear")
    a["start_weight_decay"], a["end_weight_decay"] = g.choice([0.0, 0.01]), g.choice([0.1, 0.033])
    a["weight_decay_incr_style"] = g.choice(["linear", "cosine"])
    return Case("weight decay", a, run(a, weight_decay_at), 150, imported_weight_decay)


def imported_weight_decay(args: Arguments) -> Schedule:
    """Lehr's schedule of the weight decay."""
    return hyperparameters_from_megatron(args)["weight_decay"]


DRAWS: dict[str, Draw] = {
    style: draw(style) for style in ("linear", "constant", "cosine", "inverse-square-root", "WSD")
}
DRAWS["weight decay"] = draw_weight_decay
FAMILIES: dict[str, Family] = drawn(DRAWS)
