"""`Resumption`: which plan holds where a run goes on from a checkpoint, or why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...schedules import checks
from ...warn import warn
from ..plan import Plan
from ..watcher import Watcher, listed, paired
from .state import State, StateMismatchError


@dataclass(frozen=True)
class Resumption:
    """A checkpoint, the code that takes it up, and whose settings hold where they differ. It changes nothing.

    Attributes:
        written: The checkpoint's state.
        saved: The same, where steps of the code's size have consumed as many samples.
        code: The code's state, with what the code leaves to the checkpoint.
        watchers: What watches a metric in the code.
        keep: ``"checkpoint"``, ``"code"``, or None to refuse a difference.
    """

    written: State
    saved: State
    code: State
    watchers: Sequence[Watcher]
    keep: str | None

    @cached_property
    def watched(self) -> list[tuple[Watcher, object]]:
        """Each watcher with its state in the checkpoint; none if the checkpoint has others."""
        return paired(self.watchers, self.saved.watchers) or []

    @cached_property
    def _other_watchers(self) -> str:
        """What watches a metric in the checkpoint and in the code, if that differs."""
        differs = self.saved.watchers and not self.watched
        return listed(self.watchers, self.saved.watchers) if differs else ""

    @cached_property
    def _differences(self) -> list[str]:
        return self.saved.differences(self.code)

    def check(self, built_by: str | None = None) -> None:
        """Refuse what `keep` does not allow.

        Args:
            built_by: The function that takes `keep` from the user; None for the Scheduler itself.

        Raises:
            StateMismatchError: The plans, the factors or the watchers differ, and `keep` does not say which hold.
            ValueError: The checkpoint's are to hold, and do not fit the code.
        """
        others = self._other_watchers
        differences = [
            *self._differences,
            *(
                f"{type(watcher).__name__}: {row}"
                for watcher, state in self.watched
                for row in watcher.differences(state)
            ),
            *([f"what watches the metric: {others}"] if others else []),
        ]
        if differences and self.keep is None:
            raise StateMismatchError(differences, built_by)
        if self.keep == "checkpoint":
            self.saved.check_that_it_fits(self.code)
            if others:
                raise ValueError(
                    f"what watches the metric differs ({others}): keep='checkpoint' needs the same; keep='code' does "
                    f"not"
                )

    def plan(self, own: Plan) -> Plan:
        """The plan that holds: the checkpoint's, or the code's own without its changes."""
        code_holds = self.keep == "code" and (self._differences or self.saved is not self.written)
        plan = replace(own, changes=()) if code_holds else self.saved.plan
        samples_per_step = self.code.plan.samples_per_step or self.saved.plan.samples_per_step
        return replace(plan, samples_per_step=samples_per_step)

    def warn(self, plan: Plan) -> None:
        """Say that the run goes on at another step, or that ``plan`` drops the checkpoint's changes."""
        if self.saved is not self.written:
            _warn_of_other_steps(self.written, self.saved)
        if self.saved.plan.changes and not plan.changes:
            _warn_of_dropped(self.saved, next(iter(plan.schedules.values()))(self.saved.position))


def checked_keep(keep: str | None) -> str | None:
    """What a caller said of differences.

    Raises:
        ValueError: It is no such word.
    """
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
