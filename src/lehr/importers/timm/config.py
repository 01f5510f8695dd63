"""The scheduler of a config, which timm itself builds."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from ...schedules import Schedule, checks
from ..originals import optimizer_with
from .live import from_timm
from .schedules import BUILDERS


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether the config is an ``args.yaml`` of timm's train.py, or has the ``name`` of a scheduler's class."""
    return str(config.get("name")) in BUILDERS or ("sched" in config and "warmup_epochs" in config)


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config, from the scheduler that timm itself builds of it; see `from_timm`.

    Args:
        config: An ``args.yaml`` of timm's train.py; or the ``name`` of a scheduler's class, the ``lr`` of its optimizer
            and its arguments.
        after: As in `from_timm`.

    Raises:
        ValueError: The rate is not in the config, or the scheduler counts updates, whose number is not in it.
        ImportError: timm is not installed.
    """
    return from_timm(_built(config), after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates that timm's own scheduler writes at the first ``steps`` positions; None without timm."""
    try:
        scheduler = _built(config)
    except ImportError:
        return None
    return stepped(scheduler, steps)


def stepped(scheduler: Any, steps: int, group: int = 0) -> list[float]:
    """The rates that a new scheduler of timm writes into a group at the first ``steps`` positions."""
    rates = []
    for t in range(1, steps + 1):
        rates.append(float(scheduler.optimizer.param_groups[group]["lr"]))
        if scheduler.t_in_epochs:
            scheduler.step(t)
        else:
            scheduler.step_update(t)
    return rates


def _built(config: Mapping[str, Any]) -> Any:
    """The scheduler of a config, on an optimizer of one parameter."""
    try:
        timm = import_module("timm.scheduler")
    except ImportError as error:
        raise ImportError(f"timm itself builds the scheduler of its arguments, and it is not there: {error}") from None
    if config.get("lr") is None:
        raise ValueError("the config has no `lr`: timm computes it from `lr_base` and the batch size; write it there")
    optimizer = optimizer_with(checks.number("lr", config["lr"], owner="timm"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # timm warns of a deprecated scheduler, which is refused
            return _by_timm(timm, optimizer, config)
    except Exception as error:  # timm checks nothing, so that it may fail at anything
        reason = checks.printable(f"{type(error).__name__}: {error}")
        raise ValueError(f"timm does not build a scheduler from this config: {reason}") from None


def _by_timm(timm: Any, optimizer: Any, config: Mapping[str, Any]) -> Any:
    if "name" in config:
        settings = {name: value for name, value in config.items() if name not in ("name", "lr")}
        return getattr(timm, config["name"])(optimizer, **settings)
    updates_per_epoch = int(config.get("updates_per_epoch", 0))
    return timm.create_scheduler(SimpleNamespace(**config), optimizer, updates_per_epoch)[0]
