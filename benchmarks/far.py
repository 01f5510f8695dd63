"""What a rate far into a run costs, and how exact it is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch

import lehr

from .run import MAX_LR, optimizer
from .table import Row, Section
from .timing import medians

FLOOR = 1e-4
LONG = 3 * 10**12
WARMUP = 5
FAR = 10**12
CALLS = 500
ROUNDS = 101
DRIFT_STEPS = 10**6
SAMPLED = 1_000
MOST_ULPS, MOST_RATIO = 4, 1.25  # Python's own integers cost more from 2**30 on


def far_steps() -> Section:
    """Step 10**12 beside step 10, and a million steps beside torch."""
    schedule = lehr.cosine(LONG, WARMUP, MAX_LR, FLOOR)
    return Section(
        "One rate at step 10**12, of a cosine over 3·10**12 steps",
        [*_cost(schedule), *_error(schedule), *_drift()],
        [
            "Errors are to the closed form in 50 digits, in units in the last place (ulp) of the peak rate, "
            "or as a share of the peak. No training run will notice torch's either."
        ],
    )


def _cost(schedule: Any) -> list[Row]:
    def ask(step: int) -> None:
        for _ in range(CALLS):
            schedule(step)

    asked = {"near": lambda _: ask(10), "far": lambda _: ask(FAR), "past": lambda _: ask(10**15)}
    seconds = medians(asked, range(ROUNDS))
    each = {name: taken / CALLS for name, taken in seconds.items()}
    ratio = each["far"] / each["near"]
    return [
        Row("schedule(10)", each["near"], ratio=1.0),
        Row("schedule(10**12)", each["far"], ratio=ratio, target=f"≤ {MOST_RATIO} ×", met=ratio <= MOST_RATIO),
        Row("schedule(10**15), past the end", each["past"], ratio=each["past"] / each["near"]),
    ]


def _error(schedule: Any) -> list[Row]:
    chosen = random.Random(0)
    steps = [chosen.randrange(WARMUP, LONG) for _ in range(SAMPLED)]
    far = _ulps(schedule, [FAR])
    worst, by_hand = _ulps(schedule, steps), _ulps(_by_hand, steps)
    return [
        Row("error at step 10**12", far, "ulp", target="≤ 4 ulp", met=far <= MOST_ULPS),
        Row(f"largest error at {SAMPLED:,} random steps", worst, "ulp", target="≤ 4 ulp", met=worst <= MOST_ULPS),
        Row("… of the formula in Python floats", by_hand, "ulp"),
    ]


def _ulps(rate: Callable[[int], float], steps: list[int]) -> float:
    return max(float(abs(_exact(step, WARMUP, LONG) - rate(step))) for step in steps) / math.ulp(MAX_LR)


def _by_hand(step: int) -> float:
    return FLOOR + 0.5 * (MAX_LR - FLOOR) * (1 + math.cos(math.pi * (step - WARMUP) / (LONG - WARMUP)))


def _exact(step: int, warmup: int, n: int) -> Any:
    mp = import_module("mpmath").mp  # torch brings it along
    mp.dps = 50
    half = (mp.mpf(MAX_LR) - mp.mpf(FLOOR)) / 2
    return mp.mpf(FLOOR) + half * (1 + mp.cos(mp.pi * (step - warmup) / (n - warmup)))


def _drift() -> list[Row]:
    """The largest errors over a run, of torch's cosine, which multiplies on, and of lehr's."""
    made = optimizer(1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(made, DRIFT_STEPS, FLOOR)
    schedule = lehr.cosine(DRIFT_STEPS, 0, MAX_LR, FLOOR)
    made.step()
    worst_torch = worst_lehr = 0.0
    for step in range(1, DRIFT_STEPS):
        scheduler.step()
        if step % (DRIFT_STEPS // SAMPLED) == 0:
            exact = _exact(step, 0, DRIFT_STEPS)
            worst_torch = max(worst_torch, float(abs(exact - made.param_groups[0]["lr"])))
            worst_lehr = max(worst_lehr, float(abs(exact - schedule(step))))
    named = {"torch CosineAnnealingLR": worst_torch, "lehr": worst_lehr}
    return [Row(f"{who}, error / peak, {DRIFT_STEPS:,} steps", worst / MAX_LR, "") for who, worst in named.items()]
