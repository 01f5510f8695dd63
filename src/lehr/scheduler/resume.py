"""Checkpoints: out of a scheduler, and back into one."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import chain
from math import isclose
from typing import Any

from ..control import amended, rate_at
from ..schedules import Schedule
from ..schedules.recipes import Recipe
from . import checkpoint
from .core import Core
from .groups import Chosen
from .state import Schedules, State, StateMismatchError
from .tracks import with_max_lr_of
from .warn import warn


class Resumes(Core):
    """`state_dict` and `load_state_dict`."""

    def state_dict(self) -> dict[str, Any]:
        """Position, schedules, group factors and the history of changes, in plain numbers and strings."""
        return checkpoint.to_dict(self._state())

    def _state(self) -> State:
        factors = list(chain.from_iterable(track.writer.current_factors() for track in self._tracks))
        watchers = [watcher.state_dict() for watcher in self._watchers]
        answered = self._control.answered if self._control else 0
        of_steps = self.samples_per_step or 0
        rest = self.updates, self.unit, self.history, watchers, answered, of_steps
        return State(self._coming, self._begun, factors, *rest)

    def _groups_of_each(self) -> dict[tuple[str, Chosen], int]:
        return {(track.key, track.chosen): len(track.writer.current_factors()) for track in self._tracks}

    def load_state_dict(self, state_dict: dict[str, Any], keep: str | None = None) -> None:
        """Go on where a checkpoint was written, with its rates in the optimizer.

        It may come before or after the optimizer's own state, and twice. If both sides know
        `samples_per_step` and they differ, it goes on at the step (the nearest one, of which it warns)
        before which as many samples were consumed.

        Args:
            state_dict: What `state_dict` returned.
            keep: Whose schedule holds where the checkpoint's differs from the code's:
                ``"checkpoint"`` or ``"code"`` (which drops the changes made during the run); None
                refuses a difference.

        Raises:
            StateMismatchError: They differ, and `keep` does not say which holds.
            ValueError: The state is corrupt, foreign or of another version, or `keep` is no such
                word. After any error nothing has changed.
        """
        if keep not in (None, "checkpoint", "code"):
            raise ValueError(f"`keep` must be 'checkpoint' or 'code', got {keep!r}")
        code = self._state()
        written = checkpoint.from_dict(state_dict).in_the_order_of(code, self._groups_of_each())
        saved = written.at_equal_samples(code.samples_per_step, keeps_history=keep != "code")
        if not self._max_lr_is_said:
            code = replace(code, schedules=_with_peaks_of(saved, code))
        if any(track.writer.undecided for track in self._tracks) and len(saved.group_factors) == len(
            code.group_factors
        ):
            code = replace(code, group_factors=saved.group_factors)
        differences = saved.differences(code)
        watchers = saved.watchers if len(saved.watchers) == len(self._watchers) else []
        of_watchers = [
            f"Plateau: {line}"
            for watcher, state in zip(self._watchers, watchers, strict=False)
            for line in watcher.differences(state)
        ]
        if (differences or of_watchers) and keep is None:
            raise StateMismatchError(differences + of_watchers)
        if keep == "checkpoint":
            _check_that_it_fits(saved, code)
        schedules = self._begun if keep == "code" and differences else saved.schedules
        history = [] if keep == "code" and differences else saved.history
        now = [_replayed(one, index, history) for index, one in enumerate(schedules.values())]

        for one in now:
            rate_at(one, saved.position)  # refused here, before anything changes
        if saved is not written:
            _warn_of_other_steps(written, saved)
        if saved.history and not history:
            _warn_of_dropped(saved, now[0](saved.position))

        self._begun, self.history = schedules, history
        factors = iter(saved.group_factors)
        for track, schedule in zip(self._tracks, now, strict=True):
            track.schedule = schedule
            if keep != "code":  # without a difference too: factors may differ in their last bit
                track.writer.load([next(factors) for _ in track.writer.current_factors()])
        for watcher, state in zip(self._watchers, watchers, strict=False):
            watcher.load_state_dict(state, keep=keep)
        if self._control is not None:
            self._control.answered = saved.answered
        self.updates, self._applied, self._used = saved.updates, None, None
        self._schedules_changed()
        self._go_to(saved.position)


def _warn_of_other_steps(written: State, saved: State) -> None:
    consumed, size = written.position * written.samples_per_step, saved.samples_per_step
    exactly = "" if saved.position * size == consumed else f", to the nearest: exactly it is {consumed / size:g}"
    warn(
        f"the checkpoint is at step {written.position} of {written.samples_per_step} samples each: {consumed} samples; "
        f"with {size} a step, the run goes on at step {saved.position}{exactly}"
    )


def _warn_of_dropped(saved: State, rate: float) -> None:
    first = next(iter(saved.schedules.values()))
    before = _replayed(first, 0, saved.history)(saved.position)
    changes = ", ".join(change.what.partition("(")[0] for change in saved.history)
    warn(
        f"keep='code' drops the changes of the run that the checkpoint holds ({changes:.200}): the rate goes from "
        f"{before:g} to {rate:g}; keep='checkpoint' keeps them"
    )


def _with_peaks_of(saved: State, code: State) -> Schedules:
    """The code's schedules under the checkpoint's peaks, if the optimizer had loaded the rate of the checkpoint.

    A rate that the checkpoint does not explain is a new setting.
    """
    found = dict(code.schedules)
    for index, (track, then) in enumerate(saved.schedules.items()):
        one = found.get(track)
        if isinstance(one, Recipe) and "max_lr" in one.settings():
            now, top = _replayed(then, index, saved.history), max(saved.group_factors)
            near = range(max(0, saved.position - 1), saved.position + 2)
            if any(isclose(one.settings()["max_lr"], now(t) * top, rel_tol=1e-6) for t in near):
                found[track] = with_max_lr_of(then, one)
    return found


def _check_that_it_fits(saved: State, code: State) -> None:
    if list(saved.schedules) != list(code.schedules) or saved.unit != code.unit:
        raise ValueError(
            f"the checkpoint drives {_names(saved)} in {saved.unit} and the code {_names(code)} in {code.unit}: "
            f"keep='checkpoint' needs the same; keep='code' does not"
        )
    if len(saved.group_factors) != len(code.group_factors):
        raise ValueError(
            f"the checkpoint has {len(saved.group_factors)} param groups and the optimizer "
            f"{len(code.group_factors)}: keep='checkpoint' needs as many; keep='code' does not"
        )


def _names(state: State) -> str:
    return ", ".join(key if group is None else f"{key} of group {group!r}" for key, group in state.schedules)


def _replayed(schedule: Schedule, track: int, history: list[Any]) -> Schedule:
    """The schedule after all changes."""
    return reduce(lambda now, change: amended(now, change.position, change.rest[track]), history, schedule)
