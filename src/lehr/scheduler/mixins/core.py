"""`Core`: what a Scheduler is made of, what can be asked of it, and the writing of its rates."""

from __future__ import annotations

from collections import Counter
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from ...control import Change
from ...schedules import Schedule, checks
from ...schedules.backends import Formula
from ...warn import warn
from ..clock import Clock
from ..control_file import ControlFile
from ..groups import Optimizer
from ..hooks import Hooks
from ..loads import Loads
from ..plan import Plan
from ..rates import Rates
from ..rounds import Rounds
from ..watcher import Watcher
from ..written import Written

Piece = tuple[float, float, Formula, Any, Written, Clock]
"""Positions from and to, the formula that holds there, and what `step` needs beside it."""


class Core(LRScheduler):
    """The parts of a Scheduler, which its constructor builds, and what they say of the run."""

    _built_by: str | None = None
    """The function of `lehr.integrations` to which the user gave the settings, if one did."""
    _clock: Clock
    _control_file: ControlFile | None
    _current_piece: Piece
    """That of the present position."""
    _hooks: Hooks
    _keep: str | None
    _layers: list[list[Any]]
    """Each optimizer that updates, as the last of what wraps it."""
    _left_alone: Counter[tuple[int, int]]
    """How many updates were left alone, by the updates made before, and the optimizer."""
    _loads: Loads
    _max_lr_is_given: bool
    _no_piece: Piece
    """One in which no position is."""
    _optimizers: list[Optimizer]
    _piece: Piece
    """What `step` takes; `_no_piece` where each call needs a closer look."""
    _plan: Plan
    _rates: Rates
    _rounds: Rounds
    _updates_at_metric: int
    _used_lrs: tuple[int, list[float]] | None
    """What the last update used, after so many updates, under an earlier plan."""
    _warned: set[str]
    _watchers: list[Watcher]

    # Where it is.

    @property
    def position(self) -> float:
        """Index of the update that the rates in the optimizer are for; in another `unit`, units before it."""
        return self._clock.position

    @property
    def next_position(self) -> float:
        """Position of the next update: that after the present one, once the present one has been made.

        Where the rate is set once an epoch (``unit="epochs", per_update=1``) it stays the present one until `step`.
        """
        return self._clock.next_position

    @property
    def unit(self) -> str:
        """What a position counts."""
        return self._clock.unit

    @property
    def per_update(self) -> float | None:
        """What one update consumes in the unit of the schedule, if it is always the same."""
        return self._clock.per_update

    @property
    def updates(self) -> int:
        """Updates made so far."""
        return self._clock.updates

    @property
    def skipped(self) -> int:
        """Calls that came without an update, and did not count."""
        return self._clock.skipped

    @property
    def training_steps(self) -> float | None:
        """Length of the schedule in its unit, or None if it never ends."""
        return None if self._plan.length == float("inf") else self._plan.length

    # What it follows and what it drives.

    @property
    def history(self) -> list[Change]:
        """The changes made during training, in order."""
        return list(self._plan.changes)

    @property
    def schedule(self) -> Schedule:
        """The schedule that it follows, with all changes; of several, the first."""
        return self._rates.pairs[0][0]

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Every schedule that it follows, by what it drives."""
        return {binding.name: schedule for binding, schedule in self._plan.schedules.items()}

    @property
    def group_schedules(self) -> list[Schedule]:
        """The schedule of the rate of each param group, with its factor."""
        return [schedule._scaled(factor) for schedule, writer in self._rates.of_lr for factor in writer.factors()]

    @property
    def group_factors(self) -> list[float]:
        """What the rate of each param group is multiplied by, as `group_scale` says; empty if it drives no rate.

        >>> import torch, lehr
        >>> groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.1, 0.05)]
        >>> scheduler = lehr.Scheduler(torch.optim.SGD(groups), "linear", 10, group_scale="ratio")
        >>> scheduler.group_factors
        [1.0, 0.5]
        """
        return [factor for _, writer in self._rates.of_lr for factor in writer.factors()]

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers that update, inside all wrappers. Of several the last is the clock, see `follow`."""
        return list(self._optimizers)

    @property
    def current_lr(self) -> float:
        """The rate in the optimizer: of several groups, the largest."""
        return max(self._rates.lrs(self._clock.position))

    @property
    def last_used_lrs(self) -> list[float]:
        """The rate of each group in the last update that was made; before the first, in the first."""
        if self._used_lrs is not None and self._used_lrs[0] == self._clock.updates:  # the plan has changed since
            return list(self._used_lrs[1])
        last_used = self._clock.last_used
        return self._rates.lrs(self._clock.position if last_used is None else last_used)

    @property
    def next_lrs(self) -> list[float]:
        """The rate of each group in the next update."""
        return self._rates.lrs(self._clock.next_position)

    # Writing.

    def _write(self) -> None:
        """Write the rates of the present position."""
        self._rates.write(self._clock.position, self._clock.updates)

    def _follow_plan(self, plan: Plan) -> None:
        self._plan = plan
        self._rates.follow(plan)
        self._take_piece()

    def _take_piece(self) -> None:
        """Cache the formula that applies at the current position, for the fast path of `step`."""
        self._current_piece = self._piece_at(self._clock.position)
        self._piece = self._no_piece if self._clock.counts_alone() else self._current_piece

    def _piece_at(self, position: float) -> Piece:
        more_to_do = self._control_file is not None or self._rates.unmatched or self._clock.pending
        if not self._rates.are_of_one_schedule or more_to_do:
            return self._no_piece
        start, stop, formula = self.schedule._piece_at(position)
        # Positions past the end, and those too large to save, are looked at each time.
        stop = min(stop, self._plan.length + 1, checks.LONGEST)
        return start, stop, formula, self._optimizers[0], self._rates.first.written, self._clock

    def _warn_once(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            warn(message)
