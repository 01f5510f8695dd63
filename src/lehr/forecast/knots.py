"""A schedule as a law sees it: the area under it so far, and the places where its rate changes.

A law sums over every change of rate before each loss. Between two losses hundreds of small changes
act almost as one, so they are gathered into cells: a cell weighs what the noise level changes from
its start to its end (exact for any law, because the sum telescopes) and stands at its changes'
centre of mass. Cells depend on the schedule alone. What a loss has seen of the cell it stands in,
and the cell before, is cut anew for that loss, finer towards it, where relaxation is steepest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..schedules import Schedule

Array = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]

REFERENCE_RATE = 3e-4
"""The rate that laws count in, which only fixes the unit of their constants."""
SMALLEST_RATE = 1e-12
"""Rates are held above this, so that a logarithm of a rate exists."""
CELLS = 104
"""A cell holds at most one part in so many of the variation of the square root of the rate."""
RISE = 1.5
"""A rise counts for one part in so many of a fall as large."""
STRETCHES = 80
"""A cell is at most one part in so many of the area under the schedule long."""
CUT = 0.6
"""Where a loss cuts the last two cells before it, as a share of each."""
OWN = 4
"""Cells that each loss has for itself."""


@dataclass(frozen=True)
class Path:
    """What a law needs of a schedule at n positions; pairs join a position to each cell before it.

    Attributes:
        at: Updates done at each position, (n,).
        progress: Area under the schedule until there, (n,), in rate x updates.
        rate: Rate of the last update done, (n,).
        before: Rate before each cell, (cells,).
        after: Rate after each cell, (cells,).
        cell: Each pair's cell, (pairs,); the pairs of a position stand together.
        first: Each position's first pair, (n,).
        log_rate: ln of the rate after the change, over `REFERENCE_RATE`, for each pair.
        gap: Area under the schedule since the change, for each pair.
        log_gap: Its logarithm.
        steps: Updates since the change, for each pair.
    """

    at: Array
    progress: Array
    rate: Array
    before: Array
    after: Array
    cell: Ints
    first: Ints
    log_rate: Array
    gap: Array
    log_gap: Array
    steps: Array

    def sums(self, pairs: Array) -> Array:
        """For each position, the sum over its pairs (the last axis)."""
        return np.add.reduceat(pairs, self.first, axis=-1)

    @property
    def knots(self) -> int:
        """Cells that the whole schedule has until the last position."""
        return len(self.before) - OWN * len(self.at)


def join(paths: Sequence[Path]) -> Path:
    """Several paths as one, so that all runs are evaluated at once."""
    columns = {f.name: [getattr(path, f.name) for path in paths] for f in fields(Path)}
    cells = np.cumsum([0, *(len(path.before) for path in paths)])
    pairs = np.cumsum([0, *(len(path.cell) for path in paths)])
    columns["cell"] = [path.cell + offset for path, offset in zip(paths, cells, strict=False)]
    columns["first"] = [path.first + offset for path, offset in zip(paths, pairs, strict=False)]
    return Path(**{name: np.concatenate(parts) for name, parts in columns.items()})


def rates_of(schedule: Schedule | Any, updates: int) -> Array:
    """The rate of each of the first ``updates`` updates, (updates,).

    Raises:
        ValueError: A rate is negative or no finite number, or there are fewer of them.

    >>> from lehr import Ramp
    >>> rates_of(Ramp(0.0, 1.0, 4), 6)
    array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ])
    """
    if isinstance(schedule, Schedule):
        return np.asarray(schedule(np.arange(float(updates))))
    rates = np.asarray(schedule, dtype=float)
    if rates.ndim != 1 or len(rates) < updates:
        raise ValueError(
            f"rates must be one number for each of the {updates} updates, got an array of shape "
            f"{rates.shape}; a Schedule gives a rate at any position"
        )
    bad = np.flatnonzero(~(np.isfinite(rates[:updates]) & (rates[:updates] >= 0)))
    if bad.size:
        raise ValueError(f"rates must be finite and at least 0, got {rates[bad[0]]} for update {bad[0]}")
    return rates[:updates]


def positions(at: Any) -> Array:
    """``at`` as counts of updates done, (n,).

    Raises:
        ValueError: There is none, or one is not a whole number of at least 1.
    """
    counts = np.atleast_1d(np.asarray(at, dtype=float))
    wrong = counts[~((counts >= 1) & (counts % 1 == 0))] if counts.ndim == 1 and counts.size else np.atleast_1d(counts)
    if wrong.size or not counts.size:
        found = f"{wrong.flat[0]:g}" if wrong.size else "none"
        raise ValueError(f"`at` counts updates done: whole numbers of at least 1 in one row, got {found}")
    return counts


def compress(schedule: Schedule | Any, at: Any) -> Path:
    """The `Path` of a schedule, or of an array of per-update rates, at ``at``.

    Args:
        schedule: A Schedule, or one rate per update.
        at: Updates done at each position, in any order, each at least 1.

    Raises:
        ValueError: A position is below 1, the rates are too few, or one is no finite number of at
            least 0, or all are 0 until the first position.

    >>> from lehr import Constant
    >>> path = compress(Constant(0.1), [5, 10])
    >>> path.progress, path.knots
    (array([0.5, 1. ]), 1)
    """
    counts = positions(at)
    done = counts.astype(np.intp)
    rates = rates_of(schedule, int(done.max()))
    area = np.cumsum(rates)
    if not area[done.min() - 1] > 0:
        raise ValueError(f"a law needs a rate above 0 before the first loss, and until update {done.min()} all are 0")
    changes = np.flatnonzero(np.diff(rates, prepend=0.0))
    ends = _cells(rates, area, changes)
    moments = _moments(rates, area, changes)
    starts = np.concatenate([[0], ends[:-1]])

    # In changes, not updates: those that each position has seen, and the cells they fill.
    seen = np.searchsorted(changes, done)
    full = np.maximum(np.searchsorted(ends, seen, side="right") - 1, 0)
    last, edge = starts[full], np.minimum(ends[full], seen)
    cuts = np.stack([last, _between(last, edge), edge, _between(edge, seen), seen], axis=1)
    low = np.concatenate([starts, cuts[:, :-1].ravel()])
    high = np.concatenate([ends, cuts[:, 1:].ravel()])
    centre = _centres(moments, low, high, rates, area, changes)

    pairs = full + OWN
    first = np.concatenate([[0], np.cumsum(pairs)[:-1]])
    position = np.repeat(np.arange(len(done)), pairs)
    order = np.arange(pairs.sum()) - first[position]
    cell = np.where(order < full[position], order, len(ends) + OWN * position + order - full[position])
    progress = area[done - 1]
    gap = np.maximum(progress[position] - centre[0][cell], SMALLEST_RATE)
    steps = counts[position] - centre[2][cell]
    held = np.concatenate([[0.0], rates[changes]])
    return Path(
        counts, progress, rates[done - 1], held[low], held[high], cell, first,
        centre[1][cell], gap, np.log(gap), steps,
    )  # fmt: skip


def _cells(rates: Array, area: Array, changes: Ints) -> Ints:
    """Where cells end, counted in changes."""
    roots = np.sqrt(np.concatenate([[0.0], rates[changes]]))
    moves = np.diff(roots)
    # A rise is a warmup, long past when its first loss is used: it may be cut coarser.
    moves = np.where(moves > 0, moves / RISE, moves)
    travelled = np.cumsum(np.abs(moves))
    unit = max(travelled[-1], roots.max()) / CELLS
    stretch = np.floor(area[changes] / area[-1] * STRETCHES)
    big = np.abs(moves) > unit / 2
    new = big[1:] | big[:-1] | (np.sign(moves[1:]) != np.sign(moves[:-1]))
    new |= np.floor(travelled[1:] / unit) != np.floor(travelled[:-1] / unit)
    new |= stretch[1:] != stretch[:-1]
    return np.append(np.flatnonzero(new) + 1, len(changes))


def _between(low: Ints, high: Ints) -> Ints:
    return low + ((high - low) * CUT).astype(np.intp)


def _moments(rates: Array, area: Array, changes: Ints) -> Array:
    """Sums over changes of their mass, and of mass x (area before, ln rate, position)."""
    roots = np.sqrt(np.concatenate([[0.0], rates[changes]]))
    # The noise level grows about as the square root of the rate, so that is what has mass.
    mass = np.abs(np.diff(roots))
    where = np.stack([area[changes] - rates[changes], log_rates(rates[changes]), changes.astype(float)])
    return np.concatenate([np.zeros((4, 1)), np.cumsum(np.vstack([mass, mass * where]), axis=1)], axis=1)


def log_rates(rates: Array) -> Array:
    return np.asarray(np.log(np.maximum(rates, SMALLEST_RATE) / REFERENCE_RATE))


def _centres(moments: Array, low: Ints, high: Ints, rates: Array, area: Array, changes: Ints) -> Array:
    """Area, ln rate and position of each cell's centre; of an empty cell, those of its last change."""
    inside = moments[:, high] - moments[:, low]
    last = changes[np.maximum(high - 1, 0)]
    alone = np.stack([area[last] - rates[last], log_rates(rates[last]), last.astype(float)])
    # A difference of sums loses digits where the mass is tiny; one change needs no mean anyway.
    several = (high - low > 1) & (inside[0] > 1e-9 * moments[0, -1])
    return np.where(several, inside[1:] / np.where(several, inside[0], 1.0), alone)
