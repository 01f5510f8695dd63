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


def param_groups(count: int) -> list[dict[str, Any]]:
    """So many param groups, of which the first half decays its weights: two are the usual pair of AdamW."""
    return [
        {"params": [torch.zeros(1, requires_grad=True)], "weight_decay": 0.1 if 2 * index < count else 0.0}
        for index in range(count)
    ]


def optimizer(groups: int) -> torch.optim.AdamW:
    """An optimizer with so many param groups."""
    return torch.optim.AdamW(param_groups(groups), lr=MAX_LR)


class Idle(torch.optim.Optimizer):
    """An optimizer that calls its hooks and does nothing else.

    A real update takes a hundred times what is measured with it, and varies by more; so does the profiling that torch
    puts around each step, which ``hooked`` leaves out.
    """

    def __init__(self, groups: int) -> None:
        super().__init__(param_groups(groups), {"lr": MAX_LR})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # it trains nothing
        for hook in self._optimizer_step_pre_hooks.values():
            hook(self, (), {})
        for hook in self._optimizer_step_post_hooks.values():
            hook(self, (), {})

    step.hooked = True  # type: ignore[attr-defined]  # torch's mark, so that it does not wrap `step`


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


def by_hand() -> Callable[[int], float]:
    """The formula of the run as a function of the step."""
    n, warmup, top, low = TRAINING_STEPS, WARMUP_STEPS, MAX_LR, MIN_LR

    def rate(step: int) -> float:
        if step < warmup:
            return max(1, step) / warmup * top
        return low + 0.5 * (top - low) * (1 + math.cos(math.pi * (step - warmup) / (n - warmup)))

    return rate


def cosine(make: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What ``make`` makes of the four numbers of the run, by lehr's names for them."""
    numbers = {"training_steps": TRAINING_STEPS, "warmup_steps": WARMUP_STEPS, "max_lr": MAX_LR, "min_lr": MIN_LR}
    return make(*arguments, **numbers, **options)
