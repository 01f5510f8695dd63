"""`for_deepspeed`: a lehr Scheduler for ``deepspeed.initialize``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from ..scheduler import Scheduler
from ..schedules import Schedule
from .sized import SchedulerSettings, check_planned

if TYPE_CHECKING:
    from ..scheduler.groups import Optimizer


def for_deepspeed(
    schedule: str | Schedule | Mapping[Any, Any], **settings: Unpack[SchedulerSettings]
) -> partial[Scheduler]:
    """What ``deepspeed.initialize(lr_scheduler=...)`` takes: a function from the optimizer to its `Scheduler`.

    An optimizer from DeepSpeed's configuration does not exist before, so that no Scheduler could be built on it. The
    engine steps the Scheduler once an update, leaves out the updates that it skips, and saves its state.

    Args:
        schedule: The name of a recipe, a `Schedule`, or a mapping of schedules.
        **settings: For the recipe and for `Scheduler`, such as ``training_steps=10_000, warmup_steps="2%"``.

    Raises:
        ValueError: There is no such recipe.

    References:
        DeepSpeed, deepspeed/runtime/engine.py, DeepSpeedEngine._configure_lr_scheduler.

    >>> import torch
    >>> factory = for_deepspeed("linear", training_steps=100, warmup_steps=10, max_lr=0.1)
    >>> factory(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)).current_lr
    0.010000000000000002
    """
    check_planned(schedule)
    return partial(_built, schedule=schedule, **settings)


def _built(optimizer: Optimizer, **settings: Any) -> Scheduler:
    scheduler = Scheduler(optimizer, **settings)
    scheduler._built_by = "for_deepspeed"
    return scheduler
