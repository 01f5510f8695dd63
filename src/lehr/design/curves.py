"""Curves and numbers of a schedule, as plain data for the page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..forecast import Law, convex_bound, whole_run
from ..schedules import Schedule
from ..schedules.description import numbers

POINTS = 600
MOST_BREAKS = 400
LONGEST_BOUND = 1_000_000
"""Steps of the longest run whose convex bound is computed while one waits."""


def curve_of(schedule: Schedule, stop: float) -> dict[str, Any]:
    """Steps and rates, with both sides of every jump."""
    edges = np.array(list(schedule.breaks(stop, MOST_BREAKS)), dtype=np.float64)
    where = np.concatenate([np.linspace(0, stop, POINTS), edges, np.nextafter(edges, 0), [stop]])
    where = np.unique(where[(where >= 0) & (where <= stop)])
    return {"x": where.tolist(), "y": np.asarray(schedule(where), dtype=np.float64).tolist()}


def numbers_of(schedule: Schedule, stop: float) -> dict[str, Any]:
    """The numbers of the whole run, with the convex bound."""
    found = numbers(schedule, None if schedule.length else int(stop))
    return {**found, "phases": found["phases"][:12], "bound": _bound(schedule, schedule.length or stop)}


def _bound(schedule: Schedule, stop: float) -> float | None:
    """The convex bound of the run; None where its last rate is 0, or where it is too long."""
    updates = math.floor(stop)
    if not 1 <= updates <= LONGEST_BOUND or not schedule(updates - 1) > 0:
        return None
    return convex_bound(schedule, updates)


def forecast_of(law: Law, schedule: Schedule) -> dict[str, Any]:
    """The forecast losses with their band."""
    if not schedule.length:
        raise ValueError("a forecast needs a schedule that ends")
    found = law.predict(schedule, whole_run(schedule, int(schedule.length)))
    return {
        "at": found.at.tolist(),
        "loss": found.loss.tolist(),
        "low": found.low.tolist(),
        "high": found.high.tolist(),
        "notes": [*law.warnings, f"The forecast {found.reach}.", *found.notes],
    }
