"""Schedules drawn: one with its phases and changes, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import EngFormatter, PercentFormatter

from ..schedules import Schedule
from ..schedules.description import horizon
from ..schedules.recipes import Recipe
from .curves import curve
from .look import add_legend, new_axes
from .marks import mark_changes, mark_phases
from .rates import set_linear_rates, set_log_rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..control import Change


def plot_schedule(
    schedule: Schedule,
    ax: Axes | None = None,
    *,
    stop: float | None = None,
    log: bool = False,
    share: bool = False,
    phases: bool = True,
    history: Sequence[Change] = (),
    label: str | None = None,
) -> Axes:
    """Draw the rate of one schedule over the steps of the run.

    Jumps are vertical, at the position where the schedule jumps. The line goes from position 0 to
    ``stop``, both included, so its last point is the rate that holds after the run.

    Args:
        schedule: What to draw.
        ax: Where to draw; None for a new figure.
        stop: Steps to draw; None for the schedule's length, or a first stretch of an endless one.
        log: Whether the rate axis is logarithmic. It has no 0: where the rate goes there, the axis
            ends five decades under the peak.
        share: Whether the other axis shows the share of the run, 0 to 100 %, instead of steps.
        phases: Whether warmup, hold, decay and cooldown are named above the axes, the warmup and
            the cooldown shaded; a schedule of more than a dozen phases is drawn without.
        history: Changes of a run, ``scheduler.history``: each is marked where it was made.
        label: The line's name, for a legend.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: ``stop`` is not above 0, or the rate of a logarithmic picture is 0 everywhere.

    >>> from lehr import cosine
    >>> axes = plot_schedule(cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4))
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('Step', 'Learning rate')
    """
    stop = _stop(schedule, stop)
    ax = _plot([(label, schedule, stop)], ax, log, share)
    scale = 100 / stop if share else 1
    if phases:
        mark_phases(schedule, ax, stop, scale)
    mark_changes(history, ax, stop, scale)
    return ax


def plot_schedules(
    schedules: Mapping[str, Schedule] | Sequence[Schedule],
    ax: Axes | None = None,
    *,
    stop: float | None = None,
    log: bool = False,
    share: bool = False,
) -> Axes:
    """Draw several schedules into one picture, with a legend.

    Each line ends where its schedule does, unless ``stop`` is given; one that never ends goes on to
    the end of the longest.

    Args:
        schedules: What to draw, by name; without names each is called what tells it from the others.
        ax: Where to draw; None for a new figure.
        stop: Steps to draw of each.
        log: Whether the rate axis is logarithmic, as in `plot_schedule`.
        share: Whether the other axis shows the share of each schedule's own run, 0 to 100 %.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: There is no schedule, ``stop`` is not above 0, or every rate of a logarithmic
            picture is 0.

    >>> from lehr import cosine, linear
    >>> axes = plot_schedules([cosine("100k", max_lr=1.0), linear("100k", max_lr=1.0)])
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['cosine', 'linear']
    """
    named = dict(schedules) if isinstance(schedules, Mapping) else _named(schedules)
    if not named:
        raise ValueError("plot_schedules needs at least one schedule, got none")
    longest = max(schedule.length or 0 for schedule in named.values())
    lines = [(name, schedule, _stop(schedule, stop, longest)) for name, schedule in named.items()]
    ax = _plot(lines, ax, log, share)
    add_legend(ax)
    return ax


def _named(schedules: Sequence[Schedule]) -> dict[str, Schedule]:
    """Each schedule under the name of its kind, and under the settings that tell it from its like."""
    kinds = [s.name if isinstance(s, Recipe) else type(s).__name__ for s in schedules]
    named = {}
    for kind, schedule in zip(kinds, schedules, strict=True):
        alike = [s.settings() for s, other in zip(schedules, kinds, strict=True) if other == kind]
        own = schedule.settings().items()
        words = [f"{word}={value!r}" for word, value in own if any(s.get(word) != value for s in alike)]
        named[f"{kind}({', '.join(words)})" if words else kind] = schedule
    return named


def _stop(schedule: Schedule, stop: float | None, longest: float = 0) -> float:
    if stop is None:
        return schedule.length or longest or horizon(schedule)
    if not 0 < stop < np.inf:
        raise ValueError(f"a picture needs a `stop` above 0, got {stop!r}")
    return stop


def _plot(lines: Sequence[tuple[str | None, Schedule, float]], ax: Axes | None, log: bool, share: bool) -> Axes:
    """Draw named schedules up to their stops, and set up the axes."""
    curves = [curve(schedule, stop) for _, schedule, stop in lines]
    rates = np.concatenate([rates for _, rates in curves])
    if log and not rates.any():
        raise ValueError("a rate that is 0 everywhere cannot be drawn on a logarithmic axis")
    ax = new_axes() if ax is None else ax
    for (label, _, stop), (x, y) in zip(lines, curves, strict=True):
        scale = 100 / stop if share else 1
        (line,) = ax.plot(x * scale, y, label=label)
        line.sticky_edges.y[:] = [0]  # no margin below 0
    ax.set_xlabel("Share of the run" if share else "Step")
    ax.set_ylabel("Learning rate")
    ax.xaxis.set_major_formatter(PercentFormatter() if share else EngFormatter(sep=""))
    set_log_rates(ax, rates) if log else set_linear_rates(ax)
    return ax
