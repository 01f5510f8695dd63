"""`Changing`: changes of the schedule during training."""

from __future__ import annotations

from collections.abc import Mapping

from ...control import Act, Amend, Cooldown, Dip, Extend, Rebase, Scale
from ...control.acts import GroupKey
from ...control.commands import check_why
from ...schedules import Schedule, checks
from ...schedules.lengths import Length
from ..bindings import check_warmups
from .core import Core


class Changing(Core):
    """Puts another schedule after the next update, and keeps the change in the history."""

    def change(self, act: Act, why: str = "") -> None:
        """Change the schedule from the next update on. The past keeps its rates.

        Args:
            act: What to do, such as ``lehr.control.Cooldown(steps=2000)``.
            why: The reason, one line of text for the history.

        Raises:
            ValueError: The act cannot be done here; nothing has changed.

        >>> import torch
        >>> from lehr import Scheduler
        >>> from lehr.control import Scale
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> scheduler = Scheduler(optimizer, "linear", 10)
        >>> scheduler.change(Scale(0.5), why="a spike")
        >>> scheduler.current_lr, scheduler.history[0].what
        (0.05, 'scale(factor=0.5)')
        """
        if not isinstance(act, Act):
            raise ValueError(f"change takes an act such as lehr.control.Cooldown(2000), got {checks.shown(act)}")
        why = check_why(why)
        at = self._clock.next_position
        plan = self._plan.changed(act, at, max(self.next_lrs) if self._rates.of_lr else 0.0, why)
        check_warmups(dict(zip(plan.initial, plan.changes[-1].rest, strict=True)), self.unit, self.per_update)
        self._rates.check(plan)
        last_used = self._clock.last_used
        used = self.last_used_lrs if last_used is not None and at <= last_used else None
        self._follow_plan(plan)
        self._used_lrs = None if used is None else (self._clock.updates, used)
        self._warned.discard("past the end")
        self._write()

    def extend(self, training_steps: Length, policy: str = "stretch", why: str = "") -> None:
        """Let the run end at another step than planned; see `lehr.control.Extend`."""
        self.change(Extend(training_steps, policy), why)

    def cooldown(self, steps: Length, to: float = 0.0, shape: str = "1-sqrt", why: str = "") -> None:
        """Decay from the present rate to ``to`` in so many steps, and hold it; see `lehr.control.Cooldown`."""
        self.change(Cooldown(steps, to, shape), why)

    def rebase(self, lr: float, why: str = "") -> None:
        """Scale what is left so that the present rate becomes ``lr``; see `lehr.control.Rebase`."""
        self.change(Rebase(lr), why)

    def dip(self, factor: float, recover: Length, why: str = "") -> None:
        """Lower the rate for a while; see `lehr.control.Dip`."""
        self.change(Dip(factor, recover), why)

    def scale(self, factor: float | Mapping[GroupKey, float], why: str = "") -> None:
        """Multiply what is left by a factor, or that of some param groups each by its own; see `lehr.control.Scale`."""
        self.change(Scale(factor), why)

    def amend(self, schedule: Schedule | Mapping[GroupKey, Schedule], why: str = "") -> None:
        """Follow another schedule from here on, which counts from its own 0; see `lehr.control.Amend`."""
        self.change(Amend(schedule), why)
