"""A log put in order: what is wrong with it is resolved, and said by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .knots import Array, Ints

SPIKE = 0.05
"""A loss this share above its neighbourhood is a spike, if the log's own scatter is smaller."""
SHOWN = 5
"""Lines that are named; of more, the number is."""


@dataclass(frozen=True)
class Table:
    """The rows of a log.

    Attributes:
        line: Where each stands, (n,).
        at: Its position, (n,).
        loss: Its loss, (n,); NaN where there is none.
        rate: Its rate, (n,); NaN where there is none.
    """

    line: Ints
    at: Array
    loss: Array
    rate: Array

    def take(self, rows: Any) -> Table:
        """Those rows, in that order."""
        return Table(self.line[rows], self.at[rows], self.loss[rows], self.rate[rows])


def lines_of(lines: Sequence[int] | Ints) -> str:
    """The lines, in words.

    >>> lines_of([3]), lines_of([3, 4, 5, 6, 7, 8, 9])
    ('line 3', 'lines 3, 4, 5, 6, 7 and 2 more')
    """
    shown = ", ".join(str(int(line)) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def cleaned(table: Table) -> tuple[Table, list[str]]:
    """The rows in order, one a position, without spikes; and what was found."""
    said: list[str] = []
    for step in (_without_restarts, _sorted, _merged, _without_spikes):
        table, found = step(table)
        said += found
    return table, said


def _without_restarts(table: Table) -> tuple[Table, list[str]]:
    """Where the log goes back and then goes on, what it had written beyond that point is dropped."""
    at, said, kept = table.at, [], np.ones(len(table.at), dtype=bool)
    highest = np.maximum.accumulate(at)
    for i in np.flatnonzero(np.diff(at) < 0) + 1:
        following = at[i : i + 2]
        # One row that lies back is out of order; a second one that goes on from it is a restart.
        if len(following) == 2 and following[0] < following[1] <= highest[i]:
            said.append(
                f"the log goes back to {at[i]:g} in line {table.line[i]}: a restart, which replaces earlier rows"
            )
            kept[:i] &= at[:i] < at[i]
    return table.take(kept), said


def _sorted(table: Table) -> tuple[Table, list[str]]:
    back = np.flatnonzero(table.at < np.maximum.accumulate(table.at))
    said = [f"positions are out of order in {lines_of(table.line[back])}; they were sorted"] if back.size else []
    return table.take(np.argsort(table.at, kind="stable")), said


def _merged(table: Table) -> tuple[Table, list[str]]:
    """One row for each position: of its losses the last, and its rate from whichever row has one."""
    at, first = np.unique(table.at, return_index=True)
    if len(at) == len(table.at):  # they are in order already, and a long log has many
        return table, []
    groups = np.split(np.arange(len(table.at)), first[1:])
    with_loss = [group[np.isfinite(table.loss[group])] for group in groups]
    with_rate = [group[np.isfinite(table.rate[group])] for group in groups]
    last = np.array([(own if len(own) else group)[-1] for own, group in zip(with_loss, groups, strict=True)])
    rate = np.array([table.rate[own[-1]] if len(own) else np.nan for own in with_rate])
    repeated = [int(line) for own in with_loss for line in table.line[own[1:]]]
    said = [f"a position is repeated in {lines_of(repeated)}; the last row counts"] if repeated else []
    return Table(table.line[last], at, table.loss[last], rate), said


def _without_spikes(table: Table) -> tuple[Table, list[str]]:
    finite = np.flatnonzero(np.isfinite(table.loss))
    values = table.loss[finite]
    if len(values) < 5:
        return table, []
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="reflect"), 5)
    scatter = 1.4826 * float(np.median(np.abs(np.diff(np.log(values)))))
    # The early descent is steep, but it falls: a spike also rises above the row before it.
    base = np.maximum(np.roll(values, 1), np.median(around, axis=1))
    spikes = finite[1:][(values > base * (1 + max(SPIKE, 6 * scatter)))[1:]]
    if not spikes.size:
        return table, []
    loss = table.loss.copy()
    loss[spikes] = np.nan
    found = f"the loss spikes in {lines_of(table.line[spikes])}; it was left out"
    return Table(table.line, table.at, loss, table.rate), [found]
