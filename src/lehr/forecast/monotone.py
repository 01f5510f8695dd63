"""Schedules of any monotone shape, as a vector of numbers that a descent can change."""

from __future__ import annotations

import numpy as np

from ..schedules import Knots, Schedule
from ..schedules.recipes import constant_with_warmup
from .rates import Array

KNOTS = 64


class MonotoneFamily:
    """Schedules with a linear warmup that then fall along straight lines between knots, denser towards the end.

    A member is described by its falls: the decreases of ln(rate - min_lr) from knot to knot, each at least 0.
    """

    def __init__(self, steps: int, warmup: int, max_lr: float, min_lr: float) -> None:
        self.max_lr, self.min_lr, self.warmup = max_lr, min_lr, warmup
        length = steps - warmup
        even = np.linspace(0, 1, min(KNOTS, length) + 1)
        self.at = np.unique(np.round(length * (1 - (1 - even) ** 2)))
        positions = np.arange(float(length))
        self.right = np.searchsorted(self.at, positions, side="right")
        left = self.at[self.right - 1]
        self.share = (positions - left) / (self.at[self.right] - left)
        self.before = constant_with_warmup(steps, warmup, max_lr=max_lr)(np.arange(float(warmup)))

    def knots(self, falls: Array) -> Array:
        """The rates at the knots."""
        return self.min_lr + (self.max_lr - self.min_lr) * np.exp(-np.cumsum(falls))

    def falls(self, schedule: Schedule) -> Array:
        """The falls of the member nearest to a schedule."""
        left = np.clip((schedule(self.warmup + self.at) - self.min_lr) / (self.max_lr - self.min_lr), 1e-4, 1.0)
        return np.maximum(-np.diff(np.log(left), prepend=0.0), 0.0)

    def rates(self, knots: Array) -> Array:
        """The rate of every update."""
        after = knots[self.right - 1] + self.share * (knots[self.right] - knots[self.right - 1])
        return np.concatenate([self.before, after])

    def by_falls(self, by_rates: Array, knots: Array) -> Array:
        """The derivative by every fall, from that by every rate."""
        after = by_rates[self.warmup :]
        by_knots = np.bincount(self.right - 1, after * (1 - self.share), len(knots))
        by_knots += np.bincount(self.right, after * self.share, len(knots))
        return -np.cumsum((by_knots * (knots - self.min_lr))[::-1])[::-1]

    def schedule(self, knots: Array) -> Schedule:
        """The schedule with those rates at the knots."""
        body = Knots(tuple(self.at.tolist()), tuple(knots.tolist()))
        if not self.warmup:
            return body
        return constant_with_warmup(self.warmup, self.warmup, max_lr=self.max_lr).then(body)
