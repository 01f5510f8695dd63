"""A log as a Run: which column is what, what is wrong with it, and the rates it says."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..schedules import Schedule
from .cleaning import SHOWN, cleaned, lines_of
from .knots import Array, rates_of
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

DISAGREES = 0.02
"""Share of the peak by which a logged rate may differ from the schedule's."""


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
    lines, at, losses, rates, said = columns.numbers(rows)
    done = columns.counts_updates if step_counts is None else step_counts == "updates"
    if step_counts is None and not columns.certain and schedule is not None:
        done = _better(schedule, at, rates, done)
    at = at if done else at + 1
    lines, at, losses, rates, problems = cleaned(lines, at, losses, rates)
    # A loss from before the first update belongs to no schedule.
    usable = np.isfinite(losses) & (at >= 1)
    if not usable.any():
        raise ValueError(f"{label} has no row with a position and a loss in `{columns.loss}`; say which, loss=...")
    for problem in (*said, *problems):
        warnings.warn(f"{label}: {problem}", RunWarning, stacklevel=2)
    if schedule is None:
        schedule = _logged(label, at, rates, warmup)
    else:
        _compare(label, schedule, lines, at, rates)
    notes = [f"{label}: {problem}." for problem in (*said, *problems)]
    if not columns.certain and step_counts is None:
        notes.append(f"{label}: `{columns.step}` was read as {'updates done' if done else 'the index of an update'}.")
    return Run(schedule, at[usable], losses[usable], label, warmup, ema, noise, tuple(notes))


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
        self.certain = self.counts_updates

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

    def numbers(self, rows: list[Row]) -> tuple[list[int], Array, Array, Array, list[str]]:
        """Lines, positions, losses and rates (NaN where a row has none), and what was no number."""
        kept, values, odd, broken = [], [], [], []
        for line, row in rows:
            position, loss, rate = (_number(row.get(name)) for name in (self.step, self.loss, self.lr))
            if loss is None or position is None or not math.isfinite(position) or position < 0 or position % 1:
                odd.append(line)
                continue
            if not math.isfinite(loss) and row.get(self.loss) not in (None, ""):
                broken.append(line)
            kept.append(line)
            values.append((position, loss if loss > 0 else math.nan, rate or math.nan))
        if not values:
            raise ValueError(f"{self.label} has no row with a whole number in `{self.step}`; say step=...")
        at, losses, rates = np.array(values).T
        said = [f"no position or no number in {lines_of(odd)}"] if odd else []
        # A frame writes NaN where other logs write nothing; where it often does, that is what it means.
        said += [f"the loss is not finite in {lines_of(broken)}"] if 0 < len(broken) < len(kept) / 3 else []
        return kept, at, losses, rates, said


def _number(value: Any) -> float | None:
    """The value as a float, NaN for nothing, None for what is no number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _logged(label: str, at: Array, rates: Array, warmup: int | None) -> Array:
    """The rate of every update, from those that were logged."""
    known = np.isfinite(rates)
    if not known.any():
        raise ValueError(f"{label} has no column of rates; say which, lr=..., or give the schedule")
    index, values = at[known] - 1, rates[known]
    if warmup is not None and index[0] > 0:
        rises = index[0] >= warmup
        index = np.concatenate([[0, warmup] if rises else [0], index])
        values = np.concatenate([[0.0, values[0]] if rises else [0.0], values])
    elif index[0] > 0 and len(values) > 1 and values[1] > values[0]:
        index, values = np.concatenate([[0], index]), np.concatenate([[0.0], values])
    elif index[0] > 0.02 * at[-1]:
        raise ValueError(
            f"{label} logs no rate before update {int(index[0])}, where it is {values[0]:.3g}: say how long the warmup "
            f"was, warmup=..., 0 for none, or give the schedule"
        )
    return np.interp(np.arange(int(at[-1])), *_with_jumps(index, values))


def _with_jumps(index: Array, values: Array) -> tuple[Array, Array]:
    """Knots of the logged rates; between two rows where a steady rate jumps, it does so in the middle."""
    moves = np.abs(np.diff(values, prepend=values[0], append=values[-1]))
    here, beside = moves[1:-1], np.maximum(moves[:-2], moves[2:])
    # The first stretch is the warmup, and not a jump.
    jumps = np.flatnonzero((here > 0.1 * values.max()) & (beside < 0.1 * here) & (values[:-1] > 0)) + 1
    middle = np.round((index[jumps - 1] + index[jumps]) / 2)
    index = np.insert(index, np.repeat(jumps, 2), np.stack([middle - 1, middle], axis=1).ravel())
    return index, np.insert(values, np.repeat(jumps, 2), np.stack([values[jumps - 1], values[jumps]], axis=1).ravel())


def _mismatch(schedule: Schedule | Any, at: Array, rates: Array) -> Array:
    """How far each logged rate is from the schedule's, as a share of the peak."""
    wanted = rates_of(schedule, int(at.max()))
    return np.asarray(np.abs(rates - wanted[at.astype(int) - 1]) / max(float(wanted.max()), 1e-300))


def _better(schedule: Schedule | Any, at: Array, rates: Array, done: bool) -> bool:
    """Whether positions count updates done, by which reading the logged rates agree better with."""
    known = np.isfinite(rates) & (at >= 1)
    if not known.any():
        return done
    apart = [float(np.mean(_mismatch(schedule, at[known] + shift, rates[known]))) for shift in (0, 1)]
    return apart[0] < 0.5 * apart[1] if not done else not apart[1] < 0.5 * apart[0]


def _compare(label: str, schedule: Schedule | Any, lines: list[int], at: Array, rates: Array) -> None:
    known = np.flatnonzero(np.isfinite(rates) & (at >= 1))
    if not known.size:
        return
    apart = _mismatch(schedule, at[known], rates[known])
    wrong = np.flatnonzero(apart > DISAGREES)
    # A log that rounds its position is off for a few rows where the rate changes fast.
    if len(wrong) > max(2, 0.02 * len(known)):
        first = known[wrong[0]]
        wanted = rates_of(schedule, int(at[first]))[-1]
        raise ValueError(
            f"{label}: the logged rates are not the schedule's in {len(wrong)} of {len(known)} rows, first in line "
            f"{lines[first]}: {rates[first]:.4g} after {at[first]:g} updates, where it says {wanted:.4g}; give the "
            f"schedule that was run, or none to take the logged rates"
        )
