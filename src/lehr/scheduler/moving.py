"""How a scheduler moves: by `step`, by `advance`, or by listening to the optimizer."""

from __future__ import annotations

from operator import index as index_of
from typing import Any, Self

from .core import SHUT, Core
from .groups import all_groups
from .warn import warn


class Moves(Core):
    """`step`, `advance` and `follow`."""

    def step(  # type: ignore[override]
        self, current_step: float | None = None, epoch: int | None = None, metric: float | None = None
    ) -> None:
        """Set the rates for the update with index ``current_step``; without one, of the next.

        The same step twice is the same state. Past the end of the schedule the final rate holds,
        with one warning. Without a number it moves one update on, if there was one: a call for a
        micro-batch, for an update that a gradient scaler skipped, or one of several for the same
        update counts as `skipped`. (An optimizer that has not been used at all is taken for a
        rehearsal, and moves.) After `follow` no call of it is needed, and none moves.

        Args:
            current_step: Index of the update, from 0; in another `unit`, units consumed before it.
            epoch: The same, by the name that torch gives it.
            metric: For the `Plateau`s that watch this scheduler; moves as without a number.

        Raises:
            ValueError: The step is no whole number of at least 0, or without a number it is not known how
                far an update moves; nothing has changed.
        """
        if current_step is None and epoch is metric is None:
            if not self._had_an_update():
                return
            current_step = self.last_epoch + self._one_update()
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
            self._move_from_outside(_index(given))
        elif self._had_an_update():
            self._move(self.last_epoch + self._one_update())
        if metric is not None and not (self._measured and self._applied is not None):
            self._measured = True  # until the next update: accelerate repeats a call for each process
            for watcher in self._watchers:
                watcher.update(metric)

    def _move_from_outside(self, position: int) -> None:
        if not self._counts_alone() or position == self.last_epoch:
            self._move(position)
            return
        self.skipped += 1
        if not self._warned_of_numbers:
            self._warned_of_numbers = True
            warn(
                f"a Scheduler that follows counts the updates itself: step({position}) does not move it from "
                f"{self.last_epoch}. Leave the call out, or do without follow() if the number is right"
            )

    def _had_an_update(self) -> bool:
        """Whether `step` without a number may move; a call that may not counts as skipped."""
        self._one_update()  # refused before anything changes
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

    def _one_update(self) -> int:
        """What an update moves by."""
        if self.per_update is None:
            raise ValueError(
                f"how many {self.unit} an update consumes is not known: say Scheduler(..., per_update=...) if it is "
                f"always the same, or move with advance(n) after each update"
            )
        return self.per_update

    def advance(self, n: int) -> None:
        """Move by what an update consumed, in the unit of the schedule.

        Args:
            n: Samples or tokens (or steps), a whole number of at least 0.

        Raises:
            ValueError: It is no such number; nothing has changed.
        """
        self._move(self.last_epoch + whole("n", n, least=0))

    def _move(self, position: int) -> None:
        if position > self._end and not self._warned:
            self._warned = True
            warn(
                f"step {position} is past the end of the schedule ({self._end} {self.unit}): its final rate "
                f"holds from there on; give the schedule more `training_steps` if the run is longer"
            )
        self._go_to(position)
        if self._control is not None:
            self._control.look(self)

    # Listening.

    def follow(self) -> Self:
        """Need no `step` call from here on: listen to the optimizer, and count its real updates.

        The right rate is in place before each update; micro-batches and updates that a gradient
        scaler skips do not count, and `step` calls that a trainer makes do not move, those with a number
        not from the first update on. Of several optimizers the last in the list is the clock.

        Raises:
            ValueError: The optimizer has no step hooks, as some wrappers; give the one inside it. Or the
                schedule is in samples or tokens, and `per_update` was not said.
        """
        self._one_update()
        if not self._listener.hears_updates:
            raise ValueError(
                f"follow listens to the step hooks of torch optimizers, which {type(self.optimizer).__name__} has "
                f"not; give the Scheduler the optimizer inside it, or call step"
            )
        self._following = True
        return self

    def _after_update(self, optimizer: Any) -> None:
        if optimizer is not self._clock:
            return
        self.updates += 1
        self._heard, self._measured, self._used = True, False, None
        self._applied = position = self.last_epoch
        if not self._following:
            return
        position += self.per_update or 0  # which `follow` has made sure of
        start, stop, _ = self._own_piece
        if start <= position < stop:
            self._piece = self._own_piece  # open to this call alone
            self.step(position)
            self._piece = SHUT
        else:
            self._move(position)

    def _after_load(self) -> None:
        for track in self._tracks:
            track.writer.forget()
        self._go_to(self.last_epoch)

    def __del__(self) -> None:
        if getattr(self, "_following", False) and not self.updates and self._listener.is_listening():
            warn(
                "a Scheduler that follows an optimizer was dropped before the first update, and the rate will not "
                "move: keep it, scheduler = Scheduler(...).follow()"
            )


def whole(name: str, value: Any, least: int) -> int:
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
