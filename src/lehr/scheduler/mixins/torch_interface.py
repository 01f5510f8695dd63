"""`TorchInterface`: what torch's schedulers have, for the trainers and libraries that use it."""

from __future__ import annotations

from .moving import Moving


class TorchInterface(Moving):
    """The attributes and methods of torch's `LRScheduler`, which some trainers read, set and add to."""

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
            self._rates.forget()
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
        for schedule, writer in self._rates.of_lr:
            if writer.is_base_of_others(schedule(0)):
                raise ValueError(
                    f"the other parts of the SequentialLR were built after this Scheduler, and take its first rate, "
                    f"{schedule(0):g}, for their base, which was {writer.written.start:g}: build them before it, or "
                    f"say the parts as one schedule, a.then(b)"
                )
        self._rates.forget()
        self._loads.write_nothing = True
        self._clock.go_to(-1)
        self._take_piece()

    def get_lr(self) -> list[float]:  # type: ignore[override]  # torch's may hold tensors
        """The rate of each group at `last_epoch`."""
        return self._rates.lrs(self._clock.asked_for(self._hooks.hears_updates))

    def get_last_lr(self) -> list[float]:  # type: ignore[override]  # as above
        """The rate of each group now, as Python floats; after `follow` that of the last update.

        Trainers log it after an update: before they call `step`, as transformers, or afterwards. Under `follow` the
        rates of the next update are in the optimizer by then, and `next_lrs` has them.
        """
        return self.last_used_lrs if self._clock.following else self._rates.lrs(self._clock.position)

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]  # torch's is an attribute
        """The rate that each group's schedule starts from, which torch's schedulers multiply."""
        return self._rates.lrs(0)

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
