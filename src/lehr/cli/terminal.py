"""Schedules and losses drawn for a terminal, in Braille dots or in ASCII."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..schedules import Schedule
from ..schedules.sampling import positions
from .text import columns

if TYPE_CHECKING:
    from ..forecast import Forecast
    from ..schedules.backends import Array

_ROWS = 10
_DECADES = 5
_POINTS = 500
_LABELS = 13  # columns to the left of the lines: a number and the axis
_LAST_TICK = 5  # columns that the last number may need to the right of its tick
_WIDTHS = (20, 40, 50, 100)  # with a tick every 10 columns, these divide a run into round numbers
_UPPER_DOTS, _BLANK = 0b00011011, "\u2800"


def draw(schedules: Mapping[str, Schedule], stop: int | None, log: bool, share: bool) -> str:
    """Rates over steps as text; each line carries its name three times.

    Args:
        schedules: What to draw, by a short name such as a letter; an empty name is not shown.
        stop: Steps to draw; None for the length of each schedule.
        log: Whether the rate axis is logarithmic. It reaches down five decades at most.
        share: Whether the other axis is the share of each schedule's run instead of steps.

    Raises:
        ValueError: Every rate of a logarithmic plot is 0.
    """
    from ..plot.curves import stops

    until = stops(schedules, stop)
    at = {name: positions(schedule, until[name], _POINTS) for name, schedule in schedules.items()}
    rates = {name: schedule(at[name]) for name, schedule in schedules.items()}
    peak, lowest = (float(f(f(values) for values in rates.values())) for f in (max, min))
    if log and not peak:
        raise ValueError("a rate that is 0 everywhere cannot be drawn on a logarithmic axis")
    floor = max(lowest, peak / 10**_DECADES) if log else 0.0

    def height(rate: float) -> float:
        return math.log10(max(rate, floor)) if log else rate

    lines = {name: (at[name] * (100 / until[name] if share else 1), [*map(height, rates[name])]) for name in rates}
    labels = ("% of the run" if share else "step", "rate")
    return _drawn(lines, labels, (height(floor), height(peak)), lambda y: f"{10**y if log else y:>10.3g}")


def draw_losses(forecasts: Mapping[str, Forecast]) -> str:
    """Losses over updates as text, without the first descent, by names as in `draw`."""
    from ..forecast import in_view

    _, top = in_view(forecasts.values())
    bottom = min(float(f.loss.min()) for f in forecasts.values())  # no band is drawn
    lines = {name: (f.at[f.loss <= top], f.loss[f.loss <= top]) for name, f in forecasts.items()}
    return _drawn(lines, ("updates", "loss"), (bottom, top), lambda y: f"{y:>10.4g}")


def _drawn(
    lines: Mapping[str, tuple[Array, Array | list[float]]],
    labels: tuple[str, str],
    heights: tuple[float, float],
    tick: Callable[[float], str],
) -> str:
    """Named lines in a frame from 0 to the end of the longest, and between two heights."""
    import numpy as np
    import plotille

    bottom, top = heights
    room = columns(otherwise=80) - _LABELS - _LAST_TICK
    figure = plotille.Figure()
    figure.with_colors = figure.origin = False
    # One more row, for the rates at the very top, so that each row is a tenth of the way there.
    figure.width, figure.height = max(width for width in _WIDTHS if width <= room), _ROWS + 1
    figure.x_label, figure.y_label = labels
    figure.set_x_limits(0, max(float(x[-1]) for x, _ in lines.values()))
    figure.set_y_limits(bottom, bottom + (top - bottom or 1.0) * (_ROWS + 1) / _ROWS)
    figure.x_ticks_fkt = lambda x, _: f"{_short(x):<9}"
    figure.y_ticks_fkt = lambda y, _: tick(y)
    for index, (name, (x, y)) in enumerate(lines.items(), start=1):
        figure.plot(x, y)
        for third in range(3) if name else ():
            at = x[0] + (x[-1] - x[0]) * (third + index / (len(lines) + 1)) / 3
            figure.text([at], [float(np.interp(at, x, y))], [name])
    head, _, *rows, axis, ticks = figure.show().splitlines()
    label = f" ({labels[0]})"
    axis = axis[: _LABELS + figure.width - len(label)] + label
    drawn = "\n".join(line.rstrip(f"{_BLANK} ") for line in (head, *rows, axis, ticks))
    return drawn if _shows_dots() else drawn.translate(_IN_ASCII)


def _shows_dots() -> bool:
    """Whether the output can show Braille, by its encoding and by the locale that was asked for.

    Python writes UTF-8 in the C locale, for which it may set ``LC_CTYPE`` itself (PEP 538); the
    terminal need not show it.
    """
    locales = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    asked = next((name for name in locales if name and name != "C.UTF-8"), "")
    try:
        _BLANK.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return asked not in ("C", "POSIX")


# For each Braille character, whose bits are its dots, the ASCII character that is most like it.
_IN_ASCII = {
    ord(_BLANK) + dots: " '.:"[bool(dots & _UPPER_DOTS) + 2 * bool(dots & ~_UPPER_DOTS)] for dots in range(256)
}


def _short(number: float) -> str:
    unit, size = next(((u, s) for u, s in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)) if number >= s), ("", 1))
    return f"{number / size:.4g}{unit}"
