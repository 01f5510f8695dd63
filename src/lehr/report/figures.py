"""The pictures of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import plot
from ..forecast import Forecast as Forecast
from ..forecast import Run, plot_forecasts
from ..schedules import Schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..control import Change

MOST_POINTS = 2_000


def rates(schedules: Mapping[str, Schedule], history: Sequence[Change] = ()) -> str:
    """The rates over the steps: of one schedule with its phases and changes, of several with a legend."""
    if len(schedules) == 1:
        (schedule,) = schedules.values()
        return plot.inline_svg(lambda axes: plot.plot_schedule(schedule, axes, history=history))
    return plot.inline_svg(lambda axes: plot.plot_schedules(schedules, axes))


def logged(runs: Sequence[Run]) -> str:
    """The losses that were logged."""
    return plot.inline_svg(lambda axes: _losses(runs, axes))


def forecasts(found: Mapping[str, Forecast]) -> str:
    """The forecast losses with their bands."""
    return plot.inline_svg(lambda axes: plot_forecasts(found, axes))


def _losses(runs: Sequence[Run], axes: Axes) -> None:
    from matplotlib.ticker import EngFormatter

    for run in runs:
        some = np.unique(np.linspace(0, len(run.at) - 1, MOST_POINTS).astype(int))
        axes.plot(run.at[some], run.loss[some], label=run.name)
    late = np.concatenate([run.loss[len(run.loss) // 10 :] for run in runs])
    axes.set_ylim(top=late.max() + 0.05 * (late.max() - late.min() or 1))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(xlabel="Updates", ylabel="Loss")
    plot.add_legend(axes)
