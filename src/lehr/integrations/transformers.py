"""`for_transformers`: a lehr Scheduler in the Trainer of transformers, and in those of TRL that extend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, Unpack

from ..scheduler import Scheduler
from .sized import OnBuild, Planned, SchedulerSettings, check_planned, sized_scheduler, takes

AnyTrainer = TypeVar("AnyTrainer")


def for_transformers(
    trainer: AnyTrainer, schedule: Planned, *, on_build: OnBuild | None = None, **settings: Unpack[SchedulerSettings]
) -> AnyTrainer:
    """Let a Trainer build a lehr `Scheduler` where it would build its own scheduler.

    That is at the start of ``train()``, when the Trainer knows how many updates it makes; so `training_steps` need not
    be given, and ``"2%"`` is a share of what is really trained. The Trainer steps the Scheduler, logs its rates, and
    saves and loads it as ``scheduler.pt``.

    Args:
        trainer: A ``transformers.Trainer``, or one that extends it such as TRL's ``SFTTrainer``.
        schedule: The name of a recipe, whose `training_steps` is the Trainer's number of updates and whose `max_lr`
            is its ``learning_rate`` unless given; a `Schedule`; a mapping of schedules; or a function from the number
            of updates to a Schedule. The peak with an optimizer of your own is its rate.
        on_build: Called with the Scheduler once it is built, before a checkpoint is loaded: to attach a `Plateau`, or
            `log_rates`.
        **settings: For the recipe and for `Scheduler`, such as ``warmup_steps="2%"``, ``group_scale="ratio"``, or
            ``keep="code"`` to resume with another length.

    Returns:
        The trainer.

    Raises:
        ValueError: The trainer was given a scheduler already, or the name of the recipe is unknown.

    References:
        transformers, src/transformers/trainer.py, Trainer.create_scheduler.
    """
    check_planned(schedule)
    target: Any = trainer
    if target.lr_scheduler is not None and not target._created_lr_scheduler:
        raise ValueError(
            f"the trainer was given a {type(target.lr_scheduler).__name__} already: build it with "
            f"optimizers=(optimizer, None), or without `optimizers`"
        )
    if target.optimizer is not None and _lacks_peak(schedule, settings):
        settings = {**settings, "max_lr": max(float(group["lr"]) for group in target.optimizer.param_groups)}
    target.create_scheduler = CreateScheduler(target, schedule, settings, on_build)
    return trainer


def _lacks_peak(schedule: Planned, settings: SchedulerSettings) -> bool:
    return takes(schedule, "max_lr") and settings.get("max_lr") is None


@dataclass
class CreateScheduler:
    """Stands in for ``Trainer.create_scheduler``."""

    trainer: Any
    schedule: Planned
    settings: SchedulerSettings
    on_build: OnBuild | None = None
    scheduler: Scheduler | None = None

    def __call__(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if optimizer is None and self.trainer.lr_scheduler is not None:
            return self.trainer.lr_scheduler
        if self.scheduler is not None:  # a second call of train()
            self.scheduler.detach()
        updating = self.trainer.optimizer if optimizer is None else optimizer
        settings = self.settings
        if _lacks_peak(self.schedule, settings):  # read now: a search over hyperparameters sets it before each run
            settings = {**settings, "max_lr": float(self.trainer.args.learning_rate)}
        self.scheduler = sized_scheduler(
            updating, self.schedule, num_training_steps, "the Trainer", settings, self.on_build
        )
        self.trainer.lr_scheduler, self.trainer._created_lr_scheduler = self.scheduler, True
        return self.scheduler
