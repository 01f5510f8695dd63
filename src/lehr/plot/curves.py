"""A schedule as the points of a line; needs no matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..schedules import Schedule
from ..schedules.description import horizon
from ..schedules.sampling import positions, spread

if TYPE_CHECKING:
    from ..schedules.backends import Array

_POINTS = 2_000
_MOST_CHANGES = 1_000
_LOOKED_AT = 100  # positions for each two points of an envelope


def stops(schedules: Mapping[str, Schedule], stop: float | None) -> dict[str, float]:
    """The last position to draw of each: ``stop``, or its end, or for an endless one the last end of the others."""
    longest = max(schedule.length or 0 for schedule in schedules.values())
    return {name: stop or schedule.length or longest or horizon(schedule) for name, schedule in schedules.items()}


def curve(schedule: Schedule, stop: float) -> tuple[Array, Array]:
    """Positions from 0 to ``stop``, spread over the run and on both sides of each jump, and their rates."""
    if len(schedule.breaks(stop, most=_MOST_CHANGES)) >= _MOST_CHANGES:
        return _envelope(schedule, stop)
    at = positions(schedule, stop, _POINTS)
    return at, schedule(at)


def _envelope(schedule: Schedule, stop: float) -> tuple[Array, Array]:
    """The lowest and the highest rate of each short part of a run, where a line through all would be solid."""
    at = np.floor(spread(_LOOKED_AT * _POINTS, stop))
    at[[0, -1]] = 0, stop
    at = at.reshape(_POINTS, _LOOKED_AT)
    rates = schedule(at)
    shown = np.sort([rates.argmin(axis=1), rates.argmax(axis=1)], axis=0).T
    shown[0, 0], shown[-1, -1] = 0, _LOOKED_AT - 1
    part = np.arange(_POINTS)[:, None]
    return at[part, shown].ravel(), rates[part, shown].ravel()
