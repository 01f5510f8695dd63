"""A schedule as a law sees it: the area under it so far, and the places where its rate changes.

A law counts in the units of the run: rates as shares of its own peak, and area in `CLOCK` updates at that peak.

A law sums over every change of the rate before each loss. Between two losses, hundreds of small
changes act almost as one, so they are merged into cells: a cell has the weight of the change of the
noise level from its start to its end (exact for any law, because the sum telescopes) and is placed
at the centre of mass of its changes. Cells depend on the schedule alone. For each loss, the cell
that contains it and the cell before are divided again, finer towards the loss, where relaxation is
steepest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from .rates import SMALLEST_RATE, Array, Ints, Rates, log_rates, positions, rates_of

CLOCK = 1000.0  # updates at the peak that make up the unit of area
CELLS = 104  # a cell holds at most 1 / CELLS of the variation of the square root of the rate,
CYCLE = 2.0  # of which one rise to the peak and one fall count, however many there are,
MOST_CELLS = 300  # as long as these are not exceeded
RISE = 1.5  # the variation of a rise is divided by this
STRETCHES = 80  # a cell covers at most 1 / STRETCHES of the area under the schedule
CUT = 0.6  # where a loss divides the last two cells before it, as a share of each
DIVIDED = 4  # the cells into which each loss divides these two


@dataclass(frozen=True)
class Trajectory:
    """What a law needs of a schedule at n positions; a pair joins a position to a cell before it."""

    peak: float  # the highest rate until the last position; all other rates are shares of it
    at: Array  # updates done at each position, (n,)
    progress: Array  # area under the schedule until there, (n,), in `CLOCK` updates at the peak
    rate: Array  # rate of the last update done, (n,)
    before: Array  # rate before each cell, (cells,)
    after: Array  # rate after each cell, (cells,)
    cell: Ints  # the cell of each pair, (pairs,); the pairs of a position are adjacent
    first: Ints  # the first pair of each position, (n,)
    log_rate: Array  # ln of the rate after the change, (pairs,)
    gap: Array  # area under the schedule since the change, (pairs,)
    log_gap: Array  # its logarithm
    steps: Array  # updates since the change, (pairs,)

    def sums(self, pairs: Array) -> Array:
        """For each position, the sum over its pairs (the last axis)."""
        return np.asarray(np.add.reduceat(pairs, self.first, axis=-1))

    @property
    def cell_count(self) -> int:
        """Cells of the whole schedule until the last position."""
        return len(self.before) - DIVIDED * len(self.at)


def join(trajectories: Sequence[Trajectory]) -> Trajectory:
    """Several trajectories with one peak joined, so that they are evaluated at once."""
    columns = {f.name: [getattr(trajectory, f.name) for trajectory in trajectories] for f in fields(Trajectory)}
    peak = columns.pop("peak")[0]
    for index, counted in (("cell", "before"), ("first", "cell")):
        offsets = np.cumsum([0, *map(len, columns[counted])])
        columns[index] = [part + offset for part, offset in zip(columns[index], offsets, strict=False)]
    return Trajectory(peak, **{name: np.concatenate(parts) for name, parts in columns.items()})


def compress(schedule: Rates, at: ArrayLike) -> Trajectory:
    """The `Trajectory` of a schedule at ``at``: updates done, in any order, each at least 1.

    Raises:
        ValueError: A position is below 1, the rates are too few, a rate is not from 0 to `LARGEST_RATE`, or
            all are 0 until the first position.

    >>> from lehr import Constant
    >>> trajectory = compress(Constant(0.1), [5, 10])
    >>> trajectory.progress, trajectory.cell_count
    (array([0.005, 0.01 ]), 1)
    """
    counts = positions(at)
    done = counts.astype(np.intp)
    rates = rates_of(schedule, int(done.max()))
    if not rates[: done.min()].max() >= SMALLEST_RATE:
        highest = f"until update {done.min()} the highest is {rates[: done.min()].max():g}"
        raise ValueError(f"a law needs a rate of at least {SMALLEST_RATE:g} before the first loss, and {highest}")
    peak = float(rates.max())
    rates = rates / peak
    area = np.cumsum(rates) / CLOCK
    changes = np.flatnonzero(np.diff(rates, prepend=0.0))
    ends = _cell_ends(rates, area, changes)
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

    pairs = full + DIVIDED
    first = np.concatenate([[0], np.cumsum(pairs)[:-1]])
    position = np.repeat(np.arange(len(done)), pairs)
    order = np.arange(pairs.sum()) - first[position]
    cell = np.where(order < full[position], order, len(ends) + DIVIDED * position + order - full[position])
    progress = area[done - 1]
    gap = np.maximum(progress[position] - centre[0][cell], SMALLEST_RATE)
    held = np.concatenate([[0.0], rates[changes]])
    return Trajectory(
        peak, counts, progress, rates[done - 1], held[low], held[high], cell, first,
        centre[1][cell], gap, np.log(gap), counts[position] - centre[2][cell],
    )  # fmt: skip


def _cell_ends(rates: Array, area: Array, changes: Ints) -> Ints:
    """Where cells end, counted in changes."""
    roots = np.sqrt(np.concatenate([[0.0], rates[changes]]))
    moves = np.diff(roots)
    # A rise is a warmup, long past when its first loss is used: its cells may be coarser.
    moves = np.where(moves > 0, moves / RISE, moves)
    travelled = np.cumsum(np.abs(moves))
    once = min(max(travelled[-1], roots.max()), CYCLE * roots.max())
    unit = max(once / CELLS, travelled[-1] / MOST_CELLS)
    stretch = np.floor(area[changes] / area[-1] * STRETCHES)
    big = np.abs(moves) > unit / 2
    new = big[1:] | big[:-1] | (np.sign(moves[1:]) != np.sign(moves[:-1]))
    new |= np.floor(travelled[1:] / unit) != np.floor(travelled[:-1] / unit)
    new |= stretch[1:] != stretch[:-1]
    return np.append(np.flatnonzero(new) + 1, len(changes))


def _between(low: Ints, high: Ints) -> Ints:
    return low + ((high - low) * CUT).astype(np.intp)


def _moments(rates: Array, area: Array, changes: Ints) -> Array:
    """Cumulative sums over changes of their mass, and of mass x (area before, ln rate, position)."""
    # The noise level grows about as the square root of the rate, so its change is the mass.
    sums = np.zeros((4, len(changes) + 1))
    mass = np.abs(np.diff(np.sqrt(rates[changes]), prepend=0.0))
    sums[0, 1:] = mass
    sums[1, 1:] = mass * (area[changes] - rates[changes] / CLOCK)
    sums[2, 1:] = mass * log_rates(rates[changes])
    sums[3, 1:] = mass * changes
    return np.cumsum(sums, axis=1, out=sums)


def _centres(moments: Array, low: Ints, high: Ints, rates: Array, area: Array, changes: Ints) -> Array:
    """Area, ln rate and position of each cell's centre; of an empty cell, those of its last change."""
    inside = moments[:, high] - moments[:, low]
    last = changes[np.maximum(high - 1, 0)]
    alone = np.stack([area[last] - rates[last] / CLOCK, log_rates(rates[last]), last.astype(float)])
    # A difference of sums loses digits where the mass is tiny; a single change needs no mean.
    several = (high - low > 1) & (inside[0] > 1e-9 * moments[0, -1])
    return np.where(several, inside[1:] / np.where(several, inside[0], 1.0), alone)
