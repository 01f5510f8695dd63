"""The run that is measured: linear warmup and half a cosine, as people write it by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

TRAINING_STEPS = 100_000
WARMUP_STEPS = 1_000
MAX_LR = 1e-3
MIN_LR = 0.0  # not every peer has a floor

Stepper = Callable[[range], None]
"""Steps a scheduler through these positions, as the loop around it would."""


def optimizer(groups: int) -> torch.optim.SGD:
    """An optimizer with so many param groups."""
    parameters = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]
    return torch.optim.SGD(parameters, lr=MAX_LR)


def bare(optimizer: torch.optim.Optimizer) -> Stepper:
    """The loop without a scheduler: the formula, and a write into each group."""
    n, warmup, max_lr, min_lr = TRAINING_STEPS, WARMUP_STEPS, MAX_LR, MIN_LR

    def run(steps: range) -> None:
        for step in steps:
            if step < warmup:
                rate = max(1, step) / warmup * max_lr
            else:
                rate = min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * (step - warmup) / (n - warmup)))
            for group in optimizer.param_groups:
                group["lr"] = rate

    return run


def cosine(make: Callable[..., Any], *arguments: Any) -> Any:
    """What ``make`` makes of the four numbers of the run, by lehr's names for them."""
    return make(*arguments, training_steps=TRAINING_STEPS, warmup_steps=WARMUP_STEPS, max_lr=MAX_LR, min_lr=MIN_LR)
