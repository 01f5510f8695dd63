"""Which update comes next, and what counts as one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from numbers import Real

from ..schedules import checks
from .groups import Optimizer, all_groups

UNITS = ("steps", "samples", "tokens", "epochs")


class Clock:
    """The position in a run, in the unit of its schedules.

    Attributes:
        unit: What a position counts: steps, samples, tokens or epochs.
        per_update: What one update consumes in that unit, if it is always the same.
        samples_per_step: Samples that one step consumes, for schedules in steps.
        position: Position of the update that the rates in the optimizer are for.
        used: Whether that update has been made.
        last_used: Position of the last update, or None before the first.
        updates: Updates made.
        skipped: Calls of `step` that came without an update.
        following: Whether updates alone move it.
        pending: Units by which a loaded position is ahead of the calls of `advance`.
        ahead: Whether the next position was asked for already, by a trainer that adds to `last_epoch`.
        set_to: What `last_epoch` was set to last, if that was one more than before; else -1.
    """

    def __init__(
        self, optimizers: Sequence[Optimizer], unit: str, per_update: float | None, samples_per_step: int | None
    ) -> None:
        if unit not in UNITS:
            raise ValueError(checks.unknown("unit", unit, UNITS))
        if unit == "steps" and per_update not in (None, 1):
            raise ValueError(
                f"in steps an update is one step, got per_update={checks.shown(per_update)}; say unit='samples', "
                f"'tokens' or 'epochs'"
            )
        if unit != "steps" and samples_per_step is not None:
            raise ValueError(
                f"`samples_per_step` belongs to a schedule in steps, and this one is in {unit}: use per_update=..."
            )
        self._optimizers = optimizers
        self.unit, self.per_update = unit, 1 if unit == "steps" else _per_update(unit, per_update)
        if samples_per_step is not None:
            samples_per_step = checks.integer("samples_per_step", samples_per_step, owner="Scheduler")
        self.samples_per_step = samples_per_step
        self.position: float = 0
        self.used = self.following = self.ahead = False
        self.last_used: float | None = None
        self.updates = self.skipped = 0
        self.pending: float = 0
        self.set_to: float = -1
        self._whole_update = None if unit == "epochs" else self.per_update
        self._heard = self._stepped_before_training = self._loaded = False

    # Moving.

    @property
    def next_position(self) -> float:
        """Position of the next update: the present one, or if that is used, the one after what it has `consumed`."""
        consumed = self.consumed
        return self.after(self.position, consumed) if consumed else self.position

    @property
    def consumed(self) -> float:
        """What the update at the present position has consumed: nothing before it is made, or if it is not known.

        Nor does it end an epoch where the rate is set once an epoch (``per_update=1``): `step` does.
        """
        in_whole_epochs = self.unit == "epochs" and self.per_update == 1
        return self.per_update if self.used and self.per_update and not in_whole_epochs else 0

    def go_to(self, position: float) -> None:
        """Stand at a position whose update is still to come."""
        self.position, self.used, self.pending, self.ahead = position, False, 0, False

    def load(self, position: float, updates: int, pending: float) -> None:
        """Stand where a checkpoint was written."""
        self.go_to(position)
        self.updates, self.last_used, self.pending, self._loaded = updates, None, pending, True

    def resume(self, position: float) -> None:
        """Stand where a run goes on, of which nothing else is known."""
        self.load(position, self.updates, 0)

    def one_update(self) -> float:
        """What an update moves by.

        Raises:
            ValueError: It is not known.
        """
        if self.per_update is None:
            raise ValueError(
                f"it is not known how many {self.unit} an update consumes: give Scheduler(..., per_update=...) if it "
                f"is always the same, or move with advance(n) after each update"
            )
        return self.per_update

    def after(self, position: float, amount: float) -> float:
        """``position`` and ``amount`` more. In epochs fractions such as 1/250 are added exactly."""
        if self.unit != "epochs":
            return position + amount
        exact = sum(Fraction(number).limit_denominator(10**9) for number in (position, amount))
        return exact.numerator if exact.denominator == 1 else float(exact)

    def index(self, given: object) -> float:
        """Check a position that a caller gave.

        Raises:
            ValueError: It is none.
        """
        position: float | None = checks.whole(given)
        if position is None and self.unit == "epochs" and isinstance(given, Real) and not isinstance(given, bool):
            position = float(given)
        if position is None or not 0 <= position < checks.LONGEST:
            hint = "give fractions of an epoch with unit='epochs'" if isinstance(given, float) else "count from 0"
            raise ValueError(
                f"step needs the index of an update, an integer of at least 0 and below 10**18, got "
                f"{checks.shown(given)}; {hint}; without an argument it moves one update on"
            )
        return position

    # What counts as an update.

    def counts_alone(self) -> bool:
        """Whether calls do not move it: after `follow`, once the first update was counted."""
        return self.following and self.last_used is not None

    def starts_anew(self) -> bool:
        """Whether it stands at the first position, and neither an update nor a state has brought it there."""
        return self.position == 0 and not self.updates and not self._loaded

    def steps_over_the_first(self) -> bool:
        """Whether the first update of the run does not use position 0, which was stepped over."""
        stepped_over = self._stepped_before_training or self.position == self.per_update
        return stepped_over and self.position > 0 and not self._loaded

    def note_update(self) -> float:
        """Count an update that was made, and return the position of the next, as far as it is known."""
        position = self.last_used = self.position
        self.updates += 1
        self._heard = self.used = True
        self.pending = 0
        amount = self._whole_update
        return position + amount if amount else self.after(position, self.per_update or 0)

    def note_skipped_update(self) -> None:
        """Count a call of the optimizer in which a gradient scaler made no update."""
        self.skipped += 1
        self._heard = True

    def had_an_update(self, hears_updates: bool) -> bool:
        """Whether `step` without a number may move. A call that may not counts as skipped.

        Args:
            hears_updates: Whether the optimizers report their updates.

        Raises:
            ValueError: It is not known what an update consumes; nothing has changed.
        """
        self.one_update()
        heard, self._heard = self._heard, False
        if not self.following and (self.used or not hears_updates):
            return True
        if not self.in_training():
            self._stepped_before_training = not self.following
            return not self.following
        self.skipped += not heard
        return False

    def in_training(self) -> bool:
        """Whether an update was made, or there is a gradient for one."""
        return bool(self.updates) or any(
            p.grad is not None for group in all_groups(self._optimizers) for p in group.get("params", ())
        )

    # A trainer that adds to `last_epoch`, as ignite's: it asks for the rates at `last_epoch` and writes them, and then
    # adds 1. So afterwards the optimizer holds the rates of one position before.

    def asked_for(self, hears_updates: bool) -> float:
        """The position whose rates are asked for: the same again, while the update at the present one has not come."""
        waits = self.ahead and hears_updates and not self.used and self.in_training()
        return self.position + (self.ahead and not waits)

    def add_one(self, hears_updates: bool) -> None:
        """Note that `last_epoch` was counted up."""
        asked = self.asked_for(hears_updates)
        if asked != self.position:
            self.go_to(asked)
        elif self.ahead:
            self.skipped += 1  # a micro-batch
        self.ahead = True


def _per_update(unit: str, value: float | None) -> float | None:
    if value is None:
        return None
    if unit == "epochs":
        return checks.number("per_update", value, owner="Scheduler", above=0)
    return checks.integer("per_update", value, owner="Scheduler", most=10**12)
