"""A log in order: what is wrong with it is resolved, and reported by line."""

from __future__ import annotations

import numpy as np

from ..rates import Array
from .log import Log, lines_of

SPIKE = 0.05  # a loss this share above its neighbourhood is a spike, if the scatter of the log is smaller
RESTARTS = 3  # restarts that a log may have in any case
RESTART_SHARE = 0.1  # share of rows that restart, above which a log is taken for unordered


def cleaned(log: Log) -> tuple[Log, list[str]]:
    """The rows in order, one for each position, without spikes; and the problems found."""
    problems: list[str] = []
    for step in (_without_restarts, _sorted, _merged, _without_spikes):
        log, problem = step(log)
        problems += [problem] if problem else []
    return log, problems


def _without_restarts(log: Log) -> tuple[Log, str]:
    """Where the log goes back and continues from there, the earlier rows beyond that point are dropped."""
    at = log.at
    # A row that lies back is out of order; if a second row continues from it, it is a restart.
    highest = np.maximum.accumulate(at)
    back = at[1:-1] < at[:-2]
    goes_on = (at[1:-1] < at[2:]) & (at[2:] <= highest[1:-1])
    restarts = np.flatnonzero(back & goes_on) + 1
    if not restarts.size or len(restarts) > max(RESTARTS, RESTART_SHARE * len(at)):
        return log, ""
    # Of each row, the lowest position that a later restart goes back to.
    returns = np.full(len(at), np.inf)
    returns[restarts - 1] = at[restarts]
    kept = at < np.minimum.accumulate(returns[::-1])[::-1]
    where = f"to {at[restarts[0]]:g} " if len(restarts) == 1 else ""
    lines = lines_of(log.line[restarts])
    return log.take(kept), f"the log goes back {where}in {lines}: a restart, whose rows replace the earlier ones"


def _sorted(log: Log) -> tuple[Log, str]:
    back = np.flatnonzero(log.at < np.maximum.accumulate(log.at))
    problem = f"positions are out of order in {lines_of(log.line[back])}; they were sorted" if back.size else ""
    return log.take(np.argsort(log.at, kind="stable")), problem


def _merged(log: Log) -> tuple[Log, str]:
    """One row for each position: the last of its losses, and the last of its rates."""
    at, first = np.unique(log.at, return_index=True)
    if len(at) == len(log.at):
        return log, ""
    rows = np.arange(len(log.at))
    ends = np.append(first[1:], len(rows)) - 1
    has_loss = np.isfinite(log.loss)
    with_loss = np.maximum.reduceat(np.where(has_loss, rows, -1), first)
    with_rate = np.maximum.reduceat(np.where(np.isfinite(log.rate), rows, -1), first)
    kept = np.where(with_loss >= 0, with_loss, ends)
    rate: Array = np.where(with_rate >= 0, log.rate[with_rate], np.nan)
    first_loss = np.minimum.reduceat(np.where(has_loss, rows, len(rows)), first)
    repeated = np.flatnonzero(has_loss & (rows != np.repeat(first_loss, np.diff(first, append=len(rows)))))
    problem = f"a position is repeated in {lines_of(log.line[repeated])}; the last row is kept" if repeated.size else ""
    return Log(log.line[kept], at, log.loss[kept], rate), problem


def _without_spikes(log: Log) -> tuple[Log, str]:
    finite = np.flatnonzero(np.isfinite(log.loss))
    values = log.loss[finite]
    if len(values) < 5:
        return log, ""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="reflect"), 5)
    scatter = 1.4826 * float(np.median(np.abs(np.diff(values) / values[1:])))
    # The early descent is steep, but it falls: a spike also rises above the row before it.
    base = np.maximum(np.roll(values, 1), np.median(around, axis=1))
    spikes = finite[1:][(values > base + np.abs(base) * max(SPIKE, 6 * scatter))[1:]]
    if not spikes.size:
        return log, ""
    loss = log.loss.copy()
    loss[spikes] = np.nan
    problem = f"the loss spikes in {lines_of(log.line[spikes])}; these rows were ignored"
    return Log(log.line, log.at, loss, log.rate), problem
