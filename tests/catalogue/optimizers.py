"""Small optimizers, the rates of their updates, and states as a checkpoint gives them back."""

from __future__ import annotations

import io
from typing import Any

import torch


def parameter(size: int = 2, *, gradient: bool = False) -> torch.nn.Parameter:
    made = torch.nn.Parameter(torch.ones(size))
    made.grad = torch.ones(size) if gradient else None
    return made


def groups(*rates: float, names: tuple[str, ...] = (), gradient: bool = False, **settings: Any) -> list[dict[str, Any]]:
    """A param group of one parameter for each rate; one group of rate 1.0 if there is none."""
    made: list[dict[str, Any]] = [
        {"params": [parameter(gradient=gradient)], "lr": rate, **settings} for rate in rates or (1.0,)
    ]
    for group, name in zip(made, names, strict=False):
        group["name"] = name
    return made


def sgd(*rates: float, **options: Any) -> torch.optim.SGD:
    """SGD with these `groups`."""
    return torch.optim.SGD(groups(*rates, **options))


def adamw(*rates: float, **options: Any) -> torch.optim.AdamW:
    """AdamW with these `groups`."""
    return torch.optim.AdamW(groups(*rates, **options))


def rates_of(optimizer: Any) -> list[float]:
    """The rate of each group for the next update."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def update(optimizer: Any) -> float:
    """Make one update with a gradient for every parameter, and return the rate of the first group in it."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    rate = rates_of(optimizer)[0]
    optimizer.step()
    return rate


def used_by(optimizer: Any, scheduler: Any, updates: int, *metric: float) -> list[float]:
    """Make ``updates`` updates, each with a step of torch's or lehr's scheduler, and return the first group's rates."""
    rates = []
    for _ in range(updates):
        rates.append(update(optimizer))
        scheduler.step(*metric)
    return rates


def recorded(optimizer: torch.optim.Optimizer) -> list[float]:
    """A list that gets the first group's rate in each update from here on; hooks that exist already run first."""
    rates: list[float] = []
    optimizer.register_step_pre_hook(lambda inner, *_: rates.append(float(inner.param_groups[0]["lr"])))
    return rates


def through_a_file(state: Any) -> Any:
    """``state`` after `torch.save` and `torch.load`."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)
