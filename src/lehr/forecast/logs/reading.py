"""A log as a Run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from ...schedules import checks
from ..rates import Rates
from ..run import Run
from .cleaning import cleaned
from .columns import Columns, having
from .logged_rates import check_rates, counts_updates, logged_rates
from .sources import Source, read_entries
from .units import batch_of, in_updates
from .values import numbers


class RunWarning(UserWarning):
    """A problem in a log; the run is read without it."""


def read_run(
    source: Source,
    schedule: Rates | None = None,
    *,
    step: str | None = None,
    loss: str | None = None,
    lr: str | None = None,
    where: Mapping[str, object] | None = None,
    step_counts: Literal["index", "updates"] | None = None,
    batch_tokens: int | None = None,
    batch_samples: int | None = None,
    name: str | None = None,
    warmup_steps: int | None = None,
    ema: float = 0.0,
    noise: float | None = None,
) -> Run:
    """Read a run from its log.

    Args:
        source: A CSV, TSV or JSONL file, a transformers ``trainer_state.json``, Lightning's
            ``metrics.csv``, a TensorBoard event file or directory, ``"mlflow:RUN_ID"``, a pandas or
            polars frame (such as ``run.history()`` of Weights & Biases), a mapping of columns, or a
            list of rows. Numbers may have decimal commas.
        schedule: Its Schedule, or its rate at every update; None takes the logged rates, with
            straight lines between them.
        step: The column of positions; None for a column with a usual name. So for ``loss`` and ``lr``.
        loss: The column of losses, of one evaluation set; a held-out loss is preferred to the training
            loss, and the notes of the run say which was read if there are several.
        lr: The column of rates.
        where: Only rows that have these values: ``{"split": "val"}``.
        step_counts: ``"updates"`` if the position is the number of updates done when the loss was
            taken, ``"index"`` if it is the index of the last update, from 0; None takes it from the
            column's name, or chooses what makes the logged rates agree with the schedule.
        batch_tokens: Tokens that one update consumes, over all processes and accumulated gradients,
            for a log whose positions count tokens: they are divided by it, and rounded. ``step`` is
            then by default a column that counts tokens.
        batch_samples: The same for samples.
        name: The name of the run; None for the file's name.
        warmup_steps: Updates of the warmup, as ``warmup`` in `Run`.
        ema: The smoothing of the losses, as in `Run`; so ``noise``.

    Raises:
        ValueError: A column is missing or ambiguous, no row has a position and a loss, positions do
            not count updates and no batch is given, or the batch does not divide them, the run and
            its schedule count different things, a position is beyond 10,000,000 updates, a rate is
            not from 0 to 1,000,000, commas in numbers may be decimal or not, the logged rates differ
            from the schedule, or the losses are none of a `Run`.
        ImportError: TensorBoard or MLflow is missing.

    Warns:
        RunWarning: Rows are out of order, repeated, not numbers or spikes, or the run restarted:
            such a warning names the lines. Or it is one of `Run.warnings`.

    >>> import lehr
    >>> log = {"step": [99, 199, 299], "val_loss": [5.0, 4.5, 4.2]}
    >>> read_run(log, lehr.Constant(1e-3)).at
    array([100., 200., 300.])
    >>> log = {"tokens": [1_000_000, 2_000_000, 3_000_000], "val_loss": [5.0, 4.5, 4.2]}
    >>> read_run(log, lehr.Constant(1e-3), batch_tokens=10_000).at
    array([100., 200., 300.])
    """
    label = checks.named(name or (Path(source).stem if isinstance(source, str | os.PathLike) else "run"))
    batch = batch_of(label, batch_tokens, batch_samples)
    entries = having(read_entries(source), where, label)
    columns = Columns(label, entries, step, loss, lr, batch)
    if step_counts is None or batch:
        columns.check_unit(batch)
    log, problems = numbers(columns, entries)
    log = in_updates(label, columns.step, log, batch, schedule)
    if step_counts is not None:
        done = step_counts == "updates"
    else:
        done = columns.counts_updates or (schedule is not None and counts_updates(schedule, log))
    log, more = cleaned(replace(log, at=log.at if done else log.at + 1))
    # A loss from before the first update belongs to no schedule.
    log = log.take(log.at >= 1)
    usable = np.isfinite(log.loss)
    if not usable.any():
        column = checks.named(columns.loss)
        raise ValueError(f"{label} has no row with a position and a loss in `{column}`; say which column, loss=...")
    problems = [f"{label}: {problem}." for problem in (*problems, *more)]
    for problem in problems:
        warnings.warn(problem, RunWarning, stacklevel=2)
    if schedule is None:
        schedule = logged_rates(label, log, warmup_steps)
    else:
        check_rates(label, schedule, log)
    how = [*columns.choice(), *([batch.reading(columns.step)] if batch else [])]
    if not columns.counts_updates and step_counts is None:
        how.append(f"`{checks.named(columns.step)}` was read as {'updates done' if done else 'the index of an update'}")
    notes = *(f"{label}: {reading}." for reading in how), *problems
    at, losses = log.at[usable], log.loss[usable]
    run = Run(schedule, at, losses, label, warmup_steps, ema, noise, notes, columns.loss)
    for warning in run.warnings:
        warnings.warn(warning, RunWarning, stacklevel=2)
    return run
