"""The rates that updates used, for a logger."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from ..scheduler import Scheduler
from ..scheduler.groups import all_groups
from ..schedules import checks

Log = Callable[[dict[str, float], int], object]
"""Takes values by name, and the index of the update."""


def rates(scheduler: Scheduler) -> dict[str, float]:
    """The rates that the last update used, by the names under which to log them.

    ``"lr"`` if all param groups have the same rate; else ``"lr/NAME"`` for each, or ``"lr/INDEX"`` of one without a
    name. Right before and after ``scheduler.step()``.

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> rates(lehr.Scheduler(optimizer, "linear", 100, max_lr=1.0))
    {'lr': 1.0}
    """
    used = scheduler.last_used_lrs
    if _is_one_rate(scheduler, used):
        return {"lr": used[0]}
    names = [str(group.get("name", index)) for index, group in enumerate(all_groups(scheduler.optimizers))]
    return {f"lr/{name}": rate for name, rate in zip(names, used, strict=False)}


def _is_one_rate(scheduler: Scheduler, used: list[float]) -> bool:
    """Whether all groups have the same rate, by what drives them: at 0 those with another factor are alike too."""
    if not scheduler.group_factors:  # it drives another hyperparameter
        return len(set(used)) == 1
    return "lr" in scheduler.schedules and len(set(scheduler.group_factors)) == 1


def log_rates(scheduler: Scheduler, to: object, *, every: int = 1) -> RateLog:
    """Log the rates of each update to TensorBoard, Weights & Biases, MLflow or anything else, from here on.

    Nothing is to be called in the loop: it listens to the optimizer, so it is right with `Scheduler.follow`, with
    ``step()``, and in any trainer. Logged are the `rates` and the ``"position"`` of the schedule, at the index of the
    update from 0, which goes on after a resume.

    Args:
        scheduler: The Scheduler.
        to: A TensorBoard ``SummaryWriter``; a run of Weights & Biases; the module ``mlflow``, or any other object with
            ``log_metrics(values, step=)`` such as the loggers of Lightning; or a function of the values and the index.
        every: Log every so many updates.

    Returns:
        An object whose ``remove()`` ends the logging.

    Raises:
        ValueError: `to` is none of these, `every` is no integer of at least 1, or the optimizer has no step hooks.

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> scheduler = lehr.Scheduler(optimizer, "linear", 100, max_lr=1.0).follow()
    >>> log = log_rates(scheduler, lambda values, step: print(step, values))
    >>> optimizer.step()
    0 {'lr': 1.0, 'position': 0}
    """
    return RateLog(scheduler, _log_to(to), checks.integer("every", every, owner="log_rates"))


class RateLog:
    """What `log_rates` returns."""

    def __init__(self, scheduler: Scheduler, log: Log, every: int) -> None:
        self._scheduler = weakref.ref(scheduler)
        self._log, self._every = log, every
        self._position: float = scheduler.position
        self._updates = scheduler.updates
        optimizer: Any = scheduler.optimizers[-1]  # whose updates the Scheduler counts
        try:
            self._hooks = [
                optimizer.register_step_pre_hook(self._before),
                optimizer.register_step_post_hook(self._after),
            ]
        except (AttributeError, TypeError):
            raise ValueError(
                f"log_rates needs the step hooks of torch optimizers, which {type(optimizer).__name__} does not have: "
                f"log lehr.integrations.rates(scheduler) after each update"
            ) from None

    def remove(self) -> None:
        """Log no more."""
        while self._hooks:
            self._hooks.pop().remove()

    def _before(self, *_: object) -> None:
        scheduler = self._scheduler()
        if scheduler is not None:
            self._position, self._updates = scheduler.position, scheduler.updates

    def _after(self, *_: object) -> None:
        scheduler = self._scheduler()
        counted = scheduler is not None and scheduler.updates > self._updates  # a gradient scaler may have skipped it
        if scheduler is not None and counted and self._updates % self._every == 0:
            self._log({**rates(scheduler), "position": self._position}, self._updates)


def _log_to(to: object) -> Log:
    target: Any = to
    if hasattr(to, "add_scalar"):
        return lambda values, step: [target.add_scalar(name, value, step) for name, value in values.items()]
    if hasattr(to, "log_metrics"):
        return lambda values, step: target.log_metrics(values, step=step)
    if hasattr(to, "log"):
        return lambda values, step: target.log(values, step=step)
    if callable(to):
        return target  # type: ignore[no-any-return]
    raise ValueError(
        f"log_rates needs a SummaryWriter, a wandb run, the module mlflow, an object with log_metrics, or a function "
        f"of the values and the index; got {checks.shown(to)}"
    )
