"""`Reporting`: what a Scheduler says of itself and of the run."""

from __future__ import annotations

from ...schedules import checks, description
from ...warn import warn
from ..wrappers import innermost
from .core import Core

ENOUGH = 0.9
"""The share of a schedule that a finished run has used; below it `report` warns."""


class Reporting(Core):
    """Compares what the optimizers read with what the schedule says, and sums up the run."""

    def check(self) -> None:
        """Compare what the innermost optimizer reads with what the schedule says.

        The rates are written into the optimizer that updates, inside all wrappers. If a wrapper is given another one
        later, or loses groups, they are not those that are used.

        Raises:
            ValueError: They differ; the message has both values of each.
        """
        inner = [innermost(chain[0]) for chain in self._layers]
        at = self._clock.position
        wrong = [row for schedule, writer in self._rates.pairs for row in writer.wrong(schedule(at), inner)]
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

    def _repr_html_(self) -> str:
        """In a notebook: the schedule with the present position, and the changes so far."""
        changes = [f"at {change.position:,} {change.what}" for change in self.history[-10:]]
        return description.as_html(self.schedule, [checks.shown(self, most=400), *changes], at=self._clock.position)

    def __repr__(self) -> str:
        shown = self.schedule if len(self._rates.writers) == 1 else self.schedules
        return f"Scheduler({shown!r}, position={self._clock.position})"
