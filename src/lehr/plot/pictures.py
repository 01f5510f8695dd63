"""Pictures of schedules: one with its phases and changes, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import EngFormatter, PercentFormatter

from ..schedules import Schedule
from ..schedules.checks import shown
from ..schedules.recipes import Recipe
from .curves import curve, stops
from .look import add_legend, current_axes
from .marks import mark_changes, mark_phases, mark_unfinished
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
    phases: bool | None = None,
    history: Sequence[Change] = (),
    label: str | None = None,
) -> Axes:
    """Draw the rate of a schedule over the steps of the run, and return the Axes.

    Jumps are vertical. The line goes from position 0 to ``stop``, both included, so its last point is the
    rate that holds after the run. If a run ends in the middle of a cycle, a note says at which rate.

    Args:
        schedule: The schedule to draw.
        ax: The Axes to draw on; None for pyplot's current one where pyplot is in use (as in a
            notebook), and else for a new figure.
        stop: Steps to draw; None for the schedule's length, or for the beginning of an endless one.
        log: Whether the rate axis is logarithmic. Where the rate goes to 0, the axis ends five
            decades below the peak.
        share: Whether the other axis shows the share of the run, 0 to 100 %, instead of steps.
        phases: Whether warmup, hold, decay and cooldown are named above the axes, and the warmup and
            the cooldown shaded, if there are at most a dozen phases. None for an Axes without lines.
        history: Changes of a run, ``scheduler.history``; each is marked at its position.
        label: The line's name, for a legend.

    Raises:
        ValueError: ``stop`` is not above 0, or the rate of a logarithmic picture is 0 everywhere.

    >>> from lehr import cosine
    >>> axes = plot_schedule(cosine("100k", "1k", max_lr=1e-3, min_lr=1e-4))
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('Step', 'Learning rate')
    """
    stop = _stops({"": schedule}, stop)[""]
    ax = _plot([(label, schedule, stop)], ax, log, share)
    scale = 100 / stop if share else 1
    if phases or (phases is None and len(ax.lines) == 1):
        mark_phases(schedule, ax, stop, scale)
    mark_unfinished(schedule, ax, stop)
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
    """Draw several schedules into one picture, with a legend, and return the Axes.

    Without ``stop`` each line ends with its schedule; an endless schedule is drawn to the end of the longest.

    Args:
        schedules: The schedules to draw, by name; without names each is named by its kind and the
            settings in which it differs from the others of its kind.
        ax: The Axes to draw on, as in `plot_schedule`; so ``log``.
        stop: Steps to draw of each.
        log: Whether the rate axis is logarithmic.
        share: Whether the other axis shows the share of each schedule's run, 0 to 100 %.

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
    until = _stops(named, stop)
    ax = _plot([(name, schedule, until[name]) for name, schedule in named.items()], ax, log, share)
    add_legend(ax)
    return ax


def _named(schedules: Sequence[Schedule]) -> dict[str, Schedule]:
    """Each schedule by its kind, and by the settings in which it differs from the others of that kind."""
    kinds = [s.name if isinstance(s, Recipe) else type(s).__name__ for s in schedules]
    named = {}
    for kind, schedule in zip(kinds, schedules, strict=True):
        alike = [s.settings() for s, its_kind in zip(schedules, kinds, strict=True) if its_kind == kind]
        settings = schedule.settings().items()
        differing = [f"{name}={shown(value)}" for name, value in settings if any(s.get(name) != value for s in alike)]
        named[f"{kind}({', '.join(differing)})" if differing else kind] = schedule
    return named


def _stops(schedules: Mapping[str, Schedule], stop: float | None) -> dict[str, float]:
    if stop is not None and not 0 < stop < np.inf:
        raise ValueError(f"a picture needs a `stop` above 0, got {shown(stop)}")
    return stops(schedules, stop)


def _plot(lines: Sequence[tuple[str | None, Schedule, float]], ax: Axes | None, log: bool, share: bool) -> Axes:
    """Draw named schedules up to their stops, and set up the axes."""
    curves = [curve(schedule, stop) for _, schedule, stop in lines]
    rates = np.concatenate([rates for _, rates in curves])
    if log and not rates.any():
        raise ValueError("a rate that is 0 everywhere cannot be drawn on a logarithmic axis")
    ax = current_axes() if ax is None else ax
    for (label, _, stop), (x, y) in zip(lines, curves, strict=True):
        scale = 100 / stop if share else 1
        (line,) = ax.plot(x * scale, y, label=label)
        line.sticky_edges.y[:] = [] if log else [0]  # no margin below 0
    ax.set_xlabel("Share of the run" if share else "Step")
    ax.set_ylabel("Learning rate")
    ax.xaxis.set_major_formatter(PercentFormatter() if share else EngFormatter(sep=""))
    set_log_rates(ax, rates) if log else set_linear_rates(ax)
    return ax
