"""The rates that a log holds: as a schedule of their own, or held against the one that was named."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..schedules import Schedule
from .cleaning import Table
from .knots import Array, rates_of

TOLERANCE = 0.02
"""Share of the peak by which a logged rate may differ from the schedule's."""
UNKNOWN = 0.02
"""Share of a run that may lie before its first logged rate."""


def logged_rates(label: str, table: Table, warmup: int | None) -> Array:
    """The rate of every update, along straight lines between those that were logged.

    Args:
        label: What to call the log.
        table: Its rows; positions count updates done.
        warmup: Updates of the warmup, which rises from 0; None for what the rates show.

    Raises:
        ValueError: No rate was logged, or none so early that the warmup can be seen.
    """
    known = np.isfinite(table.rate)
    if not known.any():
        raise ValueError(f"{label} has no column of rates; say which, lr=..., or give the schedule")
    index, rate = table.at[known] - 1, table.rate[known]
    if warmup and index[0] >= warmup:
        index, rate = np.concatenate([[0, warmup], index]), np.concatenate([[0.0, rate[0]], rate])
    elif index[0] > 0 and (warmup or (warmup is None and len(rate) > 1 and rate[1] > rate[0])):
        index, rate = np.concatenate([[0], index]), np.concatenate([[0.0], rate])
    elif warmup is None and index[0] > UNKNOWN * table.at[-1]:
        raise ValueError(
            f"{label} logs no rate before update {int(index[0])}, where it is {rate[0]:.3g}: say how long the warmup "
            f"was, warmup=..., 0 for none, or give the schedule"
        )
    return np.interp(np.arange(int(table.at[-1])), *_with_jumps(index, rate))


def _with_jumps(index: Array, rate: Array) -> tuple[Array, Array]:
    """The same knots; between two rows where a steady rate jumps, it does so in the middle."""
    moves = np.abs(np.diff(rate, prepend=rate[0], append=rate[-1]))
    here, beside = moves[1:-1], np.maximum(moves[:-2], moves[2:])
    # A rise from 0 is a warmup.
    jumps = np.flatnonzero((here > 0.1 * rate.max()) & (beside < 0.1 * here) & (rate[:-1] > 0)) + 1
    middle = np.round((index[jumps - 1] + index[jumps]) / 2)
    index = np.insert(index, np.repeat(jumps, 2), np.stack([middle - 1, middle], axis=1).ravel())
    return index, np.insert(rate, np.repeat(jumps, 2), np.stack([rate[jumps - 1], rate[jumps]], axis=1).ravel())


def _mismatch(schedule: Schedule | Any, at: Array, rate: Array) -> Array:
    """How far each logged rate is from the schedule's, as a share of the peak."""
    wanted = rates_of(schedule, int(at.max()))
    return np.asarray(np.abs(rate - wanted[at.astype(int) - 1]) / max(float(wanted.max()), 1e-300))


def counts_updates(schedule: Schedule | Any, table: Table) -> bool:
    """Whether positions count updates done: if so, the logged rates agree clearly better."""
    known = np.isfinite(table.rate) & (table.at >= 1)
    if not known.any():
        return False
    at, rate = table.at[known], table.rate[known]
    if not isinstance(schedule, Schedule) and len(schedule) <= at.max():
        return True
    as_count, as_index = (float(np.mean(_mismatch(schedule, at + shift, rate))) for shift in (0, 1))
    return as_count < 0.5 * as_index


def check_rates(label: str, schedule: Schedule | Any, table: Table) -> None:
    """Hold the logged rates, if any, against the schedule.

    Raises:
        ValueError: They are others.
    """
    known = np.flatnonzero(np.isfinite(table.rate))
    if not known.size:
        return
    apart = _mismatch(schedule, table.at[known], table.rate[known])
    wrong = np.flatnonzero(apart > TOLERANCE)
    # A log that rounds its position is off for a few rows where the rate changes fast.
    if len(wrong) > max(2, 0.02 * len(known)):
        first = known[wrong[0]]
        at = int(table.at[first])
        raise ValueError(
            f"{label}: the logged rates are not the schedule's in {len(wrong)} of {len(known)} rows, first in line "
            f"{table.line[first]}: {table.rate[first]:.4g} after {at} updates, where it says "
            f"{rates_of(schedule, at)[-1]:.4g}; give the schedule that was run, or none to take the logged rates"
        )
