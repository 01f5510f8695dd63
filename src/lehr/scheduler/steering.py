"""Changes while the run goes on: each a cut of the schedule where the run stands, and a new rest."""

from __future__ import annotations

import time
from typing import Any

from .. import control
from ..schedules import Schedule, lengths
from ..schedules.lengths import Length
from .core import Core


class Steers(Core):
    """`extend`, `cooldown`, `rebase`, `dip`, `amend`: what people ask for while a run goes on.

    Each acts on the rate of all groups, from the next update on: the past keeps its rates, and so does the
    update that has just been made. Each is recorded in `history`, with the position, the time and the
    reason, and saved.
    """

    def _start_steering(self, control_file: Any) -> None:
        self.history = []
        self._watchers: list[Any] = []
        self._control: Any = None
        if control_file is not None:
            from .control_file import ControlFile

            self._control = ControlFile(control_file)

    def extend(self, training_steps: Length, policy: str = "stretch", why: str = "") -> None:
        """Let the run end at another step than planned.

        Args:
            training_steps: The new end, counted from the start of the run.
            policy: ``"stretch"`` runs what is left at another speed (continuous); ``"hold"`` keeps the
                present rate for as long as the run got longer, then goes on (continuous);
                ``"replan"`` goes on as if the new length had been known from the start, which may
                jump; ``"restart"`` runs the whole schedule again in what is left, which jumps.
            why: The reason, for the history.

        Raises:
            ValueError: The new end is not ahead, or the policy does not fit the schedule; nothing has
                changed.
        """
        end = lengths.steps(training_steps, name="training_steps")
        self._change(
            lambda one, at: control.extended(one, at, end, policy), why, "extend", training_steps=end, policy=policy
        )

    def cooldown(self, steps: Length, to: float = 0.0, shape: str = "1-sqrt", why: str = "") -> None:
        """Cool down from here: from the present rate to ``to`` in so many steps, and hold it.

        Args:
            steps: Steps of the cooldown; a share such as ``"10%"`` is one of the run as it was planned.
            to: The rate at its end.
            shape: Its shape, any of `Ramp`.
            why: The reason, for the history.

        Raises:
            ValueError: There is no such shape, or ``to`` is above the present rate; nothing has changed.
        """
        n = self._steps("steps", steps)
        self._change(
            lambda one, at: control.cooled(one, at, n, to, shape), why, "cooldown", steps=n, to=to, shape=shape
        )

    def rebase(self, lr: float, why: str = "") -> None:
        """Go on from another rate: all that is left is scaled so that the present rate becomes ``lr``.

        Args:
            lr: The rate of the fastest group from now on.
            why: The reason, for the history.

        Raises:
            ValueError: The present rate is 0, or ``lr`` is no rate; nothing has changed.
        """
        top = max(self.next)

        def rest(one: Schedule, at: float) -> Schedule:
            rate = one(at)
            return control.rebased(one, at, lr if rate in (top, 0) else lr * rate / top)

        self._change(rest, why, "rebase", lr=lr)

    def dip(self, factor: float, recover: Length, why: str = "") -> None:
        """Lower the rate for a while: times ``factor`` now, back on the schedule after ``recover`` steps.

        Args:
            factor: What the present rate is multiplied by.
            recover: Steps in which the factor goes back to 1, in a straight line.
            why: The reason, for the history.
        """
        n = self._steps("recover", recover)
        self._change(lambda one, at: control.dipped(one, at, factor, n), why, "dip", factor=factor, recover=n)

    def amend(self, schedule: Schedule, why: str = "") -> None:
        """Follow another schedule from here on, which counts from its own 0.

        Args:
            schedule: What comes now.
            why: The reason, for the history.
        """
        if not isinstance(schedule, Schedule):
            raise ValueError(f"amend takes a Schedule, got {schedule!r}; build it with a recipe or from parts")
        self._change(lambda one, at: schedule, why, "amend", schedule=schedule)

    def scale(self, factor: float, why: str = "") -> None:
        """Multiply all that is left by a factor, as `Plateau` does.

        Args:
            factor: What every rate from here on is multiplied by.
            why: The reason, for the history.
        """
        self._change(lambda one, at: control.scaled(one.cut(at), factor), why, "scale", factor=factor)

    def _steps(self, name: str, value: Length) -> int:
        end = self.training_steps
        return lengths.steps(value, name=name, of=None if end is None else int(end))

    def _change(self, rest_of: control.Rest, why: str, what: str, **settings: Any) -> None:
        """Put what ``rest_of`` gives after the past of each rate; all of it, or nothing."""
        if not isinstance(why, str):
            raise ValueError(f"`why` must be text, got {why!r}")
        at = self._coming
        changed = [track.key == "lr" for track in self._tracks]
        if not any(changed):
            raise ValueError(f"{what} changes the rate, and this Scheduler drives only {', '.join(self.schedules)}")
        rests = [
            rest_of(track.schedule, at) if its else track.schedule.cut(at)
            for track, its in zip(self._tracks, changed, strict=True)
        ]
        now = [control.amended(track.schedule, at, rest) for track, rest in zip(self._tracks, rests, strict=True)]
        change = control.Change(at, int(time.time()), control.described(what, **settings), why, tuple(rests))
        self._used = None if self._applied is None else self.used
        for track, schedule in zip(self._tracks, now, strict=True):
            track.schedule = schedule
        self.history = [*self.history, change]
        self._warned = False
        self._schedules_changed()
        self._go_to(self.last_epoch)
