"""Running the original scheduler beside the imported schedule, where its framework is installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def installed(module: str) -> Any:
    """The module, or None where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def optimizer_with(lr: float) -> Any:
    """An optimizer of torch whose rate the original writes."""
    torch = import_module("torch")
    return torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=lr)


def stepped(optimizer: Any, scheduler: Any, steps: int) -> list[float]:
    """The rates of the first updates, when the scheduler is stepped after each."""
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates
