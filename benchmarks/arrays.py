"""What rates cost as a tensor, outside a compiled step and inside it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

import lehr

from .run import MAX_LR, MIN_LR
from .table import Row, Section
from .timing import medians

N = 1_000_000
WARMUP = 10_000
ROUNDS = 15
STEPS = 2_000
MOST_COMPILED = 2.5
MOST_STEP = 1.25

Rates = Callable[[torch.Tensor], torch.Tensor]

SCHEDULE = lehr.cosine(N, WARMUP, MAX_LR, MIN_LR)


def whole_run() -> Section:
    """A run of a million steps."""
    steps = torch.arange(N, dtype=torch.float64)
    positions = np.arange(N)
    contenders: dict[str, Callable[[object], object]] = {
        "torch formula": lambda _: _formula(steps),
        "lehr, tensor": lambda _: SCHEDULE(steps),
        "lehr, NumPy": lambda _: SCHEDULE(positions),
    }
    formula: Rates = torch.compile(_formula, fullgraph=True, dynamic=False)
    schedule: Rates = torch.compile(SCHEDULE.__call__, fullgraph=True, dynamic=False)
    contenders |= {"compiled formula": lambda _: formula(steps), "lehr, compiled": lambda _: schedule(steps)}
    error = max(float((rates - _formula(steps)).abs().max()) for rates in (SCHEDULE(steps), schedule(steps)))
    if error > 1e-14 * MAX_LR:
        raise RuntimeError(f"lehr's rates are {error} from the formula's")
    formula(steps)
    seconds = medians(contenders, range(ROUNDS))
    compiled = seconds["lehr, compiled"] / seconds["compiled formula"]
    return Section(
        f"All rates of a {N:,}-step run as a tensor",
        [
            Row("torch formula, with torch.where", seconds["torch formula"], ratio=1.0),
            *(
                Row(what, seconds[key], ratio=seconds[key] / seconds["torch formula"])
                for what, key in [
                    ("lehr schedule(torch.arange(n))", "lehr, tensor"),
                    ("lehr schedule(np.arange(n))", "lehr, NumPy"),
                    ("the formula, compiled", "compiled formula"),
                ]
            ),
            Row(
                "lehr schedule, compiled, against the formula compiled",
                seconds["lehr, compiled"],
                ratio=compiled,
                target=f"≤ {MOST_COMPILED} ×",
                met=compiled <= MOST_COMPILED,
            ),
        ],
    )


def compiled_step() -> Section:
    """A compiled update whose rate follows from a counter on the device."""
    constant = torch.tensor(MAX_LR, dtype=torch.float64)
    steps = {
        "none": _compiled(lambda counter: constant),
        "formula": _compiled(_formula),
        "lehr": _compiled(SCHEDULE.__call__),
    }
    seconds = medians({name: _many(step) for name, step in steps.items()}, range(ROUNDS))
    each = {name: taken / STEPS for name, taken in seconds.items()}
    ratio = each["lehr"] / each["formula"]
    return Section(
        "A compiled step with its rate inside",
        [
            Row("the rate from a formula by hand", each["formula"], ratio=1.0),
            Row("a rate that stays", each["none"], ratio=each["none"] / each["formula"]),
            Row("lehr schedule(counter)", each["lehr"], ratio=ratio, target=f"≤ {MOST_STEP} ×", met=ratio <= MOST_STEP),
        ],
        ["One graph; 1,000 weights, SGD by hand, on the CPU."],
    )


def _formula(step: torch.Tensor) -> torch.Tensor:
    warmup = torch.clamp(step, min=1) / WARMUP * MAX_LR
    decay = MIN_LR + 0.5 * (MAX_LR - MIN_LR) * (1 + torch.cos(math.pi * (step - WARMUP) / (N - WARMUP)))
    return torch.where(step < WARMUP, warmup, decay)


def _compiled(rate_at: Rates) -> Callable[[], None]:
    weight, gradient = torch.zeros(1_000), torch.ones(1_000)
    counter, rate = torch.tensor(0.0, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)

    @torch.compile(fullgraph=True, dynamic=False)
    def step() -> None:
        rate.copy_(rate_at(counter))
        counter.add_(1)
        weight.sub_(rate * gradient)

    step()
    return step


def _many(step: Callable[[], None]) -> Callable[[object], None]:
    def run(_: object) -> None:
        for _ in range(STEPS):
            step()

    return run
