"""`Moving`: from one position to another, by calls of `step` and `advance`."""

from __future__ import annotations

from ...schedules import checks
from ..watcher import as_number
from .changing import Changing


class Moving(Changing):
    """Moves to the position that a call says, and writes its rates; a control file may change the schedule there."""

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
                        self._rates.first.write_after_all(rate)
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
                self._rates.first.write(rate)
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

    def _move(self, position: float) -> None:
        piece = self._current_piece
        if type(position) is int and piece[0] <= position < piece[1]:
            self._piece = piece
            self._step(position)
            if self._clock.counts_alone():
                self._piece = self._no_piece
            return
        if position > self._plan.length:
            self._warn_past_the_end(position)
        self._rates.write(position, self._clock.updates)
        self._clock.go_to(position)
        self._take_piece()
        if self._control_file is not None:
            self._control_file.look(self)

    def _warn_past_the_end(self, position: float) -> None:
        unit, length = self._clock.unit, self._plan.length
        self._warn_once(
            "past the end",
            f"{unit[:-1]} {position} is past the end of the schedule ({length} {unit}): its final rate holds from "
            f"there on; give the schedule more `training_steps` if the run is longer",
        )

    def _refuse_to_move(self, call: str) -> None:
        self._clock.skipped += 1
        self._warn_once(
            "following",
            f"a Scheduler that follows counts the updates itself: {call} does not move it from "
            f"{self._clock.position}. Remove the call, or do without follow() if the number is right",
        )
