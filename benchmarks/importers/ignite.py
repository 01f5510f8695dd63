"""Parameter schedulers of ignite with drawn settings, called event by event."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from ignite.handlers import param_scheduler as ignites

from lehr import Schedule
from lehr.importers import from_ignite

from .case import Case, Draw, Family, drawn

EVENTS = 150
Build = Callable[[Any], Any]
"""An optimizer -> a scheduler on it."""


def built(build: Build) -> tuple[Any, Any]:
    """A new optimizer, and the scheduler on it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return optimizer, build(optimizer)


def rates(build: Build, events: int) -> list[float]:
    """The rate that each event writes."""
    optimizer, scheduler = built(build)
    written = []
    for _ in range(events):
        scheduler(None)
        written.append(float(optimizer.param_groups[0]["lr"]))
    return written


def imported(build: Build, training_steps: int) -> Schedule:
    """A new scheduler as lehr imports it."""
    return from_ignite(built(build)[1], training_steps=training_steps)


def case(family: str, build: Build) -> Case:
    """A scheduler, and 150 of its events."""
    return Case(family, build, partial(rates, build), EVENTS, imported, {"training_steps": EVENTS})


def cyclical(kind: str, g: random.Random) -> Build:
    """Cycles, whose ends and whose length may change by factors."""
    settings: dict[str, Any] = {
        "start_value": g.uniform(0, 1),
        "end_value": g.uniform(0, 1),
        "cycle_size": g.choice([2, 3, 4, 7, 10, 37]),
        "cycle_mult": g.choice([1, 1.0, 2, 1.5]),
        "start_value_mult": g.choice([1.0, 0.5, 1.1]),
    }
    settings["end_value_mult"] = g.choice([1.0, 0.5, settings["start_value_mult"]])
    if kind == "LinearCyclicalScheduler":
        settings["monotonic"] = g.random() < 0.5
    if settings.get("monotonic", True):
        settings["warmup_duration"] = g.choice([0, 0, 1, 5])
    return partial(getattr(ignites, kind), param_name="lr", **settings)


def piecewise(g: random.Random) -> Build:
    """Lines between drawn points."""
    points = [(at, g.uniform(0, 1)) for at in sorted(g.sample(range(100), g.randrange(1, 6)))]
    return partial(ignites.PiecewiseLinear, param_name="lr", milestones_values=points)


KINDS: dict[str, Callable[[random.Random], Build]] = {
    "LinearCyclicalScheduler": partial(cyclical, "LinearCyclicalScheduler"),
    "CosineAnnealingScheduler": partial(cyclical, "CosineAnnealingScheduler"),
    "PiecewiseLinear": piecewise,
}


def alone(kind: str) -> Draw:
    """One scheduler."""
    return lambda g: case(kind, KINDS[kind](g))


def any_of(g: random.Random) -> Build:
    """A scheduler of any kind."""
    return KINDS[g.choice(list(KINDS))](g)


def concatenated(g: random.Random) -> Case:
    """Two or three schedulers, one after another."""
    parts = [any_of(g) for _ in range(g.randrange(2, 4))]
    durations = [g.choice([1, 2, 11, 40]) for _ in parts[1:]]
    return case("ConcatScheduler", lambda o: ignites.ConcatScheduler([part(o) for part in parts], durations))


def with_warmup(g: random.Random) -> Case:
    """A scheduler after a warmup, which comes to its value at the last event or to another one."""
    part, start, length, top = any_of(g), g.uniform(0, 0.2), g.choice([2, 3, 5, 20]), g.choice([1.0, 0.7, None])

    def build(optimizer: Any) -> Any:
        return ignites.create_lr_scheduler_with_warmup(part(optimizer), start, length, top)

    return case("create_lr_scheduler_with_warmup", build)


DRAWS: dict[str, Draw] = {kind: alone(kind) for kind in KINDS}
DRAWS |= {"ConcatScheduler": concatenated, "create_lr_scheduler_with_warmup": with_warmup}
FAMILIES: dict[str, Family] = drawn(DRAWS)
