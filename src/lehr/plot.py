"""Pictures of schedules with matplotlib: each function draws on an Axes and returns it.

Nothing global is touched: without an Axes a new `Figure` is made, outside pyplot, and its look is
its own, `STYLE`. It is sized for one column of a paper; `save` writes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .files import whole_file
from .schedules import Schedule
from .schedules.description import Summary, horizon
from .schedules.recipes import Recipe

try:
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, FuncFormatter, LogFormatter, PercentFormatter
except ImportError as error:
    raise ImportError('lehr.plot draws with matplotlib: pip install "lehr[plot]"') from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .schedules.backends import Array

# Okabe & Ito's colours, which colour-blind readers tell apart; dashes do so in print without colour.
_LINES = cycler(
    color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"],
    linestyle=["-", (0, (6, 1.5)), (0, (4, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 2, 2, 2)), (0, (3, 1)), (0, (5, 5))],
)
STYLE: Any = {  # to mypy, a dict of the literal names of all settings
    "figure.figsize": (5.0, 2.9),
    "figure.dpi": 200,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.prop_cycle": _LINES,
    "axes.linewidth": 0.6,
    "axes.xmargin": 0.015,  # without one a short warmup would hide in the axis
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
}
"""The look of these pictures, for pictures beside them: ``with matplotlib.rc_context(STYLE):``."""
_POINTS = 2_000
_MOST_CHANGES = 1_000
_MOST_PHASES = 12
_SHADED = ("warmup", "rise", "cooldown")
_LONG_NAME = 25
_DECADES = 5  # that a logarithmic axis shows of a rate on its way to 0


def plot_schedule(
    schedule: Schedule,
    ax: Axes | None = None,
    *,
    stop: float | None = None,
    log: bool = False,
    share: bool = False,
    phases: bool = True,
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
    if phases:
        _mark_phases(schedule, ax, stop, 100 / stop if share else 1)
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
    >>> axes = plot_schedules([cosine("100k"), linear("100k")])
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


def new_axes() -> Axes:
    """The Axes of a new figure, in lehr's look."""
    with mpl.rc_context(STYLE):
        return Figure().subplots()


def add_legend(ax: Axes) -> None:
    """Name the lines of ``ax``: inside, or above the axes where long names would cover the lines."""
    longest = max(len(str(line.get_label())) for line in ax.get_lines())
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.3}
    where: Any = above if longest > _LONG_NAME else {"borderaxespad": 1.2}
    ax.legend(frameon=False, fontsize=_small(ax), handlelength=2.6, **where)


def save(ax: Axes, path: str | os.PathLike[str]) -> None:
    """Write the picture that an Axes is on, whole or not at all.

    Args:
        ax: The Axes.
        path: Where to; its suffix says the format: .png, .svg, .pdf and what else matplotlib writes.

    Raises:
        ValueError: The path has no suffix, or matplotlib writes no such format.
        OSError: The file cannot be written.
    """
    suffix = Path(path).suffix
    if not suffix:
        raise ValueError(f"a picture's file ends in .png, .svg or .pdf, got {str(path)!r}")
    with whole_file(path) as file:
        ax.figure.canvas.print_figure(file, format=suffix[1:])


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
    curves = [_curve(schedule, stop) for _, schedule, stop in lines]
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
    _set_log_rates(ax, rates) if log else _set_linear_rates(ax)
    return ax


def _curve(schedule: Schedule, stop: float) -> tuple[Array, Array]:
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


def _set_linear_rates(ax: Axes) -> None:
    ax.update_datalim([(0, 0)])
    ax.autoscale_view()
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _rate(y, scientific=ax.get_ylim()[1] < 0.02)))


def _set_log_rates(ax: Axes, rates: Array) -> None:
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(_LogRates())
    ax.yaxis.set_minor_formatter(_LogRates())
    if not rates.all():
        ax.set_ylim(rates.max() / 10**_DECADES, 2 * rates.max(), auto=None)


class _LogRates(LogFormatter):
    """Labels where matplotlib wants them on a logarithmic axis, written as people type a rate."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return _rate(x, scientific=True) if super().__call__(x, pos) else ""


def _rate(rate: float, scientific: bool) -> str:
    """A rate as people type it: 2e-4 rather than 0.0002."""
    if not scientific or not rate:
        return f"{rate:.4g}"
    mantissa, exponent = f"{rate:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _mark_phases(schedule: Schedule, ax: Axes, stop: float, scale: float) -> None:
    """Shade the ways up and the last way down; name above the axes what finds room there."""
    groups = [(kind, list(same)) for kind, same in groupby(Summary(schedule, stop).phases, lambda p: p.kind)]
    if len(groups) > _MOST_PHASES:
        return
    bands = [(kind, same[0].start * scale, same[-1].stop * scale) for kind, same in groups]
    for kind, left, right in bands:
        if kind in _SHADED and len(bands) > 1:
            ax.axvspan(left, right, facecolor="0.5", alpha=0.1, linewidth=0)
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    names = ax.secondary_xaxis("top")
    names.set_xticks(*_placed(bands, letter=0.6 * _small(ax) / points * stop * scale))
    names.tick_params(length=0, labelsize=_small(ax), labelcolor="0.35")
    names.spines["top"].set_visible(False)


def _placed(bands: list[tuple[str, float, float]], letter: float) -> tuple[list[float], list[str]]:
    """Where each band's name is centred; the widest bands come first, and no two names overlap.

    ``letter`` is the width of one, measured as the bands are.
    """
    placed: list[tuple[float, str]] = []
    for kind, left, right in sorted(bands, key=lambda band: band[1] - band[2]):
        middle = (left + right) / 2
        if all(abs(middle - at) > letter * (len(kind) + len(word) + 1) / 2 for at, word in placed):
            placed.append((middle, kind))
    return [at for at, _ in placed], [word for _, word in placed]


def _small(ax: Axes) -> float:
    """The size of secondary words, in points."""
    return 0.85 * float(ax.xaxis.label.get_fontsize())
