"""Which column of a log is what, and its values as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import SupportsFloat, cast

import numpy as np

from ...schedules import checks
from ..rates import LARGEST_RATE, LONGEST_RUN
from .log import UPDATES_DONE, Entry, Log, lines_of, listed

DONE = (UPDATES_DONE, "at", "updates_done", "num_updates")
INDEX = ("step", "global_step", "trainer/global_step", "train/global_step", "_step", "steps", "iteration", "iter")
HELD_OUT = (
    "val_loss", "eval_loss", "valid_loss", "validation_loss", "val/loss", "eval/loss", "valid/loss",
    "validation/loss", "loss/val", "loss/eval", "loss/validation", "final_val_loss", "test_loss",
)  # fmt: skip
TRAINING = ("train_loss", "training_loss", "train/loss", "loss/train", "loss", "train_loss_step")
RATE = ("lr", "learning_rate", "train/learning_rate", "train/lr", "lr-AdamW", "lr-Adam", "lr-SGD", "lr/AdamW", "rate")
SET = ("split", "dataset", "set", "eval_set", "phase", "dataloader")
"""Usual names of columns, in any case; the first that a log has is taken."""


def with_values(entries: list[Entry], where: Mapping[str, object] | None, label: str) -> list[Entry]:
    """The entries that have these values.

    Raises:
        ValueError: There is none, or they belong to several evaluation sets.
    """
    kept = [entry for entry in entries if all(str(entry[1].get(k)) == str(v) for k, v in (where or {}).items())]
    if not kept:
        raise ValueError(f"{label} has no row where {where!r}")
    for name in SET:
        values = sorted({str(row[name]) for _, row in kept if row.get(name) not in (None, "")})
        if len(values) > 1:
            raise ValueError(
                f"{label} has losses of several sets, `{name}` is {listed(values)}; a fit needs one: say which, "
                f"where={{{name!r}: {checks.shown(values[0])}}}"
            )
    return kept


class Columns:
    """The columns of positions, losses and rates of a log: the named ones, and for None one with a usual name.

    ``lr`` is empty if there is none; ``counts_updates`` if the name of ``step`` says that it counts updates done.

    Raises:
        ValueError: A column is missing or ambiguous.
    """

    def __init__(self, label: str, entries: list[Entry], step: str | None, loss: str | None, lr: str | None) -> None:
        self.label, self.names = label, list(dict.fromkeys(name for _, row in entries for name in row))
        self.step = self._named("step", step) or self._usual("step", (*DONE, *INDEX))
        self.loss = self._named("loss", loss) or self._held_out() or self._usual("loss", TRAINING)
        self.lr = self._named("lr", lr) or self._usual("lr", RATE, needed=False)
        self.counts_updates = self.step.lower() in DONE

    def _named(self, word: str, name: str | None) -> str | None:
        if name is not None and name not in self.names:
            raise ValueError(
                f"{self.label} has no column {checks.shown(name)} for `{word}`; it has {listed(self.names)}"
            )
        return name

    def _matching(self, usual: Sequence[str]) -> list[str]:
        by_lower_case = {name.lower(): name for name in self.names}
        return [by_lower_case[name.lower()] for name in usual if name.lower() in by_lower_case]

    def _usual(self, word: str, usual: Sequence[str], *, needed: bool = True) -> str:
        matching = self._matching(usual)
        if not matching and needed:
            raise ValueError(
                f"{self.label} has no usual column for `{word}` among {listed(self.names)}; say {word}=..."
            )
        return matching[0] if matching else ""

    def _held_out(self) -> str:
        # Lightning numbers the columns of several data loaders.
        numbered = [
            name for name in self.names
            if "/dataloader_idx_" in name and name.split("/dataloader")[0].lower() in HELD_OUT
        ]  # fmt: skip
        matching = [*self._matching(HELD_OUT), *numbered]
        if len(matching) > 1:
            raise ValueError(
                f"{self.label} has several held-out losses, {listed(matching)}; a fit needs one: say which, "
                f"loss={checks.shown(matching[0])}"
            )
        return matching[0] if matching else ""

    def numbers(self, entries: list[Entry]) -> tuple[Log, list[str]]:
        """The entries as numbers, and what was wrong with some.

        Raises:
            ValueError: No entry has a position, a position is beyond the longest run, or a rate is impossible.
        """
        lines, values, odd, infinite = [], [], [], []
        for line, row in entries:
            position, loss, rate = (_number(row.get(name)) for name in (self.step, self.loss, self.lr))
            if loss is None or position is None or not math.isfinite(position) or position < 0 or position % 1:
                odd.append(line)
                continue
            if not math.isfinite(loss) and row.get(self.loss) not in (None, ""):
                infinite.append(line)
            lines.append(line)
            values.append((position, loss if loss > 0 else math.nan, math.nan if rate is None else rate))
        if not values:
            raise ValueError(f"{self.label} has no row with an integer in `{checks.named(self.step)}`; say step=...")
        at, losses, rates = np.array(values).T
        log = Log(np.array(lines), at, losses, rates)
        self._check(log)
        problems = [f"no position or no number in {lines_of(odd)}"] if odd else []
        # A frame has NaN for a missing loss: many of them are no problem.
        problems += [f"the loss is not finite in {lines_of(infinite)}"] if 0 < len(infinite) < len(lines) / 3 else []
        return log, problems

    def _check(self, log: Log) -> None:
        far = np.flatnonzero(log.at > LONGEST_RUN)
        if far.size:
            raise ValueError(
                f"{self.label}: `{checks.named(self.step)}` is {log.at[far[0]]:,.0f} in line {log.line[far[0]]}, "
                f"and a run may have at most {LONGEST_RUN:,} updates; if it counts samples or tokens, say which column "
                f"counts updates, step=..."
            )
        bad = np.flatnonzero((log.rate < 0) | (log.rate > LARGEST_RATE))
        if bad.size:
            raise ValueError(
                f"{self.label}: `{checks.named(self.lr)}` is {log.rate[bad[0]]:g} in line {log.line[bad[0]]}, and "
                f"a learning rate must be from 0 to {LARGEST_RATE:,.0f}; correct the line, or say which column has the "
                f"rates, lr=..."
            )


def _number(value: object) -> float | None:
    """The value as a float, NaN for nothing, None for what is not a number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    try:
        return float(cast(SupportsFloat, value))
    except (TypeError, ValueError, OverflowError):
        return None
