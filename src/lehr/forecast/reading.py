"""A log as a Run: which column is what, what is wrong with it, and the rates it says."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..schedules import Schedule
from .cleaning import SHOWN, Table, cleaned, lines_of
from .logged_rates import check_rates, counts_updates, logged_rates
from .logs import UPDATES_DONE, Row, rows_of
from .runs import Run

DONE = (UPDATES_DONE, "at", "updates_done", "num_updates")
INDEX = ("step", "global_step", "trainer/global_step", "train/global_step", "_step", "steps", "iteration", "iter")
HELD_OUT = (
    "val_loss", "eval_loss", "valid_loss", "validation_loss", "val/loss", "eval/loss", "valid/loss",
    "validation/loss", "loss/val", "loss/eval", "loss/validation", "final_val_loss", "test_loss",
)  # fmt: skip
TRAINING = ("train_loss", "training_loss", "train/loss", "loss/train", "loss", "train_loss_step")
RATE = ("lr", "learning_rate", "train/learning_rate", "train/lr", "lr-AdamW", "lr-Adam", "lr-SGD", "lr/AdamW", "rate")
SET = ("split", "dataset", "set", "eval_set", "phase", "dataloader")
"""Names that columns go by, whatever their case; the first that is there is taken."""


class RunWarning(UserWarning):
    """Something in a log that is no part of a run; the run is read without it."""


def read_run(
    source: Any,
    schedule: Schedule | Any = None,
    *,
    step: str | None = None,
    loss: str | None = None,
    lr: str | None = None,
    where: Mapping[str, Any] | None = None,
    step_counts: Literal["index", "updates"] | None = None,
    name: str | None = None,
    warmup: int | None = None,
    ema: float = 0.0,
    noise: float | None = None,
) -> Run:
    """A run from what it logged.

    Args:
        source: A CSV, TSV or JSONL file, a transformers ``trainer_state.json``, Lightning's
            ``metrics.csv``, a TensorBoard event file or directory, ``"mlflow:RUN_ID"``, a pandas or
            polars frame, a mapping of columns, or a list of rows.
        schedule: Its Schedule, or its rate at every update; None for the logged rates, with
            straight lines between.
        step: The column of positions; None for one with a usual name.
        loss: The column of losses, one evaluation set; None for the only one with a usual name, a
            held-out one before the training loss.
        lr: The column of rates; None for one with a usual name.
        where: Only rows that have these values: ``{"split": "val"}``.
        step_counts: ``"updates"`` if the position is the number of updates done when the loss was
            taken, ``"index"`` if it is the index of the last one, from 0; None for what the
            column's name says, or for what makes the logged rates agree with the schedule.
        name: What to call the run; None for the file's name.
        warmup: Updates of the warmup; None reads it off the rates.
        ema: The smoothing of the logged losses; see `Run`.
        noise: Relative standard deviation of one loss; see `Run`.

    Raises:
        ValueError: A column is missing or ambiguous, no row has a position and a loss, or the
            schedule's rates are not the logged ones.
        ImportError: TensorBoard or MLflow is missing.

    Warns:
        RunWarning: Rows are out of order, repeated, not numbers or spikes, or the run restarted:
            each said by line.

    >>> import lehr
    >>> log = {"step": [99, 199, 299], "val_loss": [5.0, 4.5, 4.2]}
    >>> read_run(log, lehr.Constant(1e-3)).at
    array([100., 200., 300.])
    """
    rows = rows_of(source)
    label = name or (Path(source).stem if isinstance(source, str | os.PathLike) else "run")
    rows = _filtered(rows, where, label)
    columns = _Columns(label, rows, step, loss, lr)
    table, problems = columns.numbers(rows)
    if step_counts is not None:
        done = step_counts == "updates"
    else:
        done = columns.counts_updates or (schedule is not None and counts_updates(schedule, table))
    table, found = cleaned(replace(table, at=table.at if done else table.at + 1))
    # A loss from before the first update belongs to no schedule.
    table = table.take(table.at >= 1)
    usable = np.isfinite(table.loss)
    if not usable.any():
        raise ValueError(f"{label} has no row with a position and a loss in `{columns.loss}`; say which, loss=...")
    notes = [f"{label}: {problem}." for problem in (*problems, *found)]
    for note in notes:
        warnings.warn(note, RunWarning, stacklevel=2)
    if schedule is None:
        schedule = logged_rates(label, table, warmup)
    else:
        check_rates(label, schedule, table)
    if not columns.counts_updates and step_counts is None:
        notes.append(f"{label}: `{columns.step}` was read as {'updates done' if done else 'the index of an update'}.")
    return Run(schedule, table.at[usable], table.loss[usable], label, warmup, ema, noise, tuple(notes), columns.loss)


def _filtered(rows: list[Row], where: Mapping[str, Any] | None, label: str) -> list[Row]:
    kept = [row for row in rows if all(str(row[1].get(k)) == str(v) for k, v in (where or {}).items())]
    if not kept:
        raise ValueError(f"{label} has no row where {where!r}")
    for name in SET:
        found = sorted({str(row[name]) for _, row in kept if row.get(name) not in (None, "")})
        if len(found) > 1:
            raise ValueError(
                f"{label} has losses of several sets, `{name}` is {', '.join(found[:SHOWN])}; they are never mixed: "
                f"say which, where={{{name!r}: {found[0]!r}}}"
            )
    return kept


class _Columns:
    """Which column is what."""

    def __init__(self, label: str, rows: list[Row], step: str | None, loss: str | None, lr: str | None) -> None:
        self.label, self.names = label, list(dict.fromkeys(name for _, row in rows for name in row))
        self.step = self._named("step", step) or self._one("step", (*DONE, *INDEX), many=True)
        self.loss = self._named("loss", loss) or self._loss()
        self.lr = self._named("lr", lr) or self._one("lr", RATE, many=True, needed=False)
        self.counts_updates = self.step.lower() in DONE

    def _named(self, word: str, name: str | None) -> str | None:
        if name is not None and name not in self.names:
            raise ValueError(f"{self.label} has no column {name!r} for `{word}`; it has {', '.join(self.names)}")
        return name

    def _loss(self) -> str:
        return self._one("loss", HELD_OUT, needed=False) or self._one("loss", TRAINING, many=True)

    def _one(self, word: str, usual: Sequence[str], *, many: bool = False, needed: bool = True) -> str:
        lower = {name.lower(): name for name in self.names}
        found = [lower[name.lower()] for name in usual if name.lower() in lower]
        if word == "loss" and not many:
            # Of several data loaders, Lightning numbers the columns.
            found += [n for n in self.names if "/dataloader_idx_" in n and n.split("/dataloader")[0].lower() in usual]
        if len(found) > 1 and not many:
            raise ValueError(
                f"{self.label} has several held-out losses, {', '.join(found)}; they are never mixed: say which, "
                f"loss={found[0]!r}"
            )
        if not found and needed:
            raise ValueError(
                f"{self.label} has no usual column for `{word}` among {', '.join(self.names)}; say {word}=..."
            )
        return found[0] if found else ""

    def numbers(self, rows: list[Row]) -> tuple[Table, list[str]]:
        """The rows as numbers, and which were none."""
        kept, values, odd, broken = [], [], [], []
        for line, row in rows:
            position, loss, rate = (_number(row.get(name)) for name in (self.step, self.loss, self.lr))
            if loss is None or position is None or not math.isfinite(position) or position < 0 or position % 1:
                odd.append(line)
                continue
            if not math.isfinite(loss) and row.get(self.loss) not in (None, ""):
                broken.append(line)
            kept.append(line)
            values.append((position, loss if loss > 0 else math.nan, math.nan if rate is None else rate))
        if not values:
            raise ValueError(f"{self.label} has no row with a whole number in `{self.step}`; say step=...")
        at, losses, rates = np.array(values).T
        said = [f"no position or no number in {lines_of(odd)}"] if odd else []
        # A frame writes NaN where other logs write nothing; where it often does, that is what it means.
        said += [f"the loss is not finite in {lines_of(broken)}"] if 0 < len(broken) < len(kept) / 3 else []
        return Table(np.array(kept), at, losses, rates), said


def _number(value: Any) -> float | None:
    """The value as a float, NaN for nothing, None for what is no number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
