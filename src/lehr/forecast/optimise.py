"""The schedule that is best under a law, and the best of each named family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedules import Knots, Schedule
from ..schedules.recipes import constant_with_warmup, cosine, linear, trapezoid, wsd
from .knots import Array

if TYPE_CHECKING:
    from .law import Law

KNOTS = 64
"""Knots of a free schedule."""
ITERATIONS = 80
"""Steps of the descent at most."""
SHARES = (0.1, 0.2, 0.3, 0.45, 0.65)
"""Shares of a run that the named families try as a cooldown."""


@dataclass(frozen=True)
class Choice:
    """A schedule of a named family and what it would cost to choose it.

    Attributes:
        name: The family.
        schedule: The best of it.
        loss: Its final loss, nats, with the band ``low`` to ``high``.
        price: What it loses to the optimised schedule, nats, with the band ``price_low`` to
            ``price_high``, which is narrower: both forecasts err alike.
    """

    name: str
    schedule: Schedule
    loss: float
    low: float
    high: float
    price: float
    price_low: float
    price_high: float


@dataclass(frozen=True)
class Optimum:
    """The best schedule under a law, and the best of each named family.

    Attributes:
        schedule: The best monotone schedule.
        loss: Its final loss, nats, with the 90 % band ``low`` to ``high``.
        families: The best of each family, the lowest loss first.
        notes: What the fitted runs cannot tell about it.
    """

    schedule: Schedule
    loss: float
    low: float
    high: float
    families: tuple[Choice, ...]
    notes: tuple[str, ...] = ()

    @property
    def simple(self) -> Choice:
        """The best schedule that has a name: take it if its price is small."""
        return self.families[0]

    def __str__(self) -> str:
        rows = [f"{'optimised':12} {self.loss:.4f}  ({self.low:.4f} to {self.high:.4f})"]
        rows += [
            f"{c.name:12} {c.loss:.4f}  ({c.low:.4f} to {c.high:.4f})  costs {c.price:+.4f} "
            f"({c.price_low:+.4f} to {c.price_high:+.4f})  {c.schedule!r}"
            for c in self.families
        ]
        return "\n".join([*rows, *self.notes])


def optimise(
    law: Law,
    *,
    training_steps: int,
    max_lr: float | None = None,
    warmup_steps: int | None = None,
    min_lr: float = 0.0,
    progress: Callable[[float], object] | None = None,
) -> Optimum:
    """The schedule that ends lowest under a law: linear warmup, then never rising.

    Args:
        law: The fitted law.
        training_steps: Updates of the run.
        max_lr: The rate at the end of the warmup; None for the highest of the fitted runs. A law
            that was fitted at one peak cannot say which peak is best, so this is not optimised.
        warmup_steps: Updates of the warmup; None for that of the fitted runs.
        min_lr: No rate is lower.
        progress: Called now and then with the share of the work that is done, for a progress bar:
            a run of a million updates takes some fifteen seconds.

    Raises:
        ValueError: The warmup leaves no updates, or the rates are not in order.
        ImportError: SciPy is missing.
    """
    minimize = _minimize()
    warmup = law.warmup if warmup_steps is None else warmup_steps
    max_lr = law.peaks[1] if max_lr is None else max_lr
    if not 0 <= warmup < training_steps - 1:
        raise ValueError(
            f"`warmup_steps` must leave at least two of the {training_steps} updates, got {warmup}; "
            f"say a shorter one, warmup_steps=..."
        )
    if not 0 <= min_lr < max_lr:
        raise ValueError(f"`min_lr` must be at least 0 and below `max_lr`, got {min_lr!r} and {max_lr!r}")
    families = dict(_best_of_families(law, training_steps, warmup, max_lr, min_lr))
    first = min(families, key=lambda name: families[name][1])
    free = _Free(training_steps, warmup, max_lr, min_lr)
    best = _descend(minimize, law, free, families[first][0], progress)
    if progress:
        progress(1.0)  # the descent often settles long before its last step
    forecast = law.predict(best, [training_steps])
    loss, low, high = (float(x[0]) for x in (forecast.loss, forecast.low, forecast.high))
    choices = [_choice(law, name, schedule, best, training_steps) for name, (schedule, _) in families.items()]
    return Optimum(best, loss, low, high, tuple(sorted(choices, key=lambda choice: choice.loss)), forecast.notes)


def _final(law: Law, schedule: Schedule, steps: int) -> float:
    return float(law.formula.final(law.theta, schedule(np.arange(float(steps))))[0])


def _families(steps: int, warmup: int, peak: float, floor: float) -> Iterator[tuple[str, Schedule]]:
    yield "cosine", cosine(steps, warmup, peak, floor)
    yield "linear", linear(steps, warmup, peak, floor)
    for share in SHARES:
        decay = round(share * (steps - warmup))
        yield "wsd", wsd(steps, warmup, peak, floor, decay_steps=decay)
        yield "trapezoid", trapezoid(steps, warmup, peak, floor, decay_steps=decay)


def _best_of_families(
    law: Law, steps: int, warmup: int, peak: float, floor: float
) -> Iterator[tuple[str, tuple[Schedule, float]]]:
    best: dict[str, tuple[Schedule, float]] = {}
    for name, schedule in _families(steps, warmup, peak, floor):
        loss = _final(law, schedule, steps)
        if name not in best or loss < best[name][1]:
            best[name] = schedule, loss
    yield from best.items()


def _choice(law: Law, name: str, schedule: Schedule, best: Schedule, steps: int) -> Choice:
    forecast = law.predict(schedule, [steps])
    loss, low, high = (float(x[0]) for x in (forecast.loss, forecast.low, forecast.high))
    return Choice(name, schedule, loss, low, high, *law.difference(schedule, best, steps))


class _Free:
    """Schedules that fall along straight lines between knots, denser towards the end."""

    def __init__(self, steps: int, warmup: int, peak: float, floor: float) -> None:
        self.peak, self.floor, self.warmup = peak, floor, warmup
        length = steps - warmup
        even = np.linspace(0, 1, min(KNOTS, length) + 1)
        self.at = np.unique(np.round(length * (1 - (1 - even) ** 2)))
        positions = np.arange(float(length))
        self.right = np.searchsorted(self.at, positions, side="right")
        left = self.at[self.right - 1]
        self.share = (positions - left) / (self.at[self.right] - left)
        self.before = constant_with_warmup(steps, warmup, peak)(np.arange(float(warmup)))

    def knots(self, falls: Array) -> Array:
        """Rates at the knots; ``falls`` are those of ln(rate - floor), each at least 0."""
        return self.floor + (self.peak - self.floor) * np.exp(-np.cumsum(falls))

    def falls(self, schedule: Schedule) -> Array:
        """The falls that come nearest to a schedule."""
        left = np.clip((schedule(self.warmup + self.at) - self.floor) / (self.peak - self.floor), 1e-4, 1.0)
        return np.maximum(-np.diff(np.log(left), prepend=0.0), 0.0)

    def rates(self, knots: Array) -> Array:
        """The rate of every update."""
        after = knots[self.right - 1] + self.share * (knots[self.right] - knots[self.right - 1])
        return np.concatenate([self.before, after])

    def slope(self, by_rates: Array, knots: Array) -> Array:
        """A derivative by every rate as one by every fall."""
        after = by_rates[self.warmup :]
        by_knots = np.bincount(self.right - 1, after * (1 - self.share), len(knots))
        by_knots += np.bincount(self.right, after * self.share, len(knots))
        return -np.cumsum((by_knots * (knots - self.floor))[::-1])[::-1]

    def schedule(self, knots: Array) -> Schedule:
        """The schedule with those rates at the knots."""
        body = Knots(tuple(self.at.tolist()), tuple(knots.tolist()))
        if not self.warmup:
            return body
        return constant_with_warmup(self.warmup, self.warmup, self.peak).then(body)


def _minimize() -> Any:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError('optimising a schedule needs SciPy: pip install "lehr[forecast]"') from error
    return minimize


def _descend(
    minimize: Any, law: Law, free: _Free, start: Schedule, progress: Callable[[float], object] | None
) -> Schedule:
    steps = count(1)

    def final(falls: Array) -> tuple[float, Array]:
        knots = free.knots(falls)
        loss, by_rates = law.formula.final(law.theta, free.rates(knots))
        return loss, free.slope(by_rates, knots)

    first = free.falls(start)
    found = minimize(
        final,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 8.0)] * len(first),
        callback=lambda _: progress(next(steps) / ITERATIONS) if progress else None,
        options={"maxiter": ITERATIONS, "ftol": 1e-7},
    )
    return free.schedule(free.knots(found.x))
