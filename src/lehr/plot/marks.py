"""Marks in a picture: phases, an unfinished cycle, and changes of the run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..schedules import Schedule
from ..schedules.description import Phase, Summary
from .look import MARKS, small

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..control import Change

_MOST = 12
_FALLING = ("decay", "cooldown")
_SHADED = ("warmup", "rise", "cooldown")


def mark_phases(schedule: Schedule, ax: Axes, stop: float, scale: float) -> None:
    """Shade warmup, rises and cooldown, and name the phases above the axes where there is room."""
    bands = [(kind, left * scale, right * scale) for kind, left, right in _bands(Summary(schedule, stop).phases)]
    if len(bands) > _MOST:
        return
    for kind, left, right in bands:
        if kind in _SHADED and len(bands) > 1:
            ax.axvspan(left, right, facecolor="0.5", alpha=0.1, linewidth=0)
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    names = ax.secondary_xaxis("top")
    names.set_xticks(*_placed(bands, letter=0.6 * small(ax) / points * stop * scale))
    names.tick_params(length=0, labelsize=small(ax), labelcolor=MARKS)
    names.spines["top"].set_visible(False)


def _bands(phases: Sequence[Phase]) -> list[tuple[str, float, float]]:
    """Phases of one kind that follow each other, as one; a decay after a restart is one of its own."""
    bands: list[tuple[str, float, float]] = []
    for before, phase in pairwise((None, *phases)):
        assert phase is not None
        restarts = before is not None and phase.first > before.last and phase.kind in _FALLING
        if bands and bands[-1][0] == phase.kind and not restarts:
            bands[-1] = (phase.kind, bands[-1][1], phase.stop)
        else:
            bands.append((phase.kind, phase.start, phase.stop))
    return bands


def _placed(bands: list[tuple[str, float, float]], letter: float) -> tuple[list[float], list[str]]:
    """Where each band's name is centred. The widest bands come first, and no two names overlap.

    ``letter`` is the width of a letter in the units of the bands.
    """
    placed: list[tuple[float, str]] = []
    for kind, left, right in sorted(bands, key=lambda band: band[1] - band[2]):
        middle = (left + right) / 2
        if all(abs(middle - at) > letter * (len(kind) + len(word) + 1) / 2 for at, word in placed):
            placed.append((middle, kind))
    return [at for at, _ in placed], [word for _, word in placed]


def mark_unfinished(schedule: Schedule, ax: Axes, stop: float) -> None:
    """Say above the axes that a run ends in the middle of a cycle, and at which rate."""
    end = schedule.length
    if end is None or end > stop or not (finding := Summary(schedule, end).unfinished):
        return
    ax.set_title(f"ends {finding}", loc="right", fontsize=small(ax), color=MARKS)


def mark_changes(history: Sequence[Change], ax: Axes, stop: float, scale: float) -> None:
    """Draw a dotted line at each change of the run, and name the changes if there are few."""
    shown = [(change, change.position * scale) for change in history if change.position <= stop]
    for change, at in shown:
        ax.axvline(at, color=MARKS, linewidth=0.8, linestyle=":")
        if len(shown) <= _MOST:
            ax.annotate(
                change.what.partition("(")[0], (at, 0), (-1, 4), xycoords=ax.get_xaxis_transform(),
                textcoords="offset points", rotation=90, ha="right", va="bottom", fontsize=small(ax), color=MARKS,
            )  # fmt: skip
