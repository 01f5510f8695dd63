"""What the positions of a log count: updates, or tokens or samples, of which an update consumes a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from ...schedules import Schedule, checks
from ..rates import LONGEST_RUN, Array, Rates
from .log import Log

WORDS = {
    "tokens": {"token", "tokens"},
    "samples": {"sample", "samples", "example", "examples", "sequence", "sequences", "image", "images"},
    "epochs": {"epoch", "epochs"},
}
"""Words in the name of a column that say what it counts,"""
NOT = {"step", "steps", "update", "updates", "iteration", "iterations", "iter", "batch", "per", "sec", "second"}
"""unless one of these is in it, too."""
UNITS = ("tokens", "samples")
"""What a batch may be of."""
UNEVEN = 0.15  # share of the usual distance of two rows by which it may miss an integer number of batches
LONGER = 4  # times the length of its schedule that a run may have, if the rate has fallen at the end,
FALLEN = 0.5  # to this share of its peak or less
SHORTER = 100  # times the length of the run that its schedule may have

GIVE_BATCH = "say how many an update consumes, batch_tokens=... or batch_samples=..."


@dataclass(frozen=True)
class Batch:
    """The tokens or samples that one update consumes, over all processes and accumulated gradients."""

    unit: str
    size: int

    @property
    def setting(self) -> str:
        """The argument that it was given with."""
        return f"batch_{self.unit}"

    def reading(self, column: str) -> str:
        """How a column of positions was read, in words."""
        return f"`{checks.named(column)}` counts {self.unit}: it was divided by {self.size:,}"


def batch_of(label: str, tokens: int | None, samples: int | None) -> Batch | None:
    """The batch that was given, if any.

    Raises:
        ValueError: Both were given, or one is not an integer of at least 1.
    """
    if tokens is not None and samples is not None:
        raise ValueError(f"{label}: positions count either: give batch_tokens=... or batch_samples=..., not both")
    given = Batch("tokens", tokens) if tokens is not None else Batch("samples", samples or 1)
    checks.integer(given.setting, given.size, owner=label)
    return None if tokens is samples is None else given


def words_of(name: str) -> set[str]:
    """The words in the name of a column.

    >>> sorted(words_of("train/numTokens"))
    ['num', 'tokens', 'train']
    """
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", name)}


def unit_of(name: str) -> str | None:
    """What a column counts by its name, if not updates.

    >>> unit_of("consumed_train_samples"), unit_of("tokens_per_second"), unit_of("step")
    ('samples', None, None)
    """
    words = words_of(name)
    return None if words & NOT else next((unit for unit, marks in WORDS.items() if words & marks), None)


def in_updates(label: str, column: str, log: Log, batch: Batch | None, schedule: Rates | None) -> Log:
    """The log with positions in updates, at most `LONGEST_RUN`: memory for every update is bounded from here on.

    Args:
        label: The name of the log.
        column: The column of positions.
        log: Its rows, with positions as logged.
        batch: What an update consumes, if positions do not count updates.
        schedule: The schedule of the run, if it is known.

    Raises:
        ValueError: Positions are no multiples of the batch, a position is beyond the longest run, or the schedule
            and the run differ so much in length that they must count different things.
    """
    positions = _Positions(label, checks.named(column), log, batch)
    positions.check_batch()
    positions.check_longest()
    if isinstance(schedule, Schedule) and schedule.length:
        positions.check_length(schedule, schedule.length)
    return replace(log, at=np.rint(positions.updates))


@dataclass(frozen=True)
class _Positions:
    label: str
    column: str
    log: Log
    batch: Batch | None

    @property
    def updates(self) -> Array:
        """The positions in updates, before they are rounded."""
        return self.log.at / self.batch.size if self.batch else self.log.at

    @property
    def remedy(self) -> str:
        """What to do where a position is too large."""
        return f"correct {self.batch.setting}=..." if self.batch else f"if it counts samples or tokens, {GIVE_BATCH}"

    def place(self, row: int) -> str:
        """A position, for a message."""
        return f"{self.label}: `{self.column}` is {self.log.at[row]:,.0f} in line {self.log.line[row]}"

    def check_batch(self) -> None:
        if self.batch is None:
            return
        between = np.diff(np.unique(self.updates[np.isfinite(self.log.loss)]), prepend=0.0)
        between = between[between > 0]
        if between.size and np.median(np.abs(between - np.rint(between)) / between) > UNEVEN:
            usual, size, unit = float(np.median(between)), self.batch.size, self.batch.unit
            raise ValueError(
                f"{self.label}: `{self.column}` grows by {usual * size:,.0f} from loss to loss (median), which is "
                f"{usual:.3g} batches of {size:,} {unit}: correct {self.batch.setting}=..., which counts the {unit} of "
                f"one update over all processes and accumulated gradients"
            )

    def check_longest(self) -> None:
        far = np.flatnonzero(self.updates > LONGEST_RUN)
        if far.size:
            raise ValueError(
                f"{self.place(far[0])}, and a run may have at most {LONGEST_RUN:,} updates; {self.remedy}, or say "
                f"which column counts updates, step=..."
            )

    def check_length(self, schedule: Schedule, length: float) -> None:
        last = int(np.argmax(self.updates))
        updates = float(self.updates[last])
        count = f"{updates:,.0f} updates" + (f" of {self.batch.size:,} {self.batch.unit}" if self.batch else "")
        if updates > LONGER * length and _falls(schedule, length):
            raise ValueError(
                f"{self.place(last)}{f', which is {count}' if self.batch else ''}, but the schedule ends after "
                f"{length:,.0f} updates; {self.remedy}, or give the schedule its real length"
            )
        if updates < length / SHORTER:
            stretched = f"{length / self.batch.size:.0f}" if self.batch else "its length in updates"
            log_too = f"if the log does, too, leave {self.batch.setting}=... out; " if self.batch else ""
            raise ValueError(
                f"{self.label}: the run ends after {count}, but the schedule after {length:,.0f}; a schedule counts "
                f"updates: {log_too}if the schedule counts samples or tokens, write .stretch({stretched}) behind it; "
                f"if the run has just begun, write .cut(0, {updates + 1:.0f})"
            )


def _falls(schedule: Schedule, length: float) -> bool:
    """Whether a schedule ends far below its peak, where nobody trains for long."""
    rates = schedule(np.linspace(0, length, 1000))
    return bool(rates[-1] <= FALLEN * rates.max())
