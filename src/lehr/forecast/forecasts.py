"""A forecast: a loss curve and its band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..schedules import Schedule
from .knots import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Forecast:
    """The losses that a schedule would give.

    Attributes:
        at: Updates done, (n,).
        loss: The loss there, nats, (n,).
        low: Where the band begins, (n,).
        high: Where it ends, (n,).
        level: The share of losses that the band is meant to hold.
        schedule: The schedule.
        notes: What the fitted runs cannot tell about it.
    """

    at: Array
    loss: Array
    low: Array
    high: Array
    level: float
    schedule: Schedule | Any
    notes: tuple[str, ...] = ()

    def plot(self, ax: Axes | None = None, **style: Any) -> Axes:
        """Draw the curve and its band on matplotlib axes; returns them."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        (line,) = ax.plot(self.at, self.loss, **style)
        ax.fill_between(self.at, self.low, self.high, color=line.get_color(), alpha=0.2, linewidth=0)
        ax.set_xlabel("updates")
        ax.set_ylabel("loss, nats")
        return ax
