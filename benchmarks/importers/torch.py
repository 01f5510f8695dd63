"""Schedulers of torch with drawn settings, alone and in each other, built anew and stepped past their end."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.optim import lr_scheduler as torchs
from torch.optim.swa_utils import SWALR

from lehr import Schedule
from lehr.importers import from_torch

from .case import Case, Draw, Family, drawn, rate, size

Build = Callable[[Any], Any]
"""An optimizer -> a scheduler on it."""


def built(build: Build, lr: float) -> tuple[Any, Any]:
    """A new optimizer, and the scheduler on it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optimizer, build(optimizer)


def rates(build: Build, lr: float, updates: int) -> list[float]:
    """The rates of the first updates; fewer where torch raises after the end."""
    optimizer, scheduler = built(build, lr)
    used = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(updates):
            used.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            try:
                scheduler.step()
            except ValueError:
                break
    return used


def imported(build: Build, lr: float, after: str) -> Schedule:
    """A new scheduler as lehr imports it."""
    return from_torch(built(build, lr)[1], after=after)


def case(family: str, build: Build, lr: float, steps: int = 200) -> Case:
    """A scheduler, and 200 of its updates."""
    return Case(family, build, partial(rates, build, lr), steps, imported, {"lr": lr, "after": "peer"})


def of(name: str, **settings: Any) -> Build:
    """A scheduler by the name of its class."""
    return partial(SWALR if name == "SWALR" else getattr(torchs, name), **settings)


def strategy(g: random.Random) -> str:
    """A cosine or a line."""
    return g.choice(["cos", "linear"])


def one_cycle(g: random.Random) -> Build:
    """OneCycleLR, but not where it divides by zero: with its peak at step 1 - 1, or at the last step."""
    steps, share = size(g, 2), g.choice([0.0, 0.1, 0.3, 0.45, 0.85])
    return of(
        "OneCycleLR",
        max_lr=rate(g),
        total_steps=steps,
        pct_start=0.3 if share * steps == 1 else share,
        anneal_strategy=strategy(g),
        div_factor=g.choice([1, 25, 3.0]),
        final_div_factor=g.choice([1, 1e4]),
        three_phase=g.random() < 0.4 and share < 0.5,
    )


def cyclic(g: random.Random) -> Build:
    """CyclicLR, up and down in lengths of their own."""
    mode = g.choice(["triangular", "triangular2", "exp_range"])
    up, down = size(g), size(g)
    return of(
        "CyclicLR", base_lr=rate(g, 0.1), max_lr=rate(g), step_size_up=up, step_size_down=down, mode=mode,
        gamma=g.choice([0.9, 0.999, 1.0]),
    )  # fmt: skip


LEAVES: dict[str, Callable[[random.Random], Build]] = {
    "ConstantLR": lambda g: of("ConstantLR", factor=g.choice([0.01, 0.3, 1.0]), total_iters=g.choice([0, size(g)])),
    "LinearLR": lambda g: of(
        "LinearLR", start_factor=g.choice([0.01, 0.3, 1.0]), end_factor=g.choice([0.0, 0.1, 1.0]), total_iters=size(g)
    ),
    "StepLR": lambda g: of("StepLR", step_size=size(g), gamma=g.choice([0.0, 0.1, 0.9, 1.0, 1.05])),
    "MultiStepLR": lambda g: of(
        "MultiStepLR", milestones=[g.randrange(150) for _ in range(g.randrange(6))], gamma=g.choice([0.1, 0.5, 1.3])
    ),
    "ExponentialLR": lambda g: of("ExponentialLR", gamma=g.choice([0.0, 0.5, 0.99, 1.0, 1.02])),
    "PolynomialLR": lambda g: of("PolynomialLR", total_iters=size(g), power=g.choice([0, 0.5, 1.0, 2.0, 3.3])),
    "CosineAnnealingLR": lambda g: of("CosineAnnealingLR", T_max=size(g), eta_min=g.choice([0.0, 1e-4, 5e-4])),
    "CosineAnnealingWarmRestarts": lambda g: of(
        "CosineAnnealingWarmRestarts", T_0=size(g), T_mult=g.choice([1, 2, 3]), eta_min=g.choice([0.0, 0.1])
    ),
    "CyclicLR": cyclic,
    "OneCycleLR": one_cycle,
    "SWALR": lambda g: of(
        "SWALR", swa_lr=rate(g), anneal_epochs=g.choice([0, size(g)]), anneal_strategy=strategy(g)
    ),
}  # fmt: skip
FACTORS = ("ConstantLR", "LinearLR", "StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR")
ENDLESS = tuple(name for name in LEAVES if name not in ("OneCycleLR", "SWALR"))


def leaf(g: random.Random, names: tuple[str, ...]) -> Build:
    """Any scheduler of these classes."""
    return LEAVES[g.choice(names)](g)


def in_sequence(parts: list[Build], milestones: list[int]) -> Build:
    """A SequentialLR."""
    return lambda optimizer: torchs.SequentialLR(optimizer, [part(optimizer) for part in parts], milestones)


def in_chain(parts: list[Build]) -> Build:
    """A ChainedScheduler."""
    return lambda optimizer: torchs.ChainedScheduler([part(optimizer) for part in parts])


def alone(name: str) -> Draw:
    """One scheduler; torch raises after the end of a OneCycleLR."""
    return lambda g: case(name, LEAVES[name](g), rate(g))


def sequential(g: random.Random) -> Case:
    """Two to four schedulers, with milestones of 0 and equal ones too."""
    count = g.randrange(2, 5)
    milestones = sorted(g.choice([0, 1, size(g)]) for _ in range(count - 1))
    names = (*ENDLESS, "SWALR")
    return case("SequentialLR", in_sequence([leaf(g, names) for _ in range(count)], milestones), rate(g))


def chained(g: random.Random) -> Case:
    """A product, also of a chain in the chain."""
    parts = [leaf(g, FACTORS) for _ in range(g.randrange(1, 4))]
    inner = [in_chain([leaf(g, FACTORS), leaf(g, FACTORS)])] if g.random() < 0.5 else []
    return case("ChainedScheduler", in_chain([*inner, *parts]), rate(g))


def nested(g: random.Random) -> Case:
    """A SequentialLR or a ChainedScheduler as the first part of a SequentialLR; torch fails at it as a later part."""
    inner_at, outer_at = g.randrange(2, 30), g.randrange(1, 60)
    inner = in_sequence([leaf(g, ENDLESS), leaf(g, ENDLESS)], [inner_at])
    if g.random() < 0.5:
        inner = in_chain([leaf(g, FACTORS), leaf(g, FACTORS)])
    return case("one in another", in_sequence([inner, leaf(g, ENDLESS)], [outer_at]), rate(g))


DRAWS: dict[str, Draw] = {name: alone(name) for name in LEAVES}
DRAWS |= {"SequentialLR": sequential, "ChainedScheduler": chained, "one in another": nested}
FAMILIES: dict[str, Family] = drawn(DRAWS)
