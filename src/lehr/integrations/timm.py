"""`for_timm`: a Scheduler under the calls that timm's training script makes."""

from __future__ import annotations

from typing import Any

from ..scheduler import Scheduler


def for_timm(scheduler: Scheduler) -> TimmScheduler:
    """A `Scheduler` in the form of ``timm.scheduler.Scheduler``, for timm's train.py and loops like it.

    timm calls ``step_update(num_updates)`` after each update and ``step(epoch, metric)`` after each epoch. A schedule
    in steps listens to the first, one in epochs (``unit="epochs"``) to the second; `Plateau` gets the metric of each
    epoch.

    References:
        timm, train.py and timm/scheduler/scheduler.py.

    >>> import torch, lehr
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    >>> lr_scheduler = for_timm(lehr.Scheduler(optimizer, "linear", 100, max_lr=1.0))
    >>> lr_scheduler.step_update(num_updates=50)
    >>> optimizer.param_groups[0]["lr"]
    0.5
    """
    return TimmScheduler(scheduler)


class TimmScheduler:
    """What `for_timm` returns.

    Attributes:
        scheduler: The Scheduler that it moves.
        optimizer: That of the Scheduler.
        t_in_epochs: Whether the schedule counts epochs.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.optimizer = scheduler.optimizer
        self.t_in_epochs = scheduler.unit == "epochs"

    def step(self, epoch: float, metric: float | None = None) -> None:
        """Go to an epoch, if the schedule counts epochs, and give the metric to each `Plateau`."""
        scheduler = self.scheduler
        scheduler.step(epoch if self.t_in_epochs else scheduler.position, metric)

    def step_update(self, num_updates: int, metric: float | None = None) -> None:
        """Set the rate of the update with this index, if the schedule counts steps."""
        if not self.t_in_epochs:
            self.scheduler.step(num_updates)

    def state_dict(self) -> dict[str, Any]:
        """The state of the Scheduler."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state of the Scheduler."""
        self.scheduler.load_state_dict(state_dict)
