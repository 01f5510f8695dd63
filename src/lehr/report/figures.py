"""The pictures of a report, as SVG that takes the colour of the text around it, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plot
from ..schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..control import Change
    from ..forecast import Forecast as Forecast
    from ..forecast import Run

_INK = "#123456"
"""The colour of words and axes, which becomes that of the page."""
MOST_POINTS = 2_000


def rates(schedules: Mapping[str, Schedule], history: Sequence[Change] = ()) -> str:
    """The rates over the steps: of one schedule with its phases and changes, of several with a legend."""
    with _look():
        axes = _axes()
        if len(schedules) == 1:
            plot.plot_schedule(next(iter(schedules.values())), axes, history=history)
        else:
            plot.plot_schedules(schedules, axes)
    return _svg(axes)


def logged(runs: Sequence[Run]) -> str:
    """The losses that were logged."""
    from matplotlib.ticker import EngFormatter

    with _look():
        axes = _axes()
        for run in runs:
            some = np.unique(np.linspace(0, len(run.at) - 1, MOST_POINTS).astype(int))
            axes.plot(run.at[some], run.loss[some], label=run.name)
        late = np.concatenate([run.loss[len(run.loss) // 10 :] for run in runs])
        axes.set_ylim(top=late.max() + 0.05 * (late.max() - late.min() or 1))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set(xlabel="Updates", ylabel="Loss")
        plot.add_legend(axes)
    return _svg(axes)


def forecasts(found: Mapping[str, Forecast]) -> str:
    """The forecast losses with their bands."""
    from ..forecast import plot_forecasts

    with _look():
        axes = plot_forecasts(found, _axes())
    return _svg(axes)


def _look() -> AbstractContextManager[None]:
    look = plot.STYLE  # says how to install matplotlib where it is missing
    from matplotlib import rc_context

    inked: Any = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "legend.labelcolor")
    return rc_context({**look, **dict.fromkeys(inked, _INK), "figure.figsize": (8.5, 3.4), "grid.color": "0.5",
                       "grid.linewidth": 0.2, "figure.facecolor": "none", "axes.facecolor": "none",
                       "svg.hashsalt": "lehr"})  # fmt: skip


def _axes() -> Axes:
    from matplotlib.figure import Figure

    return Figure().subplots()


def _svg(axes: Axes) -> str:
    """The picture as an element of a page."""
    from matplotlib.artist import setp

    for mark in (*axes.texts, *(line for line in axes.lines if line.get_color() == "0.35")):
        setp(mark, color=_INK)
    for names in axes.child_axes:
        names.tick_params(labelcolor=_INK)
    with _look():
        out = StringIO()
        axes.figure.canvas.print_figure(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")
