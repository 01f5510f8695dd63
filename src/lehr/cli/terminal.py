"""Schedules drawn for a terminal, in dots."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..schedules import Schedule
    from ..schedules.backends import Array

_ROWS = 10
_DECADES = 5
_POINTS = 500
_MOST_CHANGES = 500


def draw(schedules: Mapping[str, Schedule], stop: int | None, log: bool, share: bool) -> str:
    """Rates over steps as text; each line carries its name three times.

    Args:
        schedules: What to draw, by a short name such as a letter; an empty name is not shown.
        stop: Steps to draw; None for each schedule's own.
        log: Whether the rate axis is logarithmic. It reaches down five decades at most.
        share: Whether the other axis is the share of each schedule's run instead of steps.

    Raises:
        ValueError: Every rate of a logarithmic plot is 0.
    """
    import plotille

    until = stops(schedules, stop)
    curves = {name: _curve(schedule, until[name]) for name, schedule in schedules.items()}
    peak = max(float(rates.max()) for _, rates in curves.values())
    lowest = min(float(rates.min()) for _, rates in curves.values())
    if log and not peak:
        raise ValueError("a rate that is 0 everywhere cannot be drawn on a logarithmic axis")
    floor = max(lowest, peak / 10**_DECADES) if log else 0.0

    def height(rate: float) -> float:
        return math.log10(max(rate, floor)) if log else rate

    figure = plotille.Figure()
    figure.with_colors = figure.origin = False
    # One row more, for what is at the very top; so each row is a tenth of the peak.
    figure.width, figure.height = 50 if shutil.get_terminal_size().columns < 123 else 100, _ROWS + 1
    figure.x_label, figure.y_label = "% of the run" if share else "step", "rate"
    figure.set_x_limits(0, 100 if share else max(until.values()))
    bottom, room = height(floor), height(peak) - height(floor) or 1.0
    figure.set_y_limits(bottom, bottom + room * (_ROWS + 1) / _ROWS)
    figure.x_ticks_fkt = lambda x, _: f"{_short(x):<9}"
    figure.y_ticks_fkt = lambda y, _: f"{10**y if log else y:>10.3g}"
    for index, (name, (positions, rates)) in enumerate(curves.items(), start=1):
        scale = 100 / until[name] if share else 1
        figure.plot(positions * scale, [height(rate) for rate in rates])
        for third in range(3) if name else ():
            at = until[name] * (third + index / (len(curves) + 1)) / 3
            figure.text([at * scale], [height(schedules[name](at))], [name])
    head, _, *rows = figure.show().splitlines()
    return "\n".join(line.rstrip("⠀ ") for line in (head, *rows))


def stops(schedules: Mapping[str, Schedule], stop: int | None) -> dict[str, float]:
    """Up to where to look at each: ``stop``, or its end, or the last end of the others."""
    from ..schedules.description import horizon

    longest = max(schedule.length or 0 for schedule in schedules.values())
    return {name: stop or schedule.length or longest or horizon(schedule) for name, schedule in schedules.items()}


def _curve(schedule: Schedule, stop: float) -> tuple[Array, Array]:
    import numpy as np

    changes = np.array([*schedule.breaks(stop, most=_MOST_CHANGES), stop], dtype=float)
    # By the golden ratio, since even steps could keep step with short cycles and miss their tops.
    between = np.arange(_POINTS) * (math.sqrt(5) - 1) / 2 % 1 * stop
    positions = np.unique(np.concatenate([between, changes, np.nextafter(changes, 0)]))
    return positions, schedule(positions)


def _short(number: float) -> str:
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.4g}{unit}"
    return f"{number:.4g}"
