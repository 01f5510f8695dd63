"""torchtitan 0.3.0, ``torchtitan/components/optimizer/lr_scheduler.py``, transcribed.

It is a LambdaLR: its constructor takes the factor of step 0, and the trainer steps it after each update.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr.importers import from_torchtitan

from .case import Case, Draw, Family, drawn, rate, size


def factor(step: int, total: int, s: dict[str, Any]) -> float:
    """The factor at LambdaLR's ``last_epoch``."""
    warmup = min(int(s["warmup_steps"]), total)
    decay = total - warmup
    if s.get("decay_ratio") is not None:
        decay = min(round(total * s["decay_ratio"]), total - warmup)
    stable = total + 1 - warmup - decay  # one virtual step more
    if step < warmup:
        return float((step + 1) / warmup)
    if step < warmup + stable:
        return 1.0
    progress = (step + 1 - warmup - stable) / decay
    left = {
        "linear": 1 - progress,
        "sqrt": 1 - math.sqrt(progress),
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
    }[s["decay_type"]]
    return float(s["min_lr_factor"] + (1 - s["min_lr_factor"]) * left)


def run(config: dict[str, Any]) -> Callable[[int], list[float]]:
    """The rates of the first updates."""
    settings = config["lr_scheduler"]
    total = settings.get("total_steps") or config["training"]["steps"]
    return lambda updates: [config["optimizer"]["lr"] * factor(t, total, settings) for t in range(updates)]


def draw(kind: str) -> Draw:
    """Configs of one ``decay_type``."""

    def one(g: random.Random) -> Case:
        total = size(g)
        settings: dict[str, Any] = {"warmup_steps": g.choice([0, 1, total, total + 1, g.randrange(total + 1)])}
        settings |= {"decay_type": kind, "min_lr_factor": g.choice([0.0, 0.1, 1.0])}
        if g.random() < 0.6:
            settings["decay_ratio"] = g.choice([0.0, 0.1, 0.33, 1.0])
        steps = total
        if g.random() < 0.5:
            settings["total_steps"], steps = total, size(g)
        config = {"training": {"steps": steps}, "optimizer": {"lr": rate(g)}, "lr_scheduler": settings}
        decays = settings["warmup_steps"] < total and round(total * settings.get("decay_ratio", 1.0)) > 0
        past = 2 * total + 5 if decays else total + 1  # without a decay it asserts after its virtual step
        return Case(f"{kind} decay", config, run(config), past, from_torchtitan, {"after": "peer"})

    return one


FAMILIES: dict[str, Family] = drawn({f"{kind} decay": draw(kind) for kind in ("linear", "sqrt", "cosine")})
