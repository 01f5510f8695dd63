"""`Scheduler`: writes the rates of a schedule into a torch optimizer, update by update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, Unpack

from torch.optim.lr_scheduler import LRScheduler

from ..control import Act, Amend, Change, Cooldown, Dip, Extend, Rebase, Scale
from ..control.acts import GroupKey
from ..control.commands import check_why
from ..importers.torch.replacement import replacement
from ..schedules import Schedule, checks, sampling
from ..schedules.backends import Formula
from ..schedules.lengths import Length
from ..warn import warn
from . import checkpoint
from .bindings import Binding, HasSchedule, attach, bind, check_warmups, detach
from .checkpoint import State, StateMismatchError
from .clock import Clock
from .control_file import ControlFile
from .group_scale import GroupScale
from .groups import Optimizer, all_groups, number
from .hooks import Hooks
from .loads import Loads
from .plan import Plan
from .rounds import Rounds
from .watcher import Watcher, as_number, listed, paired
from .wrappers import innermost, layers
from .written import Written

if TYPE_CHECKING:
    import os

    from ..schedules.recipes.options import RecipeOptions

ENOUGH = 0.9
"""The share of a schedule that a finished run has used; below it `report` warns."""

MOST_LEFT_ALONE = 3
"""Updates in a row at a rate of 0 that somebody else wrote, above which a warning comes. torch makes one to create an
optimizer's state, when it is saved or loaded; of an optimizer that never has one, each time."""

Piece = tuple[float, float, Formula, Any, Written, Clock]
"""Positions from and to, the formula that holds there, and what `step` needs beside it."""


