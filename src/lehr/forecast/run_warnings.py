"""What speaks against a law of a run before any fit: a loss that rises although the rate does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .rates import Array

FEW = 8  # losses after the warmup; of fewer nothing is said
MOST = 200  # losses that are smoothed; more are first joined in blocks
WINDOW = 20  # a smoothed loss is the median over one in so many of the losses, and over at least 3
SURE = 10  # standard errors of a smoothed loss by which it must rise: of pure noise one run in 200 does
OVER_FITS = 0.05  # share of what the loss fell, by which it must end above its lowest
UNSTABLE = 0.1  # share of what the loss fell, by which it must rise in the middle
RISES = 10  # times what the loss fell, by which it must rise to be no loss


@dataclass(frozen=True)
class Trend:
    """The smoothed losses of a run after its warmup, and how far each is above those before it.

    Attributes:
        at: Updates done at each, (n,).
        loss: The losses, (n,).
        above: Above the lowest since the rate last rose, (n,); 0 where the loss falls.
        sure: What is above this is no noise.
    """

    at: Array
    loss: Array
    above: Array
    sure: float

    @property
    def fall(self) -> float:
        """From the first to the lowest."""
        return float(self.loss[0] - self.loss.min())

    @property
    def is_of_no_loss(self) -> bool:
        """Whether it only rises, as an accuracy does."""
        rise = float(self.loss[-1] - self.loss.min())
        return rise > max(self.sure, RISES * self.fall)

    def warnings(self) -> Iterator[str]:
        """What does not look as a law says, in words."""
        if self.above[-1] > max(self.sure, OVER_FITS * self.fall):
            lowest = int(np.flatnonzero(self.above == 0)[-1])
            yield (
                f"the loss rises from {self.loss[lowest]:.4g} after {self.at[lowest]:,.0f} updates to "
                f"{self.loss[-1]:.4g} at the end, although the rate does not rise: the run over-fits or diverges, "
                f"which no law of the schedule describes; use its losses until update {self.at[lowest]:,.0f} only"
            )
        elif self.above.max() > max(self.sure, UNSTABLE * self.fall):
            top = int(np.argmax(self.above))
            yield (
                f"the loss rises by {self.above[top]:.2g} until update {self.at[top]:,.0f} and falls again, although "
                f"the rate does not rise: an instability, which no law of the schedule describes, so forecasts from "
                f"this run may be wrong"
            )


def trend_of(at: Array, loss: Array, rates: Array, warmup: int, noise: float) -> Trend | None:
    """The trend of a run, None if it has few losses."""
    usable = at > warmup
    if usable.sum() < FEW:
        return None
    at, loss, size = _blocks(at[usable], loss[usable])
    window = max(3, len(at) // WINDOW) | 1
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, window), axis=1)
    at = at[window // 2 : window // 2 + len(smooth)]
    rises = np.flatnonzero(np.diff(rates[warmup:]) > 0) + warmup + 1
    since = np.searchsorted(rises, at)  # how often the rate had risen
    above = np.zeros(len(at))
    for part in np.split(np.arange(len(at)), np.flatnonzero(np.diff(since)) + 1):
        above[part] = smooth[part] - np.minimum.accumulate(smooth[part])
    error = noise * abs(float(np.median(loss))) / (window * size) ** 0.5
    return Trend(at, smooth, above, SURE * error)


def _blocks(at: Array, loss: Array) -> tuple[Array, Array, int]:
    """Medians over blocks of neighbours, so that there are fewer than twice `MOST`; and the size of a block."""
    size = max(1, len(at) // MOST)
    start = len(at) % size
    return at[start:].reshape(-1, size)[:, -1], np.median(loss[start:].reshape(-1, size), axis=1), size
