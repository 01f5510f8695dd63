"""What the cases about shape, composition, groups and control share."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
import torch

import lehr
from lehr import Constant, Exponential, Ramp, Schedule


def parameter() -> torch.nn.Parameter:
    """A parameter that has a gradient."""
    made = torch.nn.Parameter(torch.zeros(2))
    made.grad = torch.ones(2)
    return made


def groups(*rates: float, names: tuple[str, ...] = (), **more: Any) -> list[dict[str, Any]]:
    """A param group for each rate."""
    made: list[dict[str, Any]] = [{"params": [parameter()], "lr": rate, **more} for rate in rates or (1.0,)]
    for group, name in zip(made, names, strict=False):
        group["name"] = name
    return made


def sgd(*rates: float, names: tuple[str, ...] = (), **more: Any) -> torch.optim.SGD:
    """SGD with a group for each rate; one group at 1.0 if none is said."""
    return torch.optim.SGD(groups(*rates, names=names, **more), lr=1.0)


def adamw(*rates: float, names: tuple[str, ...] = (), **more: Any) -> torch.optim.AdamW:
    """The same with AdamW."""
    return torch.optim.AdamW(groups(*rates, names=names, **more), lr=1.0)


def rates_of(optimizer: Any) -> list[float]:
    """What the optimizer would use now."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def used_by(optimizer: Any, scheduler: Any, updates: int, *metric: float) -> list[float]:
    """The rate of the first group in each of so many updates, of torch's schedulers or lehr's."""
    seen = []
    for _ in range(updates):
        seen.append(rates_of(optimizer)[0])
        optimizer.step()
        scheduler.step(*metric)
    return seen


def quiet(build: Callable[[], Any]) -> Any:
    """What a peer builds or does, without what it says meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build()


def timm_schedulers() -> Any:
    """`timm.scheduler` without the rest of timm, which needs a torchvision that fits the torch."""
    if "timm" not in sys.modules:
        spec = find_spec("timm")
        if spec is None:
            pytest.skip("timm is not installed: it asks for a torchvision, of which there is no CPU build")
        sys.modules["timm"] = module_from_spec(spec)
    return import_module("timm.scheduler")


ENDING: dict[str, Schedule] = {
    "constant": lehr.constant(20, max_lr=1.0),
    "constant_with_warmup": lehr.constant_with_warmup(20, 4, max_lr=1.0),
    "cosine": lehr.cosine(20, 4, 1.0, 0.1),
    "linear": lehr.linear(20, 4, max_lr=1.0),
    "polynomial": lehr.polynomial(20, 4, max_lr=1.0, power=3),
    "exponential": lehr.exponential(20, 4, max_lr=1.0),
    "rex": lehr.rex(20, 4, max_lr=1.0),
    "wsd": lehr.wsd(20, 4, max_lr=1.0, decay_steps=6),
    "trapezoid": lehr.trapezoid(20, 4, max_lr=1.0),
    "power": lehr.power(20, 4, max_lr=1.0),
    "infinite": lehr.infinite(20, 4, max_lr=1.0),
    "one_cycle": lehr.one_cycle(20, max_lr=1.0),
    "one_cycle in three": lehr.one_cycle(20, max_lr=1.0, ramps=3),
    "step_decay": lehr.step_decay(20, 4, max_lr=1.0, decay_steps=5),
    "multistep": lehr.multistep(20, 4, max_lr=1.0, milestones=[8, 12]),
    "inverse_sqrt": lehr.inverse_sqrt(20, 4, max_lr=1.0),
    "noam": lehr.noam(20, 4, model_dim=64),
    "range_test": lehr.range_test(20, max_lr=10.0),
    "cosine_restarts": lehr.cosine_restarts(20, 4, max_lr=1.0, cycle_steps=7),
    "triangular": lehr.triangular(20, max_lr=1.0, cycle_steps=6),
    "triangular2": lehr.triangular2(20, max_lr=1.0, cycle_steps=6),
    "exp_range": lehr.exp_range(20, max_lr=1.0, cycle_steps=6, decay_factor=0.9),
    "knots": lehr.Knots([0, 5, 20], [0.0, 1.0, 0.25]),
    "table": lehr.Table([i / 20 for i in range(20)]),
    "product": lehr.cosine(20, 4, max_lr=1.0) * lehr.multistep(20, max_lr=1.0, milestones=[10]),
    "sum": lehr.linear(20, max_lr=1.0) * 0.5 + 0.1,
    "cut": lehr.cosine(40, max_lr=1.0).cut(10, 30),
    "stretched": lehr.cosine(10, 2, max_lr=1.0).stretch(20),
    "shifted": lehr.cosine(15, max_lr=1.0).shift(5),
    "repeated": Ramp(1, 0.5, 5).repeat(4, height_factor=0.5),
}
"""Every recipe and every combinator, each 20 positions long."""

ENDLESS: dict[str, Schedule] = {
    "forever": Constant(0.5),
    "decaying": Exponential(1.0, 0.9),
    "warmup and hold": lehr.constant_with_warmup(None, 4, max_lr=1.0),
    "inverse_sqrt": lehr.inverse_sqrt(warmup_steps=4, max_lr=1.0),
    "restarts": lehr.cosine_restarts(max_lr=1.0, cycle_steps=7, length_factor=2),
}

EVERY = {**ENDING, **{f"endless {name}": schedule for name, schedule in ENDLESS.items()}}
