"""`Following`: what a Scheduler does when the optimizers update, or load a state."""

from __future__ import annotations

from typing import Self

from ...warn import warn
from ..bindings import detach
from ..groups import number
from .moving import Moving

MOST_LEFT_ALONE = 3
"""Updates in a row at a rate of 0 that somebody else wrote, above which a warning comes. torch makes one to create an
optimizer's state, when it is saved or loaded; of an optimizer that never has one, each time."""


class Following(Moving):
    """Listens to the optimizers: counts their updates, moves by them after `follow`, and restores what others wrote."""

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

    # Updates of the only optimizer; the hooks call these.

    def _before_changed_update(self) -> bool:
        """Restore the schedule's rate if other code changed it, or find that the update must not be counted."""
        return not self._rates.are_as_left() and self._restore_or_leave(0)

    def _restore_or_leave(self, index: int) -> bool:
        foreign = self._rates.foreign_lrs()
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
            if clock.position >= self._plan.length and not self._loads.write_nothing:
                self._warn_past_the_end(clock.position)
            return
        piece = self._current_piece
        if type(position) is int and piece[0] <= position < piece[1]:
            self._piece = piece  # open to this call alone: a number from outside does not move it
            self._step(position)
        else:
            self._move(position)
        self._piece = self._no_piece

    def _after_skipped_update(self) -> None:
        self._clock.note_skipped_update()

    # Of several optimizers each gets the rates of the update that it makes: while one is late, those of the last one.

    def _before_update_of(self, index: int) -> bool:
        if not self._rates.are_as_left(index) and self._restore_or_leave(index):
            return True
        if self._clock.following and self._clock.last_used is not None and self._rounds.begin(index):
            self._rates.write_one(index, self._clock.last_used)
        return False

    def _after_update_of(self, index: int) -> None:
        if index == len(self._optimizers) - 1:
            self._rounds.close()
            self._after_update()
        elif self._rounds.end(index) and self._clock.following:
            self._rates.write_one(index, self._clock.position)

    def _after_skipped_update_of(self, index: int) -> None:
        if index == len(self._optimizers) - 1:
            self._clock.note_skipped_update()
        elif self._rounds.skip(index) and self._clock.following:
            self._rates.write_one(index, self._clock.position)

    # The first update, and states that are loaded.

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
        self._rates.forget()
        if self._loads.write_nothing:  # of a SequentialLR, and another part may have written the rate
            return
        self._write()
        self._hooks.renew()
        self._take_piece()
        if self._loads.only_optimizer:
            self._piece = self._no_piece  # so that a step that is given is seen
        if moves_groups:
            self._loads.may_move_groups = True
            self._rates.forget()

    def _holds_a_later_state(self) -> bool:
        """Whether the optimizers' state is that of a run which has made updates, rather than that of a fresh one."""
        return self._loads.brought_state() or any(
            writer.holds_another_rate(schedule(0)) for schedule, writer in self._rates.of_lr
        )
