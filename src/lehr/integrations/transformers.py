"""`for_transformers`: a lehr Scheduler in the Trainer of transformers, and in those of TRL that extend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar, Unpack

from ..scheduler import Scheduler
from ..warn import warn
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
        schedule: The name of a recipe, whose `training_steps` is the Trainer's number of updates, and whose `max_lr`
            and `warmup_steps` are the ``learning_rate`` and the warmup of its arguments unless given; a `Schedule`; a
            mapping of schedules; or a function from the number of updates to a Schedule. The peak with an optimizer of
            your own is its rate. A warning says if the arguments have a warmup and the schedule another.
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
    if target.optimizer is not None and _lacks("max_lr", schedule, settings):
        settings = {**settings, "max_lr": max(float(group["lr"]) for group in target.optimizer.param_groups)}
    target.create_scheduler = CreateScheduler(target, schedule, settings, on_build)
    return trainer


def _lacks(setting: str, schedule: Planned, settings: SchedulerSettings) -> bool:
    return takes(schedule, setting) and settings.get(setting) is None


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
        # The arguments are read now: a search over hyperparameters sets them before each run.
        settings, arguments = self.settings, self.trainer.args
        if _lacks("max_lr", self.schedule, settings):
            settings = {**settings, "max_lr": float(arguments.learning_rate)}
        warmup: int = arguments.get_warmup_steps(num_training_steps)
        if warmup and _lacks("warmup_steps", self.schedule, settings) and settings.get("unit", "steps") == "steps":
            settings = {**settings, "warmup_steps": warmup}
        self.scheduler = sized_scheduler(
            updating, self.schedule, num_training_steps, "the Trainer", settings, self.on_build
        )
        self.scheduler._built_by = "for_transformers"
        if warmup:
            _compare_warmups(self.scheduler, warmup)
        self.trainer.lr_scheduler, self.trainer._created_lr_scheduler = self.scheduler, True
        return self.scheduler


def _compare_warmups(scheduler: Scheduler, warmup: int) -> None:
    """Warn if the warmup of the arguments is not that of the schedule."""
    ours = scheduler.schedule.settings().get("warmup_steps")
    if ours != warmup:
        has = "no such setting" if ours is None else f"warmup_steps={ours}"
        warn(
            f"the arguments of the Trainer have a warmup of {warmup} updates, which is not used: the schedule given to "
            f"for_transformers has {has}; say the warmup in one place"
        )
