"""`Scheduler`: follows a schedule in a torch optimizer."""

from __future__ import annotations

import inspect
import math
import warnings
import weakref
from bisect import bisect_right
from dataclasses import replace
from operator import index as index_of
from operator import itemgetter
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from ..lengths import Length
from ..schedules import Schedule, recipes
from ..schedules.backends import SCALARS, Formula
from ..schedules.recipes import Recipe
from .state import State, StateMismatchError
from .writer import GroupScale, Writer, fastest


class Scheduler(LRScheduler):
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
        optimizer: Anything with `param_groups`.
        schedule: ``"cosine"``, ``"linear"``, ``"constant"`` or the name of another recipe, to be
            built from the settings that follow; or a `Schedule`, which needs none of them.
        training_steps: Steps of the run, N: a whole number or ``"100k"``.
        warmup_steps: Steps of the warmup, W: a whole number, ``"1k"``, or a share such as ``"2%"``.
        max_lr: The highest rate; None for the optimizer's own (that of its fastest group).
        min_lr: The rate at the end; None for the recipe's default, which is 0 for most.
        group_scale: What each group gets: ``"same"``; ``"ratio"``, which keeps each group's ratio
            to the fastest; a list of factors; a mapping from the group's ``"name"`` to its factor.
        **recipe_options: What the recipe takes beside these, such as ``decay_steps`` of ``wsd``.

    Raises:
        ValueError: A setting is refused, or the optimizer has no group or no rate; the optimizer
            is as before.

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
        schedule: str | Schedule,
        training_steps: Length | None = None,
        warmup_steps: Length | None = None,
        max_lr: float | None = None,
        min_lr: float | None = None,
        *,
        group_scale: GroupScale | None = None,
        **recipe_options: Any,
    ) -> None:
        settings = {
            "training_steps": training_steps,
            "warmup_steps": warmup_steps,
            "max_lr": max_lr,
            "min_lr": min_lr,
            **recipe_options,
        }
        top = fastest(optimizer)
        built, self._max_lr_is_said = _schedule(schedule, settings, top)
        self._writer = Writer(optimizer, group_scale)
        self.optimizer = optimizer
        self._warned = False
        self._follow(built)
        self._go_to(0)
        self._rewrite_after_load()

    def _follow(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._pieces = schedule._held_pieces(SCALARS)
        self._end = math.inf if schedule.length is None else schedule.length

    def _go_to(self, position: int) -> None:
        self._writer.write(self.schedule(position))
        self.last_epoch = position
        self._piece = self._piece_at(position)

    def _piece_at(self, position: int) -> tuple[float, float, Formula]:
        """The formula at a position, with the stretch of positions on which it holds."""
        index = bisect_right(self._pieces, position, key=itemgetter(0)) - 1
        start, formula = self._pieces[index]
        if start == self._end:
            return start, start + 1, formula  # later ones are past the end, and looked at each time
        stop = self._pieces[index + 1][0] if index + 1 < len(self._pieces) else math.inf
        return start, stop, formula

    def _rewrite_after_load(self) -> None:
        """See that an optimizer's state loaded later does not bring another rate with it."""
        register = getattr(self.optimizer, "register_load_state_dict_post_hook", None)
        if register is None:
            return
        scheduler = weakref.ref(self)

        def rewrite(_: Any) -> None:
            alive = scheduler()
            if alive is not None:
                alive._go_to(alive.last_epoch)

        self._load_hook = register(rewrite)
        weakref.finalize(self, self._load_hook.remove)

    # Moving.

    def step(self, current_step: int | None = None, epoch: int | None = None) -> None:  # type: ignore[override]
        """Set the rates for the update with index ``current_step``; without one, of the next.

        The same step twice is the same state. Past the end of the schedule the final rate holds,
        with one warning.

        Args:
            current_step: Index of the update, from 0.
            epoch: The same, by the name that torch gives it.

        Raises:
            ValueError: The step is no whole number of at least 0; nothing has changed.
        """
        if current_step is None and epoch is None:
            current_step = self.last_epoch + 1
        start, stop, formula = self._piece
        if type(current_step) is not int or not start <= current_step < stop or epoch is not None:
            self._go_to(self._position_of(current_step, epoch))
            return
        rate, groups, writer = formula(current_step - start), self.optimizer.param_groups, self._writer
        # Plain groups that are as the last write left them are written here, without a call. To look
        # at each of the 512 groups of a large optimizer would cost as much again as to write them.
        if groups is writer.plain and groups[-1]["lr"] is writer.last:
            for group in groups:
                group["lr"] = rate
            writer.last = rate
        else:
            writer.write(rate)
        self.last_epoch = current_step

    def _position_of(self, current_step: Any, epoch: Any) -> int:
        if current_step is not None and epoch is not None:
            raise ValueError(f"step takes `current_step` or `epoch`, got both: {current_step!r}, {epoch!r}")
        given = epoch if current_step is None else current_step
        position = self.last_epoch + 1 if given is None else _index(given)
        if position > self._end and not self._warned:
            self._warned = True
            warnings.warn(
                f"step {position} is past the end of the schedule ({self._end} steps): its final rate "
                f"holds from there on; give the schedule more `training_steps` if the run is longer",
                stacklevel=3,
            )
        return position

    # Where it is.

    @property
    def position(self) -> int:
        """Index of the update that the rates in the optimizer are for."""
        return self.last_epoch

    @property
    def current_lr(self) -> float:
        """The rate in the optimizer: of several groups, the largest."""
        return max(self.get_last_lr())

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """The rate of each group at `last_epoch`."""
        rate = self.schedule(self.last_epoch)
        return [rate * factor for factor in self._writer.current_factors()]

    def get_last_lr(self) -> list[float]:  # type: ignore[override]
        """The rate of each group, as Python floats; a new list each time."""
        return self.get_lr()

    @property
    def training_steps(self) -> float | None:
        """Steps of the schedule, or None if it never ends."""
        return self.schedule.length

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]
        """The rate that each group's schedule starts from, which torch's schedulers multiply."""
        return [self.schedule(0) * factor for factor in self._writer.current_factors()]

    @property
    def _step_count(self) -> int:
        """What torch counts: one more than the position. Accelerate reads it and adds to it."""
        return self.last_epoch + 1

    @_step_count.setter
    def _step_count(self, value: int) -> None:
        pass  # It follows from the position, which only a step changes.

    # Checkpoints.

    def state_dict(self) -> dict[str, Any]:
        """Position, schedule and group factors, in plain numbers and strings."""
        return self._state().to_dict()

    def _state(self) -> State:
        return State(self.last_epoch, self.schedule, self._writer.current_factors())

    def load_state_dict(self, state_dict: dict[str, Any], keep: str | None = None) -> None:
        """Go on where a checkpoint was written, with its rates in the optimizer.

        It may come before or after the optimizer's own state, and twice.

        Args:
            state_dict: What `state_dict` returned.
            keep: Whose schedule holds where the checkpoint's differs from the code's:
                ``"checkpoint"`` or ``"code"``; None refuses a difference.

        Raises:
            StateMismatchError: They differ, and `keep` does not say which holds.
            ValueError: The state is corrupt, foreign or of another version, or `keep` is no such
                word. After any error nothing has changed.
        """
        if keep not in (None, "checkpoint", "code"):
            raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {keep!r}")
        saved, code = State.from_dict(state_dict), self._state()
        if not self._max_lr_is_said:
            code = replace(code, schedule=_with_max_lr_of(saved.schedule, code.schedule))
        differences = saved.differences(code)
        if differences and keep is None:
            raise StateMismatchError(differences)
        if keep == "checkpoint" and len(saved.group_factors) != len(code.group_factors):
            raise ValueError(
                f"the checkpoint has {len(saved.group_factors)} param groups and the optimizer "
                f"{len(code.group_factors)}: keep='checkpoint' needs as many; keep='code' does not"
            )
        if keep != "code":  # without a difference too: factors may differ in their last bit
            self._writer.load(saved.group_factors)
            self._follow(saved.schedule)
        self._go_to(saved.position)

    def __repr__(self) -> str:
        return f"Scheduler({self.schedule!r}, position={self.last_epoch})"


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


def _schedule(schedule: Any, settings: dict[str, Any], fastest: float) -> tuple[Schedule, bool]:
    """The schedule that the constructor's arguments say, and whether they say its peak."""
    given = {name: value for name, value in settings.items() if value is not None}
    if isinstance(schedule, Schedule):
        if given:
            raise ValueError(
                f"a Schedule has its own settings, got {', '.join(given)} beside {schedule!r}; "
                f"give them where it is built"
            )
        return schedule, True
    build = recipes.get(schedule)
    if "max_lr" in given or "max_lr" not in inspect.signature(build).parameters:
        return build(**given), True
    return build(**given, max_lr=fastest), False


def _with_max_lr_of(saved: Schedule, code: Schedule) -> Schedule:
    """The code's schedule under the checkpoint's peak, where the code left the peak to the optimizer.

    On resume the optimizer's rate is that of the middle of the run, not the peak.
    """
    if isinstance(saved, Recipe) and isinstance(code, Recipe) and "max_lr" in saved.settings():
        return recipes.get(code.name)(**{**code.settings(), "max_lr": saved.settings()["max_lr"]})
    return code
