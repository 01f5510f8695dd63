"""`Saving`: the state of a Scheduler in a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

from .. import checkpoint
from ..checkpoint import State
from ..checkpoint.resuming import Resumption, checked_keep
from ..plan import Plan
from .moving import Moving


class Saving(Moving):
    """Says where the run stands in plain data, and goes on from there."""

    def state_dict(self) -> dict[str, Any]:
        """Position, plan, group factors, and the state of each `Plateau` and `Greedy`, in plain numbers and strings."""
        return checkpoint.to_dict(self._state())

    def _state(self) -> State:
        clock = self._clock
        return State(
            position=max(0, clock.next_position),  # a part of a SequentialLR waits at -1
            plan=self._plan,
            factors=[writer.factors() for writer in self._rates.writers.values()],
            updates=clock.updates,
            watchers=[watcher.state_dict() for watcher in self._watchers],
            commands=self._control_file.done if self._control_file else 0,
            pending=clock.pending if clock.unit == "steps" else clock.consumed or clock.pending,
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
        keep = checked_keep(keep) or self._keep
        code = self._state()
        groups = {binding: len(factors) for binding, factors in zip(self._rates.writers, code.factors, strict=True)}
        written = checkpoint.from_dict(state_dict, groups).in_the_order_of(code)
        saved = written.at_equal_samples(code.plan.samples_per_step, keeps_changes=keep != "code")
        run = Resumption(written, saved, self._with_what_is_left_open(code, saved), self._watchers, keep)
        run.check(self._built_by)
        plan = run.plan(self._plan)
        plan.check_rates(saved.position)  # refused here, before anything changes
        self._rates.check(plan, None if keep == "code" else saved.factors)
        run.warn(plan)
        for watcher, state in run.watched:
            watcher.load_state_dict(state, keep=keep or "checkpoint")
        self._take_over(plan, saved, with_factors=keep != "code")

    def _with_what_is_left_open(self, code: State, saved: State) -> State:
        """The code's state with what the code leaves to the checkpoint: a peak or ratios that it did not give."""
        plan, factors = code.plan, code.factors
        if not self._max_lr_is_given:
            plan = plan.with_peaks_of(saved.plan, saved.position, max(chain.from_iterable(saved.factors)))
        open_factors = any(writer.factors_unknown for writer in self._rates.writers.values())
        if open_factors and len(factors) == len(saved.factors):
            factors = saved.factors
        return replace(code, plan=plan, factors=factors)

    def _take_over(self, plan: Plan, saved: State, with_factors: bool) -> None:
        if with_factors:  # without a difference too: factors may differ in their last bit
            for writer, factors in zip(self._rates.writers.values(), saved.factors, strict=True):
                writer.load(factors)
        if self._control_file is not None:
            self._control_file.done = saved.commands
        self._clock.load(saved.position, saved.updates, saved.pending)
        self._follow_plan(plan)
        before = saved.position - (self._clock.per_update or 0)
        self._updates_at_metric = -1
        known = saved.updates and 0 <= before < saved.position
        self._used_lrs = (saved.updates, self._rates.lrs(before)) if known else None
        if not self._loads.write_nothing:
            self._write()
