"""A forecast: a loss curve and its band."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plot
from .rates import Array, Rates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DESCENT = 0.1  # share of the longest run whose losses pictures cut off: they are far above the rest


@dataclass(frozen=True, eq=False)
class Forecast:
    """The losses that a schedule would give.

    Attributes:
        at: Updates done, (n,).
        loss: The loss there, nats, (n,).
        low: The lower end of the band, (n,).
        high: The upper end of the band, (n,).
        level: The share of losses that should be inside the band.
        schedule: The schedule.
        notes: What the fitted runs do not show about it.
        beyond: In what it goes beyond the runs: some of "horizon", "peak" and "kind of schedule".
    """

    at: Array
    loss: Array
    low: Array
    high: Array
    level: float
    schedule: Rates
    notes: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def reach(self) -> str:
        """ "interpolates", or in what it extrapolates."""
        return f"extrapolates in {' and '.join(self.beyond)}" if self.beyond else "interpolates"

    @property
    def final(self) -> tuple[float, float, float]:
        """The loss at the last position, and the band there: (loss, low, high)."""
        return float(self.loss[-1]), float(self.low[-1]), float(self.high[-1])

    def _repr_html_(self) -> str:
        """In a notebook: the curve with its band, where matplotlib is installed, and the loss at its end."""
        loss, low, high = self.final
        end = f"after {self.at[-1]:,.0f} updates {loss:.4f} ({low:.4f} to {high:.4f}), {self.reach}"
        try:
            picture = plot.inline_svg(self.plot, size=(5, 2.6))
        except ImportError:
            picture = ""
        return f"<div>{picture}<pre>{end}</pre></div>"

    def plot(self, ax: Axes | None = None, **style: Any) -> Axes:
        """Draw the curve and its band, on ``ax`` or where `lehr.plot.plot_schedule` draws, and return the Axes.

        ``style`` are options of matplotlib's ``plot``, such as ``label`` and ``color``.

        Raises:
            ImportError: Matplotlib is missing.
        """
        ax = plot.current_axes() if ax is None else ax
        from matplotlib.ticker import EngFormatter

        (line,) = ax.plot(self.at, self.loss, **style)
        ax.fill_between(self.at, self.low, self.high, color=line.get_color(), alpha=0.2, linewidth=0)
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
        ax.set_xlabel("Updates")
        ax.set_ylabel("Loss, nats")
        return ax


def in_view(forecasts: Collection[Forecast]) -> tuple[float, float]:
    """The lowest and the highest loss that a picture of these should show: all except the first descent.

    >>> import numpy as np
    >>> at = np.array([10.0, 100.0])
    >>> in_view([Forecast(at, np.array([4.0, 2.0]), np.array([3.9, 1.9]), np.array([4.1, 2.2]), 0.9, None)])
    (1.9, 4.1)
    """
    early = DESCENT * max(float(forecast.at[-1]) for forecast in forecasts)
    # A run that ends before that is shown at its end.
    tops = [float(f.high[min(int(np.searchsorted(f.at, early)), len(f.at) - 1)]) for f in forecasts]
    return min(float(f.low.min()) for f in forecasts), max(tops)


def plot_forecasts(forecasts: Mapping[str, Forecast], ax: Axes | None = None) -> Axes:
    """Draw several forecasts by name, as `Forecast.plot` draws each, with a legend, and return the Axes.

    The first tenth of the longest run, whose losses are far above the rest, may be cut off at the top.

    Raises:
        ValueError: There is no forecast.
        ImportError: Matplotlib is missing.
    """
    if not forecasts:
        raise ValueError("plot_forecasts needs at least one forecast, got none")
    ax = plot.current_axes() if ax is None else ax
    for name, forecast in forecasts.items():
        forecast.plot(ax, label=name)
    bottom, top = in_view(forecasts.values())
    ax.set_ylim(bottom - 0.05 * (top - bottom), top)
    plot.add_legend(ax)
    return ax
