"""A schedule as the points of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..schedules import Schedule

if TYPE_CHECKING:
    from ..schedules.backends import Array

_POINTS = 2_000
_MOST_CHANGES = 1_000


def curve(schedule: Schedule, stop: float) -> tuple[Array, Array]:
    """Positions from 0 to ``stop`` and their rates: evenly spread, and on both sides of each jump."""
    edges = np.array([*schedule.breaks(stop, most=_MOST_CHANGES), stop], dtype=float)
    if len(edges) > _MOST_CHANGES:
        return _envelope(schedule, stop)
    # A schedule that was stretched may jump a rounding error beside where it says.
    sides = np.multiply.outer(edges, [1 - 1e-12, 1, 1 + 1e-12])
    positions = np.union1d(np.linspace(0, stop, _POINTS + 1), sides[sides <= stop])
    return positions, schedule(positions)


def _envelope(schedule: Schedule, stop: float) -> tuple[Array, Array]:
    """Where the line would be a thicket: the lowest and the highest rate of each narrow stretch."""
    # At random, since even steps could keep step with the cycles and always meet the same rate.
    positions = np.floor(np.sort(np.random.default_rng(0).uniform(0, stop, 100 * _POINTS)))
    positions[[0, -1]] = 0, stop
    positions = positions.reshape(_POINTS, 100)
    rates = schedule(positions)
    shown = np.sort([rates.argmin(axis=1), rates.argmax(axis=1)], axis=0).T
    shown[0, 0], shown[-1, -1] = 0, 99
    stretch = np.arange(_POINTS)[:, None]
    return positions[stretch, shown].ravel(), rates[stretch, shown].ravel()