class Scheduler(LRScheduler):
    r"""Sets the learning rate of every param group, update by update, to what a schedule says.

    Position ``t`` is the index of an update, from 0; the rate of position 0 is in the optimizer when the constructor
    returns. With W = ``warmup_steps`` and N = ``training_steps``:

    ============  =============================================================================
    warmup        max(1, t) / W · max_lr, for t < W
    ``cosine``    min_lr + ½ (max_lr - min_lr) (1 + cos(π (t - W)/(N - W))), for W ≤ t < N
    ``linear``    max_lr - (t - W)/(N - W) · (max_lr - min_lr), for W ≤ t < N
    ``constant``  max_lr, at every t; warmup_steps and min_lr are ignored
    after N       min_lr (constant: max_lr)
    ============  =============================================================================

    Every group gets the same rate. If the groups start at different rates, a warning says so once; `group_scale`
    chooses.

    It is a torch `LRScheduler`, so trainers take it for one, but it replaces nothing in the optimizer and adds no key
    to its groups.

    Args:
        optimizer: Anything with `param_groups`; or a list of such, which are one run. Wrappers and containers are
            looked through: the rates are written into the optimizers that update.
        schedule: ``"cosine"``, ``"linear"``, ``"constant"`` or the name of another recipe, to be built from the
            settings that follow; or a `Schedule`, which needs none of them (or an object that has one as its
            ``schedule``); or a mapping from hyperparameter (``"lr"``, ``"weight_decay"``, ``"betas[0]"``) or from
            group (its name or index) to `Schedule`, or from hyperparameter to group to `Schedule`.
        training_steps: Steps of the run, N: an integer or ``"100k"``.
        warmup_steps: Steps of the warmup, W: an integer, ``"1k"``, or a share such as ``"2%"``.
        max_lr: The highest rate; None for the optimizer's own (that of its fastest group).
        min_lr: The rate at the end; None for the recipe's default, which is 0 for most.
        group_scale: What each group gets: ``"same"``; ``"ratio"``, which keeps each group's ratio to the fastest; a
            list of factors; a mapping from the group's ``"name"`` to its factor.
        unit: What the schedule counts: ``"steps"``, ``"samples"``, ``"tokens"`` or ``"epochs"``. Epochs may be
            fractions.
        per_update: Samples, tokens or epochs that one update consumes, where it is always the same; else use
            `advance`.
        samples_per_step: Samples that one step consumes (batch × accumulation × processes), for a schedule in steps.
            It is saved; a checkpoint written under another number is taken up where as many samples are consumed.
        control_file: Path of a file of commands to watch; see ``docs/control.md``.
        keep: What `load_state_dict` does if the checkpoint's plan differs from the code's and its caller does not
            say: ``"checkpoint"``, ``"code"``, or None to refuse. For trainers, which load the state themselves.
        **recipe_options: What the recipe takes beside these, such as ``decay_steps`` of ``wsd``.

    Raises:
        ValueError: A setting is refused, the optimizer has no group or no rate, or another Scheduler drives it
            already; the optimizer is as before.

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

    # torch's LRScheduler.__init__ replaces optimizer.step, adds keys to every group and refuses wrappers, so it is
    # not called; everything public of it is overridden here.

    def __init__(
        self,
        optimizer: Optimizer | Sequence[Optimizer],
        schedule: str | Schedule | Mapping[Any, Any] | HasSchedule,
        training_steps: Length | None = None,
        warmup_steps: Length | None = None,
        max_lr: float | None = None,
        min_lr: float | None = None,
        *,
        group_scale: GroupScale | None = None,
        unit: str = "steps",
        per_update: float | None = None,
        samples_per_step: int | None = None,
        control_file: str | os.PathLike[str] | None = None,
        keep: str | None = None,
        **recipe_options: Unpack[RecipeOptions],
    ) -> None:
        settings: dict[str, Any] = {
            "training_steps": training_steps,
            "warmup_steps": warmup_steps,
            "max_lr": max_lr,
            "min_lr": min_lr,
            **recipe_options,
        }
        settings = {name: value for name, value in settings.items() if value is not None}
        self._layers = layers(optimizer)
        optimizers = [chain[-1] for chain in self._layers]
        self._keep = _checked_keep(keep)
        clock = Clock(optimizers, unit, per_update, samples_per_step)
        schedules, writers, self._max_lr_is_given = bind(schedule, settings, optimizers, group_scale)
        check_warmups(schedules, unit, clock.per_update)
        plan = Plan(schedules, (), unit, clock.samples_per_step or 0)
        attach(self, optimizers, writers)
        given = optimizer[0] if isinstance(optimizer, list | tuple) else optimizer
        self.optimizer, self._optimizers = given, optimizers  # type: ignore[assignment]  # or what wraps one
        self._clock, self._writers, self._writer = clock, writers, next(iter(writers.values()))
        self._written = self._writer.written
        self._watchers: list[Watcher] = []
        self._control_file = None if control_file is None else ControlFile(control_file)
        self._group_count = len(all_groups(optimizers))
        self._has_schedules_by_group = any(binding.group is not None for binding in schedules)
        self._writes_one_rate = list(schedules) == [Binding("lr", None)]
        self._warned: set[str] = set()
        self._left_alone: Counter[tuple[int, int]] = Counter()  # by the updates made before, and the optimizer
        self._unmatched = self._writer.unmatched()
        self._updates_at_metric = -1
        self._piece: Piece
        self._no_piece: Piece = (0, 0, float, optimizers[0], self._written, clock)  # no position is in it
        self._rounds = Rounds(len(optimizers))
        self._loads = Loads(optimizers)
        self._used_lrs: tuple[int, list[float]] | None = None  # after so many updates, under an earlier plan
        self._check_rates(plan)
        self._follow_plan(plan)
        self._write()
        self._hooks = Hooks(self, self._layers, self._written)

    @classmethod
    def replacing(
        cls,
        torch_scheduler: LRScheduler | Mapping[str, Any],
        optimizer: Optimizer | None = None,
        *,
        after: str = "hold",
        tabulate: int | None = None,
    ) -> Self:
        """Take over a run from a scheduler of torch: its optimizer, its schedules and its position.

        The next updates have the rates that the torch scheduler would have given, in every param group; so has the
        momentum, where it drives that. Replace it after its `step` call. From then on do not step it: this Scheduler
        writes over its rates, and warns. What it has left in the optimizer does no harm: a counting wrapper around
        ``optimizer.step``, and in the param groups ``initial_lr`` and settings such as ``max_lr``.

        Args:
            torch_scheduler: The scheduler, or the state that its `state_dict` returned.
            optimizer: The optimizer; needed with a state. For OneCycleLR and SWALR its own state must be loaded before.
            after: What holds after the end, where torch misbehaves; see `lehr.importers.from_torch`.
            tabulate: Number of steps to tabulate where no formula says the rates; see there.

        Raises:
            ValueError: `lehr.importers.from_torch` refuses the scheduler, a state was not written by a scheduler of
                torch or lacks its functions, or the optimizer does not hold the rates that the scheduler wrote last.

        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> old = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
        >>> optimizer.step()
        >>> old.step()
        >>> scheduler = Scheduler.replacing(old)
        >>> scheduler.position, round(scheduler.current_lr, 6)
        (1, 0.075)
        """
        found = replacement(torch_scheduler, optimizer, after=after, tabulate=tabulate)
        scale: GroupScale | None = "same" if isinstance(found.schedules["lr"], Schedule) else None
        scheduler = cls(found.optimizer, found.schedules, group_scale=scale)
        now = replace(scheduler._state(), position=found.position, updates=found.position)
        scheduler._take_over(scheduler._plan, now, with_factors=False)
        return scheduler

    # Moving.

    def step(  # type: ignore[override]  # torch takes the epoch alone
        self, current_step: float | None = None, metric: float | None = None, epoch: float | None = None
    ) -> None:
        """Set the rates for the update with index ``current_step``; without one, of the next.

        The same step twice is the same state. Past the end of the schedule the final rate holds, with one warning.
        Without a number it moves one update on, if there was one: a call for a micro-batch, for an update that a
        gradient scaler skipped, or one of several for the same update counts as `skipped`. (Before there is any
        gradient each call moves, so that a schedule can be tried without training.) After `follow` no call is needed,
        and none moves.

        Args:
            current_step: Index of the update, from 0; in another `unit`, units consumed before it.
            metric: For each `Plateau` and `Greedy` that watches this Scheduler.
            epoch: The same as `current_step`, by the name that torch gives it.

        Raises:
            ValueError: The step is no integer of at least 0 (a fraction is one of an epoch with ``unit="epochs"``),
                or without a number it is not known how far an update moves; nothing has changed.
        """
        start, stop, formula, optimizer, written, clock = self._piece
        if type(current_step) is int and start <= current_step < stop and metric is None and epoch is None:
            # The loop of `Writer.write` for plain floats, written out. Of a few groups each is looked at before it is
            # written to; of many, the first and the last: to look at each of 512 would cost as much again.
            rate, groups, last = formula(current_step - start), optimizer.param_groups, written.last
            if groups is written.groups and len(groups) == written.few:
                for group in groups:
                    if group["lr"] is last:
                        group["lr"] = rate
                    else:
                        self._writer.write_after_all(rate)
                        break
            elif (
                groups is written.groups
                and len(groups) == written.count
                and groups[0]["lr"] is last
                and groups[-1]["lr"] is last
            ):
                for group in groups:
                    group["lr"] = rate
            else:
                self._writer.write(rate)
            written.last = rate
            clock.position = current_step
            clock.used = False
        else:
            self._step_anywhere(current_step, metric, epoch)

    _step = step  # which lehr itself calls, since a logger may have wrapped `step`

    def _step_anywhere(self, current_step: object, metric: float | None, epoch: object) -> None:
        """The general case of `step`: no index is given, another formula begins, or there is more than one rate."""
        if type(current_step) is int and self._piece is not self._no_piece and epoch is metric is None:
            piece = self._piece_at(current_step)
            if piece[0] <= current_step < piece[1]:
                self._piece = self._current_piece = piece
                self._step(current_step)
                return
        if current_step is not None and epoch is not None:
            raise ValueError(
                f"step takes `current_step` or `epoch`, got both: {checks.shown(current_step)}, {checks.shown(epoch)}"
            )
        clock = self._clock
        if metric is not None and self._watchers:
            metric = as_number(metric, "step")  # refused here, before anything changes
        index = epoch if current_step is None else current_step
        if index is not None:
            position = clock.index(index)
            self._loads.only_optimizer = False
            if clock.counts_alone() and position != clock.position:
                self._refuse_to_move(f"step({position})")
            else:
                self._move(position)
        elif clock.position == -1:  # a part of a SequentialLR, which begins
            self._move(0)
        elif clock.had_an_update(self._hooks.hears_updates):
            self._move(clock.after(clock.position, clock.one_update()))
        if metric is not None and not (self._updates_at_metric == clock.updates and clock.last_used is not None):
            for watcher in self._watchers:
                watcher.update(metric)
            self._updates_at_metric = clock.updates  # accelerate repeats a call for each process

    def advance(self, n: float) -> None:
        """Move by what an update consumed, in the unit of the schedule.

        Args:
            n: Samples or tokens (or steps), an integer of at least 0; epochs, which may be a fraction.

        Raises:
            ValueError: It is no such number; nothing has changed.
        """
        clock = self._clock
        amount: float
        if clock.unit == "epochs":
            amount = checks.number("n", n, owner="advance")
        else:
            amount = checks.integer("n", n, owner="advance", least=0)
        # After a checkpoint written between an update and its `advance`, the position is already ahead.
        position = clock.index(clock.after(clock.position, max(0, amount - clock.pending)))
        if clock.counts_alone():
            if amount:
                self._refuse_to_move(f"advance({n})")
            return
        pending = max(0, clock.pending - amount)
        self._move(position)
        if pending:
            clock.pending = pending
            self._take_piece()

    def follow(self) -> Self:
        """Need no `step` call from here on: listen to the optimizer, and count the updates that it makes.

        Each update uses the schedule's rate, whoever wrote another in between; a warning says so once. A rate of
        exactly 0 that somebody else wrote is left alone and its update not counted: torch makes such updates to create
        an optimizer's state. Micro-batches and updates that a gradient scaler skips do not count, and `step` calls of
        a trainer do not move, those with a number from the first update on.

        Of several optimizers the last in the list is the clock. The others may be stepped before it or after it, or
        inside backward: each update uses the rate of the clock's update that it belongs to.

        Raises:
            ValueError: Neither the optimizer nor what it wraps has step hooks; it is a part of a SequentialLR; or the
                schedule is in samples, tokens or epochs, and `per_update` is not known.
        """
        self._clock.one_update()
        if not self._hooks.hears_updates:
            raise ValueError(
                f"follow needs the step hooks of torch optimizers, which {type(self._optimizers[0]).__name__} does not "
                f"have; give the Scheduler the torch optimizer inside it, or call step"
            )
        if self._loads.write_nothing:
            raise ValueError(
                "a part of a SequentialLR cannot follow, since SequentialLR calls its step: say the parts as one "
                "schedule, a.then(b)"
            )
        self._clock.following = True
        self._hooks.renew()
        self._take_piece()
        return self

    def _move(self, position: float) -> None:
        piece = self._current_piece
        if type(position) is int and piece[0] <= position < piece[1]:
            self._piece = piece
            self._step(position)
            if self._clock.counts_alone():
                self._piece = self._no_piece
            return
        if position > self._plan.length:
            self._warn_once(
                "past the end",
                f"{self._clock.unit[:-1]} {position} is past the end of the schedule ({self._plan.length} "
                f"{self._clock.unit}): its final rate holds from there on; give the schedule more `training_steps` if "
                f"the run is longer",
            )
        self._write(position)
        self._clock.go_to(position)
        self._take_piece()
        if self._control_file is not None:
            self._control_file.look(self)

    def _refuse_to_move(self, call: str) -> None:
        self._clock.skipped += 1
        self._warn_once(
            "following",
            f"a Scheduler that follows counts the updates itself: {call} does not move it from "
            f"{self._clock.position}. Remove the call, or do without follow() if the number is right",
        )

    # Writing.

    def _write(self, position: float | None = None) -> None:
        """Write the rates of a position, by default the present one."""
        at = self._clock.position if position is None else position
        if self._has_schedules_by_group or self._unmatched:
            self._look_for_groups(at)
        rates = [schedule(at) for schedule, _ in self._writes]  # all of them, before the first is written
        for (_, writer), rate in zip(self._writes, rates, strict=True):
            writer.write(rate)

    def _check_rates(self, plan: Plan, factors: list[list[float]] | None = None) -> None:
        """Refuse a plan whose rates a param group cannot hold; the factors are those of a checkpoint."""
        for index, (binding, schedule) in enumerate(plan.schedules.items()):
            if schedule._lowest < 0 and (bad := sampling.lowest(schedule))[0] < 0:
                raise ValueError(
                    f"{binding.name} must be at least 0, and the schedule comes to {bad[0]:g} at {bad[1]:g}: hold it "
                    f"at 0 with schedule.clip(lo=0)"
                )
            self._writers[binding].check(schedule._highest, None if factors is None else factors[index])

    def _take_piece(self) -> None:
        """Cache the formula that applies at the current position, for the fast path of `step`."""
        self._current_piece = self._piece_at(self._clock.position)
        self._piece = self._no_piece if self._clock.counts_alone() else self._current_piece

    def _piece_at(self, position: float) -> Piece:
        more_to_do = self._control_file is not None or self._unmatched or self._clock.pending
        if not self._writes_one_rate or more_to_do:
            return self._no_piece
        start, stop, formula = self.schedule._piece_at(position)
        # Positions past the end, and those too large to save, are looked at each time.
        stop = min(stop, self._plan.length + 1, checks.LONGEST)
        return start, stop, formula, self._optimizers[0], self._written, self._clock

    def _look_for_groups(self, position: float) -> None:
        """Warn of groups that were added and have no schedule, and of names for which no group has come."""
        if self._has_schedules_by_group:
            groups = all_groups(self._optimizers)
            if len(groups) > self._group_count:
                self._group_count = len(groups)
                warn(
                    f"param group {groups[-1].get('name', len(groups) - 1)!r} was added after the Scheduler was built, "
                    f"and has no schedule: its rate stays as it is; detach() this Scheduler and build one with a "
                    f"schedule for it"
                )
        if self._unmatched:
            self._unmatched = self._writer.unmatched()
            if self._unmatched and position > 1 and self._clock.updates > 1:
                names, self._unmatched = ", ".join(map(repr, self._unmatched)), []
                warn(f"group_scale names {names}, and no param group has that name so far")

    def _warn_once(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            warn(message)

    # Listening to the optimizer.

    def _before_changed_update(self) -> bool:
        """Restore the schedule's rate if other code changed it, or find that the update must not be counted."""
        return not all(writer.is_as_left() for writer in self._writers.values()) and self._restore_or_leave(0)

    def _restore_or_leave(self, index: int) -> bool:
        rates = [writer for writer in self._writers.values() if writer.key == "lr"]
        foreign = [held for writer in rates for _, held, _ in writer.foreign()]
        if foreign and all(number(held) == 0 for held in foreign):
            self._left_alone[self._clock.updates, index] += 1
            if self._left_alone[self._clock.updates, index] > MOST_LEFT_ALONE:
                self._warn_once(
                    "left alone",
                    "somebody else set the rate to 0 and several updates were made at it; they are left alone and not "
                    "counted. Let only this Scheduler write the rate, or put the rate back after such an update",
                )
            return True
        if self._clock.following or self._loads.may_move_groups:
            self._loads.may_move_groups = False
            self._write()
        return False

    def _after_update(self) -> None:
        clock = self._clock
        if not clock.updates:
            self._look_at_the_first()
        position = clock.note_update()
        if not clock.following:
            return
        piece = self._current_piece
        if type(position) is int and piece[0] <= position < piece[1]:
            self._piece = piece  # open to this call alone: a number from outside does not move it
            self._step(position)
        else:
            self._move(position)
        self._piece = self._no_piece

    # Of several optimizers each gets the rates of the update that it makes: while one is late, those of the last one.

    def _before_update_of(self, index: int) -> bool:
        if not all(writer.is_as_left(index) for writer in self._writers.values()) and self._restore_or_leave(index):
            return True
        if self._clock.following and self._clock.last_used is not None and self._rounds.begin(index):
            self._write_one(index, self._clock.last_used)
        return False

    def _after_update_of(self, index: int) -> None:
        if index == len(self._optimizers) - 1:
            self._rounds.close()
            self._after_update()
        elif self._rounds.end(index) and self._clock.following:
            self._write_one(index, self._clock.position)

    def _after_skipped_update_of(self, index: int) -> None:
        if index == len(self._optimizers) - 1:
            self._clock.note_skipped_update()
        elif self._rounds.skip(index) and self._clock.following:
            self._write_one(index, self._clock.position)

    def _write_one(self, index: int, position: float) -> None:
        for schedule, writer in self._writes:
            writer.write_one(index, schedule(position))

    def _after_skipped_update(self) -> None:
        self._clock.note_skipped_update()

    def _look_at_the_first(self) -> None:
        """Warn of a first update that uses another rate than it should."""
        clock = self._clock
        if clock.steps_over_the_first():
            warn(
                f"the first update uses the rate of {self._clock.unit[:-1]} {self._clock.position}, so that of 0 is "
                f"never used and every rate comes one update early: call scheduler.step() after optimizer.step(), or "
                f"scheduler.step(t) before it with t counted from 0"
            )
        elif self._loads.only_optimizer and clock.starts_anew():
            warn(
                f"the optimizer's state was loaded, and this Scheduler's was not: the schedule begins at "
                f"{clock.unit[:-1]} 0. Save and load the Scheduler's state too (a trainer does it for a scheduler that "
                f"it is given), or say where to go on, scheduler.step(t) before the first update, 0 to begin anew"
            )

    def _after_load(self, moves_groups: bool) -> None:
        if not self._loads.only_optimizer and self._clock.starts_anew():
            self._loads.only_optimizer = self._holds_a_later_state()
        for writer in self._writers.values():
            writer.forget()
        if self._loads.write_nothing:  # of a SequentialLR, and another part may have written the rate
            return
        self._write()
        self._hooks.renew()
        self._take_piece()
        if self._loads.only_optimizer:
            self._piece = self._no_piece  # so that a step that is given is seen
        if moves_groups:
            self._loads.may_move_groups = True
            for writer in self._writers.values():
                writer.forget()

    def _holds_a_later_state(self) -> bool:
        """Whether the optimizers' state is that of a run which has made updates, rather than that of a fresh one."""
        rates = [(schedule, writer) for schedule, writer in self._writes if writer.key == "lr"]
        return self._loads.brought_state() or any(writer.holds_another_rate(schedule(0)) for schedule, writer in rates)

    def detach(self) -> None:
        """Let go of the optimizer: no hook is left on it, and another Scheduler may drive it."""
        self._hooks.stop()
        detach(self)

    def __del__(self) -> None:
        clock = getattr(self, "_clock", None)
        if clock is not None and clock.following and not clock.updates and self._hooks.is_listening():
            warn(
                "a Scheduler that follows an optimizer was dropped before the first update, and the rate will not "
                "move: keep it, scheduler = Scheduler(...).follow()"
            )

    # Changing the schedule during training.

    def change(self, act: Act, why: str = "") -> None:
        """Change the schedule from the next update on. The past keeps its rates.

        Args:
            act: What to do, such as ``lehr.control.Cooldown(steps=2000)``.
            why: The reason, one line of text for the history.

        Raises:
            ValueError: The act cannot be done here; nothing has changed.

        >>> import torch
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
        lr_is_driven = any(binding.key == "lr" for binding in self._writers)
        at = self._clock.next_position
        plan = self._plan.changed(act, at, max(self.next_lrs) if lr_is_driven else 0.0, why)
        check_warmups(dict(zip(plan.initial, plan.changes[-1].rest, strict=True)), self.unit, self.per_update)
        self._check_rates(plan)
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

    def _follow_plan(self, plan: Plan) -> None:
        self._plan = plan
        self._writes = [(schedule, self._writers[binding]) for binding, schedule in plan.schedules.items()]
        self._take_piece()

    @property
    def history(self) -> list[Change]:
        """The changes made during training, in order."""
        return list(self._plan.changes)

    # Where it is.

    @property
    def position(self) -> float:
        """Index of the update that the rates in the optimizer are for; in another `unit`, units before it."""
        return self._clock.position

    @property
    def next_position(self) -> float:
        """Position of the next update: that after the present one, once the present one has been made."""
        return self._clock.next_position

    @property  # type: ignore[override]  # in epochs it may be a fraction
    def last_epoch(self) -> float:
        """The position, by the name that torch gives it. Some trainers add to it."""
        return self._clock.position + self._clock.ahead

    @last_epoch.setter
    def last_epoch(self, position: float) -> None:
        clock = self._clock
        if position == -1:
            self._become_part()
            return
        position = clock.index(position)
        adds = clock.position >= 0 and position == self.last_epoch + 1
        clock.set_to = position if adds else -1
        if clock.counts_alone() and not adds:
            self._refuse_to_move(f"last_epoch = {position}")
        elif clock.following and adds:
            clock.had_an_update(self._hooks.hears_updates)
        elif adds:
            self._add_one()
        else:
            self._move(position)

    def _add_one(self) -> None:
        """Follow ignite, which writes the rates of `get_lr` into the optimizer and then adds to `last_epoch`."""
        before = self._clock.position
        self._clock.add_one(self._hooks.hears_updates)
        if self._clock.position != before:
            for writer in self._writers.values():
                writer.forget()
            self._write()
        self._piece = self._current_piece = self._no_piece  # so that a step that is given ends this

    def _become_part(self) -> None:
        """Let torch's SequentialLR say from when on this Scheduler writes; it takes each part one step back from 0.

        Raises:
            ValueError: This Scheduler follows, or the other parts took its first rate for their base.
        """
        if self._clock.following:
            raise ValueError(
                "a Scheduler that follows cannot be a part of a SequentialLR, which calls its step: leave out "
                "follow(), or say the parts as one schedule, a.then(b)"
            )
        for schedule, writer in self._writes:
            if writer.key == "lr" and writer.is_base_of_others(schedule(0)):
                raise ValueError(
                    f"the other parts of the SequentialLR were built after this Scheduler, and take its first rate, "
                    f"{schedule(0):g}, for their base, which was {writer.written.start:g}: build them before it, or "
                    f"say the parts as one schedule, a.then(b)"
                )
        for writer in self._writers.values():
            writer.forget()
        self._loads.write_nothing = True
        self._clock.go_to(-1)
        self._take_piece()

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
    def schedule(self) -> Schedule:
        """The schedule that it follows, with all changes; of several, the first."""
        return self._writes[0][0]

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Every schedule that it follows, by what it drives."""
        return {binding.name: schedule for binding, schedule in self._plan.schedules.items()}

    @property
    def group_schedules(self) -> list[Schedule]:
        """The schedule of the rate of each param group, with its factor."""
        return [
            schedule._scaled(factor)
            for schedule, writer in self._writes
            if writer.key == "lr"
            for factor in writer.factors()
        ]

    @property
    def training_steps(self) -> float | None:
        """Length of the schedule in its unit, or None if it never ends."""
        return None if self._plan.length == float("inf") else self._plan.length

    @property
    def current_lr(self) -> float:
        """The rate in the optimizer: of several groups, the largest."""
        return max(self._lrs(self._clock.position))

    @property
    def last_used_lrs(self) -> list[float]:
        """The rate of each group in the last update that was made; before the first, in the first."""
        if self._used_lrs is not None and self._used_lrs[0] == self._clock.updates:  # the plan has changed since
            return list(self._used_lrs[1])
        last_used = self._clock.last_used
        return self._lrs(self._clock.position if last_used is None else last_used)

    @property
    def next_lrs(self) -> list[float]:
        """The rate of each group in the next update."""
        return self._lrs(self._clock.next_position)

    def _lrs(self, position: float) -> list[float]:
        """The rate of each group; if this Scheduler drives only other hyperparameters, what the groups hold."""
        driven = [
            rate
            for schedule, writer in self._writes
            if writer.key == "lr"
            for rate in writer.expected(schedule(position))
        ]
        return driven or [number(group["lr"]) for group in all_groups(self._optimizers)]

    # What torch's schedulers have.

    def get_lr(self) -> list[float]:  # type: ignore[override]  # torch's may hold tensors
        """The rate of each group at `last_epoch`."""
        return self._lrs(self._clock.asked_for(self._hooks.hears_updates))

    def get_last_lr(self) -> list[float]:  # type: ignore[override]  # as above
        """The rate of each group now, as Python floats; after `follow` that of the last update.

        Trainers log it after an update: before they call `step`, as transformers, or afterwards. Under `follow` the
        rates of the next update are in the optimizer by then, and `next_lrs` has them.
        """
        return self.last_used_lrs if self._clock.following else self._lrs(self._clock.position)

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]  # torch's is an attribute
        """The rate that each group's schedule starts from, which torch's schedulers multiply."""
        return self._lrs(0)

    @property  # type: ignore[override]
    def _step_count(self) -> float:
        """What torch counts: one more than the position. Accelerate reads it and adds to it."""
        return self.last_epoch + 1

    @_step_count.setter
    def _step_count(self, value: int) -> None:
        # It follows from the position. But who sets both, as torchtitan on resume, means a position and adds nothing.
        clock = self._clock
        if not clock.updates and 0 < clock.set_to == value - 1:
            clock.resume(clock.set_to)
            self._write()
            self._take_piece()

    # Checkpoints.

    def state_dict(self) -> dict[str, Any]:
        """Position, plan, group factors, and the state of each `Plateau` and `Greedy`, in plain numbers and strings."""
        return checkpoint.to_dict(self._state())

    def _state(self) -> State:
        clock = self._clock
        return State(
            position=max(0, clock.next_position),  # a part of a SequentialLR waits at -1
            plan=self._plan,
            factors=[writer.factors() for writer in self._writers.values()],
            updates=clock.updates,
            watchers=[watcher.state_dict() for watcher in self._watchers],
            commands=self._control_file.done if self._control_file else 0,
            pending=clock.per_update or 0 if clock.used and clock.unit != "steps" else clock.pending,
        )

    def load_state_dict(self, state_dict: dict[str, Any], keep: str | None = None) -> None:
        """Go on where a checkpoint was written, with its rates in the optimizer.

        It may come before or after the optimizer's own state, and twice. If both sides know `samples_per_step` and
        they differ, the run goes on at the step (the nearest one, of which it warns) before which as many samples were
        consumed.

        Args:
            state_dict: What `state_dict` returned.
            keep: Whose plan holds where the checkpoint's differs from the code's: ``"checkpoint"`` or ``"code"``
                (which drops the changes made during training); None for the constructor's `keep`, which by default
                refuses a difference.

        Raises:
            StateMismatchError: They differ, and `keep` does not say which holds.
            ValueError: The state is corrupt, foreign or of another version, or `keep` is no such word. After any error
                nothing has changed.
        """
        keep = _checked_keep(keep) or self._keep
        code = self._state()
        groups = {binding: len(factors) for binding, factors in zip(self._writers, code.factors, strict=True)}
        written = checkpoint.from_dict(state_dict, groups).in_the_order_of(code)
        saved = written.at_equal_samples(code.plan.samples_per_step, keeps_changes=keep != "code")
        code = self._with_what_is_left_open(code, saved)
        watched = paired(self._watchers, saved.watchers)
        others = listed(self._watchers, saved.watchers) if watched is None and saved.watchers else ""
        watched = watched or []
        of_watchers = [f"{type(w).__name__}: {row}" for w, state in watched for row in w.differences(state)]
        of_watchers += [f"what watches the metric: {others}"] if others else []
        differences = saved.differences(code)
        if (differences or of_watchers) and keep is None:
            raise StateMismatchError(differences + of_watchers)
        if keep == "checkpoint":
            saved.check_that_it_fits(code)
            if others:
                raise ValueError(
                    f"what watches the metric differs ({others}): keep='checkpoint' needs the same; keep='code' does "
                    f"not"
                )
        code_holds = keep == "code" and (bool(differences) or saved is not written)
        plan = replace(self._plan, changes=()) if code_holds else saved.plan
        plan = replace(plan, samples_per_step=code.plan.samples_per_step or saved.plan.samples_per_step)
        plan.check_rates(saved.position)  # refused here, before anything changes
        self._check_rates(plan, None if keep == "code" else saved.factors)
        if saved is not written:
            _warn_of_other_steps(written, saved)
        if saved.plan.changes and not plan.changes:
            _warn_of_dropped(saved, next(iter(plan.schedules.values()))(saved.position))
        for watcher, state in watched:
            watcher.load_state_dict(state, keep=keep or "checkpoint")
        self._take_over(plan, saved, with_factors=keep != "code")

    def _with_what_is_left_open(self, code: State, saved: State) -> State:
        """The code's state with what the code leaves to the checkpoint: a peak or ratios that it did not give."""
        plan, factors = code.plan, code.factors
        if not self._max_lr_is_given:
            plan = plan.with_peaks_of(saved.plan, saved.position, max(chain.from_iterable(saved.factors)))
        if any(writer.factors_unknown for writer in self._writers.values()) and len(factors) == len(saved.factors):
            factors = saved.factors
        return replace(code, plan=plan, factors=factors)

    def _take_over(self, plan: Plan, saved: State, with_factors: bool) -> None:
        if with_factors:  # without a difference too: factors may differ in their last bit
            for writer, factors in zip(self._writers.values(), saved.factors, strict=True):
                writer.load(factors)
        if self._control_file is not None:
            self._control_file.done = saved.commands
        self._clock.load(saved.position, saved.updates, saved.pending)
        self._follow_plan(plan)
        before = saved.position - (self._clock.per_update or 0)
        self._updates_at_metric = -1
        known = saved.updates and 0 <= before < saved.position
        self._used_lrs = (saved.updates, self._lrs(before)) if known else None
        if not self._loads.write_nothing:
            self._write()

    # A copied or unpickled Scheduler drives the copied optimizer and has hooks of its own on it.

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_hooks", "_piece", "_current_piece")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

    def __setstate__(self, state: dict[str, Any]) -> None:
        attach(self, state["_optimizers"], state["_writers"])
        vars(self).update(state)
        self._take_piece()
        self._hooks = Hooks(self, self._layers, self._written)

    # What it says of itself.

    def check(self) -> None:
        """Compare what the innermost optimizer reads with what the schedule says.

        The rates are written into the optimizer that updates, inside all wrappers. If a wrapper is given another one
        later, or loses groups, they are not those that are used.

        Raises:
            ValueError: They differ; the message has both values of each.
        """
        inner = [innermost(chain[0]) for chain in self._layers]
        at = self._clock.position
        wrong = [row for schedule, writer in self._writes for row in writer.wrong(schedule(at), inner)]
        for (outer, *_), optimizer in zip(self._layers, inner, strict=True):
            shown, read = len(outer.param_groups), len(optimizer.param_groups)
            wrong += [f"it has {read} param groups and what wraps it shows {shown}"] if shown != read else []
        if wrong:
            raise ValueError(
                f"the optimizer does not read what the schedule says at {self.unit[:-1]} {at}: {'; '.join(wrong)}; "
                f"give the Scheduler the innermost optimizer, or step after whoever else writes"
            )

    def report(self) -> str:
        """How much of the schedule was used, what changed on the way, and what did not count.

        Warns if less than 90 % of it was used: a schedule that is cut off has not decayed.
        """
        clock, end = self._clock, self.training_steps
        lines = [repr(self)]
        if end is not None:
            done = clock.next_position
            share = min(1.0, done / end) if end else 1.0
            used = f"{min(done, end)} of {end} {clock.unit} ({100 * share:.3g} %) used"
            lines.append(f"{used}, and {done - end} {clock.unit} after its end" if done > end else used)
            if share < ENOUGH:
                last, final = self.schedule(done), self.schedule(end)
                where = f": the schedule ends at {last:g} and not at {final:g}" if last != final else ""
                warn(f"{used}{where}. Was it built for another length, or in steps and moved once an epoch?")
        if clock.position and not clock.updates and self._hooks.hears_updates:
            lines.append("no update of the optimizer was seen")
        if clock.updates and not clock.position and not clock.following:
            lines.append(f"{clock.updates} updates were made and no step: call step() after each, or follow() once")
        if self._left_alone:
            lines.append(f"{self._left_alone.total()} updates at a rate of 0 that somebody else wrote were left alone")
        if clock.skipped:
            lines.append(f"{clock.skipped} calls without an update (skipped by a scaler, micro-batches) did not count")
        for change in self.history:
            why = f": {checks.escaped(change.why)}" if change.why else ""
            lines.append(f"at {change.position:,} {checks.escaped(change.what)}{why}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        shown = self.schedule if len(self._writers) == 1 else self.schedules
        return f"Scheduler({shown!r}, position={self._clock.position})"


def _checked_keep(keep: str | None) -> str | None:
    if keep not in (None, "checkpoint", "code"):
        raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {checks.shown(keep)}")
    return keep


def _warn_of_other_steps(written: State, saved: State) -> None:
    old, new = written.plan.samples_per_step, saved.plan.samples_per_step
    consumed = written.position * old
    exactly = "" if saved.position * new == consumed else f", the nearest: exactly it is {consumed / new:g}"
    warn(
        f"the checkpoint is at step {written.position} of {old} samples each, {consumed} samples; with {new} samples a "
        f"step, the run goes on at step {saved.position}{exactly}"
    )


def _warn_of_dropped(saved: State, rate: float) -> None:
    before = next(iter(saved.plan.schedules.values()))(saved.position)
    changes = ", ".join(change.what.partition("(")[0] for change in saved.plan.changes)
    warn(
        f"keep='code' drops the changes that the checkpoint holds ({changes:.200}): the rate goes from {before:g} to "
        f"{rate:g}; keep='checkpoint' keeps them"
    )
