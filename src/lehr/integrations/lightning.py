"""`for_lightning`: what ``configure_optimizers`` of PyTorch Lightning returns."""

from __future__ import annotations

import math
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

from ..scheduler import Scheduler
from ..scheduler.bindings import schedulers_of
from ..schedules import checks
from ..warn import warn
from .sized import OnBuild, Planned, SchedulerSettings, check_planned, sized_scheduler

if TYPE_CHECKING:
    from ..scheduler.groups import Optimizer

INTERVALS = ("step", "epoch")


def for_lightning(
    optimizer: Optimizer,
    schedule: Planned,
    *,
    trainer: Any,
    interval: str = "step",
    on_build: OnBuild | None = None,
    **settings: Unpack[SchedulerSettings],
) -> dict[str, Any]:
    """The optimizer with its `Scheduler`, as ``configure_optimizers`` returns them.

    The length is the trainer's ``estimated_stepping_batches``, or the epochs that it trains with ``interval="epoch"``,
    unless `training_steps` is given; so ``"2%"`` is a share of what is really trained. Lightning steps the Scheduler
    (with manual optimization you do), and saves and loads it with its checkpoints.

    Args:
        optimizer: The optimizer.
        schedule: The name of a recipe, a `Schedule`, a mapping of schedules, or a function from the number of steps
            (epochs) to a Schedule.
        trainer: ``self.trainer`` in the module.
        interval: What the schedule counts: ``"step"`` for updates, ``"epoch"`` for whole epochs.
        on_build: Called with the Scheduler once it is built, before a checkpoint is loaded: to attach a `Plateau`, or
            `log_rates`.
        **settings: For the recipe and for `Scheduler`, such as ``warmup_steps="2%"``, ``max_lr=1e-3``, or
            ``keep="code"`` to resume with another length.

    Raises:
        ValueError: The trainer has no end and no `training_steps` is given, or a setting is refused.

    References:
        Lightning, src/lightning/pytorch/core/module.py, LightningModule.configure_optimizers.
    """
    check_planned(schedule)
    if _checked(interval) == "epoch":
        settings = {"unit": "epochs", "per_update": 1, **settings}
        length, unit = _epochs(trainer), "epochs"
    else:
        length, unit = trainer.estimated_stepping_batches, "steps"
    scheduler = sized_scheduler(optimizer, schedule, length, "the trainer", settings, on_build, unit)
    scheduler._built_by = "for_lightning"
    return {"optimizer": optimizer, "lr_scheduler": lightning_config(scheduler, interval)}


def _epochs(trainer: Any) -> int:
    """The epochs that the trainer begins: ``max_epochs``, or fewer where ``max_steps`` ends the run before."""
    epochs: int = trainer.max_epochs
    if trainer.max_steps == -1 or not trainer.lightning_module.automatic_optimization:
        return epochs
    updates: int = trainer.estimated_stepping_batches  # it loads the data, so that the trainer knows its batches
    per_epoch: float = trainer.num_training_batches / trainer.accumulate_grad_batches
    return epochs if math.isinf(per_epoch) else math.ceil(updates / math.ceil(per_epoch))


def lightning_config(scheduler: Scheduler, interval: str = "step") -> dict[str, Any]:
    """A Scheduler with the interval at which Lightning steps it, which is once an epoch if nothing is said.

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> config = lightning_config(lehr.Scheduler(optimizer, "linear", 100, max_lr=1.0))
    >>> config["interval"], config["frequency"]
    ('step', 1)
    """
    return {"scheduler": scheduler, "interval": _checked(interval), "frequency": 1}


def _checked(interval: str) -> str:
    if interval not in INTERVALS:
        raise ValueError(checks.unknown("interval", interval, INTERVALS))
    return interval


def lightning_report() -> Any:
    """A Lightning callback that says whether the schedule was used.

    At the start it warns of a `Scheduler` that drives one of the trainer's optimizers and that Lightning does not
    know: nobody would save it. At the end it prints `Scheduler.report`, which warns of a schedule that was cut off.
    """
    return _callback_class()()


def _callback_class() -> type:
    """The class, made when it is asked for: Lightning is a package under either of two names."""
    name = "lightning.pytorch" if "lightning.pytorch" in sys.modules else "pytorch_lightning"
    base: Any = import_module(name).Callback

    class ScheduleReport(base):  # type: ignore[misc]  # known when it runs
        """What `lightning_report` returns."""

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            known = _schedulers_known_to(trainer)
            for scheduler in [s for optimizer in trainer.optimizers for s in schedulers_of(optimizer)]:
                if scheduler not in known:
                    warn(
                        "a Scheduler drives an optimizer of the trainer and was not returned by configure_optimizers, "
                        "so no checkpoint holds it: return lehr.integrations.for_lightning(...), or "
                        'lightning_config(scheduler) as "lr_scheduler"'
                    )

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            for scheduler in _schedulers_known_to(trainer):
                report = scheduler.report()
                if trainer.is_global_zero:
                    print(report)

    return ScheduleReport


def _schedulers_known_to(trainer: Any) -> list[Scheduler]:
    found = [config.scheduler for config in trainer.lr_scheduler_configs]
    return [scheduler for scheduler in found if isinstance(scheduler, Scheduler)]
