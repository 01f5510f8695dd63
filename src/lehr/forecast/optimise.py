"""The schedule with the lowest final loss under a law, and the best of each named family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import Schedule, checks
from ..schedules.recipes import cosine, linear, trapezoid, wsd
from .forecast import Forecast
from .laws import LossFormula
from .monotone import MonotoneFamily
from .rates import LONGEST_RUN, Array, Rates, rates_of

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

ITERATIONS = 80
"""Steps of the descent at most."""
SHARES = (0.1, 0.2, 0.3, 0.45, 0.65)
"""Shares of a run that the named families try as a cooldown."""


class Forecaster(Protocol):
    """What the search needs of a fitted law."""

    @property
    def formula(self) -> LossFormula: ...
    @property
    def theta(self) -> Array: ...
    def predict(self, schedule: Rates, at: ArrayLike | None = None, *, level: float = 0.9) -> Forecast: ...
    def difference(
        self, first: Rates, second: Rates, at: int | tuple[int, int], *, level: float = 0.9
    ) -> tuple[float, float, float]: ...


@dataclass(frozen=True)
class Choice:
    """The best schedule of a named family, compared with the optimised one.

    Attributes:
        name: The family.
        schedule: The schedule.
        loss: Its final loss, nats, with the band ``low`` to ``high``.
        excess: Its loss minus that of the optimised schedule, nats, with the band ``excess_low`` to
            ``excess_high``, which is narrower, since both forecasts have the same errors.
    """

    name: str
    schedule: Schedule
    loss: float
    low: float
    high: float
    excess: float
    excess_low: float
    excess_high: float


@dataclass(frozen=True)
class Optimum:
    """The best schedule under a law, and the best of each named family.

    Attributes:
        schedule: The best monotone schedule.
        loss: Its final loss, nats, with the 90 % band ``low`` to ``high``.
        families: The best of each family, the lowest loss first.
        notes: What the fitted runs do not show about it.
    """

    schedule: Schedule
    loss: float
    low: float
    high: float
    families: tuple[Choice, ...]
    notes: tuple[str, ...] = ()

    @property
    def best_named(self) -> Choice:
        """The best schedule of a named family: use it if its excess loss is small."""
        return self.families[0]

    def __str__(self) -> str:
        rows = [f"{'optimised':12} {self.loss:.4f}  ({self.low:.4f} to {self.high:.4f})"]
        rows += [
            f"{c.name:12} {c.loss:.4f}  ({c.low:.4f} to {c.high:.4f})  excess {c.excess:+.4f} "
            f"({c.excess_low:+.4f} to {c.excess_high:+.4f})  {c.schedule!r}"
            for c in self.families
        ]
        return "\n".join([*rows, *self.notes])


def optimise(
    law: Forecaster,
    *,
    training_steps: int,
    max_lr: float,
    warmup_steps: int,
    min_lr: float = 0.0,
    progress: Callable[[float], object] | None = None,
) -> Optimum:
    """Find the schedule that ends at the lowest loss under a law: linear warmup, then never rising.

    Args:
        law: The fitted law.
        training_steps: Updates of the run.
        max_lr: The rate at the end of the warmup. A law that was fitted at one peak does not show
            which peak is best, so this is not optimised.
        warmup_steps: Updates of the warmup.
        min_lr: The lowest rate.
        progress: Called repeatedly with the share of the work that is done, for a progress bar: a
            run of a million updates takes about fifteen seconds.

    Raises:
        ValueError: The warmup leaves no updates, or the rates are not in order.
        ImportError: SciPy is missing.
    """
    minimize = _minimize()
    steps = checks.integer("training_steps", training_steps, owner="optimise", most=LONGEST_RUN)
    warmup = checks.integer("warmup_steps", warmup_steps, owner="optimise", least=0)
    if not warmup < steps - 1:
        raise ValueError(
            f"`warmup_steps` must leave at least two of the {steps} updates, got {warmup}; "
            f"give a shorter one, warmup_steps=..."
        )
    if not 0 <= min_lr < max_lr:
        raise ValueError(f"`min_lr` must be at least 0 and below `max_lr`, got min_lr={min_lr!r} and max_lr={max_lr!r}")
    families = _best_of_families(law, steps, warmup, max_lr, min_lr)
    first = min(families.values(), key=lambda pair: pair[1])[0]
    best = _descend(minimize, law, MonotoneFamily(steps, warmup, max_lr, min_lr), first, progress)
    if progress:
        progress(1.0)  # the descent often settles long before its last step
    forecast = law.predict(best, [steps])
    loss, low, high = (float(x[0]) for x in (forecast.loss, forecast.low, forecast.high))
    choices = [_choice(law, name, schedule, best, steps) for name, (schedule, _) in families.items()]
    return Optimum(best, loss, low, high, tuple(sorted(choices, key=lambda choice: choice.loss)), forecast.notes)


def _families(steps: int, warmup: int, max_lr: float, min_lr: float) -> Iterator[tuple[str, Schedule]]:
    yield "cosine", cosine(steps, warmup, max_lr=max_lr, min_lr=min_lr)
    yield "linear", linear(steps, warmup, max_lr=max_lr, min_lr=min_lr)
    for share in SHARES:
        decay = round(share * (steps - warmup))
        yield "wsd", wsd(steps, warmup, max_lr=max_lr, min_lr=min_lr, decay_steps=decay)
        yield "trapezoid", trapezoid(steps, warmup, max_lr=max_lr, min_lr=min_lr, decay_steps=decay)


def _best_of_families(
    law: Forecaster, steps: int, warmup: int, max_lr: float, min_lr: float
) -> dict[str, tuple[Schedule, float]]:
    """The best schedule of each family, and its final loss."""
    best: dict[str, tuple[Schedule, float]] = {}
    for name, schedule in _families(steps, warmup, max_lr, min_lr):
        loss, _ = _final(law, rates_of(schedule, steps))
        if name not in best or loss < best[name][1]:
            best[name] = schedule, loss
    return best


def _final(law: Forecaster, rates: Array) -> tuple[float, Array]:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # the forecast of the result refuses these
        return law.formula.final(law.theta, rates)


def _choice(law: Forecaster, name: str, schedule: Schedule, best: Schedule, steps: int) -> Choice:
    forecast = law.predict(schedule, [steps])
    loss, low, high = (float(x[0]) for x in (forecast.loss, forecast.low, forecast.high))
    return Choice(name, schedule, loss, low, high, *law.difference(schedule, best, steps))


def _minimize() -> Callable[..., OptimizeResult]:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError('optimising a schedule needs SciPy: pip install "lehr[forecast]"') from error
    return minimize  # type: ignore[no-any-return]  # SciPy has no types


def _descend(
    minimize: Callable[..., OptimizeResult],
    law: Forecaster,
    family: MonotoneFamily,
    start: Schedule,
    progress: Callable[[float], object] | None,
) -> Schedule:
    steps = count(1)

    def final(falls: Array) -> tuple[float, Array]:
        knots = family.knots(falls)
        loss, by_rates = _final(law, family.rates(knots))
        return loss, family.by_falls(by_rates, knots)

    first = family.falls(start)
    result = minimize(
        final,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 8.0)] * len(first),
        callback=lambda _: progress(next(steps) / ITERATIONS) if progress else None,
        options={"maxiter": ITERATIONS, "ftol": 1e-7},
    )
    return family.schedule(family.knots(result.x))
