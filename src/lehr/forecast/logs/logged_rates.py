"""The rates in a log: taken as the schedule of the run, or compared with its schedule."""

from __future__ import annotations

import numpy as np

from ...schedules import Schedule
from ..rates import Array, Rates, numbers, rates_of
from .log import Log

TOLERANCE = 0.02  # share of the peak by which a logged rate may differ from the schedule's
UNKNOWN = 0.02  # share of a run that may lie before its first logged rate


def logged_rates(label: str, log: Log, warmup: int | None) -> Array:
    """The rate of every update, along straight lines between those that were logged.

    Positions count updates done. The ``warmup`` rises from 0; None takes it from the rates.

    Raises:
        ValueError: No rate was logged, or none early enough to show the warmup.
    """
    known = np.isfinite(log.rate)
    if not known.any():
        raise ValueError(f"{label} has no column of rates; say which column has them, lr=..., or give the schedule")
    index, rate = log.at[known] - 1, log.rate[known]
    if warmup and index[0] >= warmup:
        index, rate = np.concatenate([[0, warmup], index]), np.concatenate([[0.0, rate[0]], rate])
    elif index[0] > 0 and (warmup or (warmup is None and len(rate) > 1 and rate[1] > rate[0])):
        index, rate = np.concatenate([[0], index]), np.concatenate([[0.0], rate])
    elif warmup is None and index[0] > UNKNOWN * log.at[-1]:
        raise ValueError(
            f"{label} logs no rate before update {int(index[0])}, where it is {rate[0]:.3g}: give the length of the "
            f"warmup, warmup_steps=..., 0 for none, or give the schedule"
        )
    return np.interp(np.arange(int(log.at[-1])), *_with_jumps(index, rate))


def _with_jumps(index: Array, rate: Array) -> tuple[Array, Array]:
    """The same points; where a steady rate jumps between two rows, it jumps in the middle."""
    moves = np.abs(np.diff(rate, prepend=rate[0], append=rate[-1]))
    here, beside = moves[1:-1], np.maximum(moves[:-2], moves[2:])
    # A rise from 0 is a warmup.
    jumps = np.flatnonzero((here > 0.1 * rate.max()) & (beside < 0.1 * here) & (rate[:-1] > 0)) + 1
    middle = np.round((index[jumps - 1] + index[jumps]) / 2)
    index = np.insert(index, np.repeat(jumps, 2), np.stack([middle - 1, middle], axis=1).ravel())
    return index, np.insert(rate, np.repeat(jumps, 2), np.stack([rate[jumps - 1], rate[jumps]], axis=1).ravel())


def _mismatch(schedule: Rates, at: Array, rate: Array) -> Array:
    """How far each logged rate is from the schedule's, as a share of the peak."""
    expected = rates_of(schedule, int(at.max()))
    return np.asarray(np.abs(rate - expected[at.astype(int) - 1]) / max(float(expected.max()), 1e-300))


def counts_updates(schedule: Rates, log: Log) -> bool:
    """Whether positions count updates done: if so, the logged rates agree clearly better."""
    known = np.isfinite(log.rate) & (log.at >= 1)
    if not known.any():
        return False
    at, rate = log.at[known], log.rate[known]
    if not isinstance(schedule, Schedule) and len(numbers("rates", schedule)) <= at.max():
        return True
    as_count, as_index = (float(np.mean(_mismatch(schedule, at + shift, rate))) for shift in (0, 1))
    return as_count < 0.5 * as_index


def check_rates(label: str, schedule: Rates, log: Log) -> None:
    """Compare the logged rates, if any, with the schedule.

    Raises:
        ValueError: They differ.
    """
    known = np.flatnonzero(np.isfinite(log.rate))
    if not known.size:
        return
    apart = _mismatch(schedule, log.at[known], log.rate[known])
    wrong = np.flatnonzero(apart > TOLERANCE)
    # Where the rate changes fast, a few rows of a log with rounded positions differ.
    if len(wrong) > max(2, 0.02 * len(known)):
        first = known[wrong[0]]
        at = int(log.at[first])
        raise ValueError(
            f"{label}: the logged rates differ from the schedule in {len(wrong)} of {len(known)} rows, first in line "
            f"{log.line[first]}: {log.rate[first]:.4g} after {at} updates, where the schedule has "
            f"{rates_of(schedule, at)[-1]:.4g}; give the schedule that was used, or none to take the logged rates"
        )
