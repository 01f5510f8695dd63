"""What a scheduler says of itself: whether it is obeyed, and how much of the schedule was used."""

from __future__ import annotations

from typing import Any

from .core import Core
from .warn import warn

ENOUGH = 0.9


class Reports(Core):
    """`check` and `report`."""

    def check(self) -> None:
        """Compare what the innermost optimizer reads with what the schedule says.

        Wrappers share the list of param groups with the optimizer inside them until something
        replaces it; from then on the rates that are shown are not those that are used.

        Raises:
            ValueError: They differ; the message has both values of each.
        """
        inner = [_innermost(optimizer) for optimizer in self._optimizers]
        wrong = [row for track in self._tracks for row in track.writer.wrong(track.schedule(self.last_epoch), inner)]
        if wrong:
            raise ValueError(
                f"the optimizer does not read what the schedule says at {self.unit[:-1]} {self.last_epoch}: "
                + "; ".join(wrong)
                + "; give the Scheduler the innermost optimizer, or step after whoever else writes"
            )

    def report(self) -> str:
        """How much of the schedule was used, what changed on the way, and what did not count.

        Warns if less than 90 % of it was used: a schedule that is cut off has not decayed.
        """
        lines = [repr(self)]
        done, end = self._coming, self.training_steps
        if end is not None:
            share = min(1.0, done / end) if end else 1.0
            said = f"{min(done, end)} of {end} {self.unit} ({100 * share:.3g} %) used"
            lines.append(said)
            if share < ENOUGH:
                warn(
                    f"{said}: the rate ends at {self.current_lr:g} and not at {self.schedule(end):g}. Was it built for "
                    f"another length, or in steps and moved once an epoch?"
                )
        if self.updates and not self.last_epoch and not self._following:
            lines.append(f"{self.updates} updates were made and no step: call step() after each, or follow() once")
        if self.skipped:
            lines.append(f"{self.skipped} calls without an update (skipped by a scaler, micro-batches) did not count")
        for change in self.history:
            why = f": {change.why}" if change.why else ""
            lines.append(f"at {change.position:,} {change.what}{why}")
        return "\n".join(lines)


def _innermost(optimizer: Any) -> Any:
    """The optimizer inside all wrappers."""
    for name in ("optimizer", "base_optimizer", "_optimizer"):
        inner = getattr(optimizer, name, None)
        if inner is not None and inner is not optimizer and hasattr(inner, "param_groups"):
            return _innermost(inner)
    return optimizer
