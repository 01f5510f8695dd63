"""`Scheduler`: follows a schedule in a torch optimizer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from operator import index as index_of
from typing import Any

from ..lengths import Length
from ..schedules import Schedule
from .attached import attach, detach
from .listener import Listener
from .reporting import Reports
from .resume import Resumes
from .steering import Steers
from .tracks import tracks_of
from .writer import GroupScale, all_groups

UNITS = ("steps", "samples", "tokens")


class Scheduler(Steers, Resumes, Reports):
    r"""Sets the learning rate of every param group, step by step, to what a schedule says.

    Position ``t`` is the index of an update, from 0; the rate of position 0 is in the optimizer when
    the constructor returns. With W = ``warmup_steps`` and N = ``training_steps``:

    ============  =============================================================================
    warmup        max(1, t) / W · max_lr, for t < W
    ``cosine``    min_lr + ½ (max_lr - min_lr) (1 + cos(π (t - W)/(N - W))), for W ≤ t < N
    ``linear``    max_lr - (t - W)/(N - W) · (max_lr - min_lr), for W ≤ t < N
    ``constant``  max_lr, at every t; warmup_steps and min_lr are ignored
    after N       min_lr (constant: max_lr)
    ============  =============================================================================

    Every group gets the same rate. If the groups start at different ones, a warning says so once;
    `group_scale` chooses.

    It is a torch `LRScheduler`, so trainers take it for one, but it replaces nothing in the
    optimizer and adds no key to its groups.

    Args:
        optimizer: Anything with `param_groups`; or a list of such, which are one run.
        schedule: ``"cosine"``, ``"linear"``, ``"constant"`` or the name of another recipe, to be
            built from the settings that follow; or a `Schedule`, which needs none of them; or a
            mapping from hyperparameter (``"lr"``, ``"weight_decay"``, ``"betas[0]"``) or from group
            (its name or index) to `Schedule`, or from hyperparameter to group to `Schedule`.
        training_steps: Steps of the run, N: a whole number or ``"100k"``.
        warmup_steps: Steps of the warmup, W: a whole number, ``"1k"``, or a share such as ``"2%"``.
        max_lr: The highest rate; None for the optimizer's own (that of its fastest group).
        min_lr: The rate at the end; None for the recipe's default, which is 0 for most.
        group_scale: What each group gets: ``"same"``; ``"ratio"``, which keeps each group's ratio
            to the fastest; a list of factors; a mapping from the group's ``"name"`` to its factor.
        unit: What the schedule counts: ``"steps"``, ``"samples"`` or ``"tokens"``.
        per_update: Units that one update consumes, where it is always the same; else use `advance`.
        control_file: Path of a file of changes to watch for; see ``docs/control.md``.
        **recipe_options: What the recipe takes beside these, such as ``decay_steps`` of ``wsd``.

    Raises:
        ValueError: A setting is refused, the optimizer has no group or no rate, or another
            Scheduler drives it already; the optimizer is as before.

    >>> import torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> scheduler = Scheduler(optimizer, "linear", 10, 2, max_lr=0.1, min_lr=0.0)
    >>> for step in range(4):
    ...     scheduler.step(step)
    ...     print(scheduler.current_lr)
    0.05
    0.05
    0.1
    0.08750000000000001
    """

    # torch's LRScheduler.__init__ replaces optimizer.step, adds keys to every group and refuses
    # wrappers, so it is not called; everything public of it is overridden here.

    def __init__(
        self,
        optimizer: Any,
        schedule: str | Schedule | Mapping[Any, Any],
        training_steps: Length | None = None,
        warmup_steps: Length | None = None,
        max_lr: float | None = None,
        min_lr: float | None = None,
        *,
        group_scale: GroupScale | None = None,
        unit: str = "steps",
        per_update: int = 1,
        control_file: Any = None,
        **recipe_options: Any,
    ) -> None:
        settings = {
            "training_steps": training_steps,
            "warmup_steps": warmup_steps,
            "max_lr": max_lr,
            "min_lr": min_lr,
            **recipe_options,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
        if not optimizers:
            raise ValueError("Scheduler needs at least one optimizer, got an empty list")
        if unit not in UNITS:
            raise ValueError(f"`unit` must be one of {', '.join(map(repr, UNITS))}, got {unit!r}")
        self.unit, self.per_update = unit, _whole("per_update", per_update, least=1)
        self._tracks, self._max_lr_is_said = tracks_of(schedule, given, optimizers, group_scale)
        attach(self, optimizers, [(track.key, track.chosen) for track in self._tracks])
        self.optimizer, self._optimizers, self._clock = optimizers[0], optimizers, optimizers[-1]
        self._begun = {(track.key, track.chosen): track.schedule for track in self._tracks}
        self.updates = self.skipped = 0
        self._applied = self._used = None
        self._known_groups = len(all_groups(optimizers))
        self._measured = self._heard = False
        self._warned = self._following = False
        self._start_steering(control_file)
        self._schedules_changed()
        self._go_to(0)
        self._listener = Listener(self, optimizers)

    # Moving.

    def step(  # type: ignore[override]
        self, current_step: float | None = None, epoch: int | None = None, metric: float | None = None
    ) -> None:
        """Set the rates for the update with index ``current_step``; without one, of the next.

        The same step twice is the same state. Past the end of the schedule the final rate holds,
        with one warning. Without a number it moves one update on, if there was one: a call for a
        micro-batch, for an update that a gradient scaler skipped, or one of several for the same
        update counts as `skipped`. (An optimizer that has not been used at all is taken for a
        rehearsal, and moves.) After `follow` no call of it is needed, and it does not move.

        Args:
            current_step: Index of the update, from 0; in another `unit`, units consumed before it.
            epoch: The same, by the name that torch gives it.
            metric: For the `Plateau`s that watch this scheduler; moves as without a number.

        Raises:
            ValueError: The step is no whole number of at least 0; nothing has changed.
        """
        if current_step is None and epoch is metric is None:
            if not self._had_an_update():
                return
            current_step = self.last_epoch + self.per_update
        start, stop, formula = self._piece
        if type(current_step) is not int or not start <= current_step < stop or not epoch is metric is None:
            self._step_otherwise(current_step, epoch, metric)
            return
        rate, groups, writer = formula(current_step - start), self.optimizer.param_groups, self._tracks[0].writer
        # Plain groups that are as the last write left them are written here, without a call. To look
        # at each of the 512 groups of a large optimizer would cost as much again as to write them.
        if groups is writer.plain and groups[-1]["lr"] is writer.last:
            for group in groups:
                group["lr"] = rate
            writer.last = rate
        else:
            writer.write(rate)
        self.last_epoch = current_step

    def _step_otherwise(self, current_step: Any, epoch: Any, metric: Any) -> None:
        if current_step is not None and epoch is not None:
            raise ValueError(f"step takes `current_step` or `epoch`, got both: {current_step!r}, {epoch!r}")
        given = epoch if current_step is None else current_step
        if given is not None:
            self._move(_index(given))
        elif self._had_an_update():
            self._move(self.last_epoch + self.per_update)
        if metric is not None and not (self._measured and self._applied is not None):
            self._measured = True  # until the next update: accelerate repeats a call for each process
            for watcher in self._watchers:
                watcher.update(metric)

    def _had_an_update(self) -> bool:
        """Whether `step` without a number may move; a call that may not counts as skipped."""
        heard, self._heard = self._heard, False
        if not self._following and (self._applied == self.last_epoch or not self._listener.hears_updates):
            return True
        trained = self.updates or any(
            p.grad is not None for group in all_groups(self._optimizers) for p in group.get("params", ())
        )
        if not trained:
            return not self._following
        self.skipped += not heard
        return False

    def advance(self, n: int) -> None:
        """Move by what an update consumed, in the unit of the schedule.

        Args:
            n: Samples or tokens (or steps), a whole number of at least 0.

        Raises:
            ValueError: It is no such number; nothing has changed.
        """
        self._move(self.last_epoch + _whole("n", n, least=0))

    def _move(self, position: float) -> None:
        if position > self._end and not self._warned:
            self._warned = True
            warnings.warn(
                f"step {position} is past the end of the schedule ({self._end} {self.unit}): its final rate "
                f"holds from there on; give the schedule more `training_steps` if the run is longer",
                stacklevel=4,
            )
        self._go_to(position)
        if self._control is not None:
            self._control.look(self)

    # Listening.

    def follow(self) -> Scheduler:
        """Need no `step` call from here on: listen to the optimizer, and count its real updates.

        The right rate is in place before each update; micro-batches and updates that a gradient
        scaler skips do not count, and `step` calls without a number, which a trainer may make, do not
        move. Of several optimizers the last in the list is the clock.

        Raises:
            ValueError: The optimizer has no step hooks, as some wrappers; give the one inside it.
        """
        if not self._listener.hears_updates:
            raise ValueError(
                f"follow listens to the step hooks of torch optimizers, which {type(self.optimizer).__name__} has "
                f"not; give the Scheduler the optimizer inside it, or call step"
            )
        self._following = True
        return self

    def _after_update(self, optimizer: Any) -> None:
        if optimizer is self._clock:
            self.updates += 1
            self._heard = True
            self._measured = False
            self._applied, self._used = self.last_epoch, None
            if self._following:
                self.step(self.last_epoch + self.per_update)

    def _after_load(self) -> None:
        for track in self._tracks:
            track.writer.forget()
        self._go_to(self.last_epoch)

    def __del__(self) -> None:
        if getattr(self, "_following", False) and not self.updates and self._listener.is_listening():
            warnings.warn(
                "a Scheduler that follows an optimizer was dropped before the first update, and the rate will not "
                "move: keep it, scheduler = Scheduler(...).follow()",
                stacklevel=2,
            )

    def detach(self) -> None:
        """Let go of the optimizer: no hook is left on it, and another Scheduler may drive it."""
        self._listener.stop()
        detach(self)


def _whole(name: str, value: Any, least: int) -> int:
    try:
        whole = -1 if isinstance(value, bool) else index_of(value)
    except TypeError:
        whole = -1
    if whole < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}, got {value!r}")
    return whole


def _index(given: Any) -> int:
    """The index of an update: an int, or what is one under another type."""
    whole = int(given) if isinstance(given, float) and given.is_integer() else given
    try:
        index = -1 if isinstance(given, bool) else index_of(whole)
    except (TypeError, ValueError, RuntimeError):
        index = -1
    if index < 0:
        raise ValueError(
            f"step needs the index of an update, a whole number of at least 0, got {given!r}; "
            f"without an argument it moves one step on"
        )
    return index
