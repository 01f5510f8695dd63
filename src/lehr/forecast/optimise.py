"""The schedule with the lowest final loss under a law, and the best of each named family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import Schedule, checks
from ..schedules.recipes import cosine, linear, trapezoid, wsd
from .forecast import Forecast
from .model import LossModel
from .monotone import MonotoneFamily
from .notes import one_peak
from .rates import LONGEST_RUN, Array, Rates, check_peaks, rates_of

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

REACH = 2.0  # how far beyond the peaks of the runs a free one may be, as a factor
TRIED = 9  # peaks, where it is free
ITERATIONS = 80  # steps of the descent at most
SHARES = (0.1, 0.2, 0.3, 0.45, 0.65)  # of a run, that the named families try as a cooldown


class Forecaster(Protocol):
    """What the search needs of a fitted law."""

    @property
    def model(self) -> LossModel: ...
    @property
    def theta(self) -> Array: ...
    @property
    def peaks(self) -> tuple[float, float]: ...
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

    def __str__(self) -> str:
        return (
            f"{self.name:12} {self.loss:.4f}  ({self.low:.4f} to {self.high:.4f})  excess {self.excess:+.4f} "
            f"({self.excess_low:+.4f} to {self.excess_high:+.4f})  {self.schedule!r}"
        )


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
        best = f"{'optimised':12} {self.loss:.4f}  ({self.low:.4f} to {self.high:.4f})"
        return "\n".join([best, *map(str, self.families), *self.notes])


def optimise(
    law: Forecaster, training_steps: int, warmup_steps: int, max_lr: float | Literal["free"] | None, min_lr: float,
    progress: Callable[[float], object] | None,
) -> Optimum:  # fmt: skip
    """See `Law.optimise`."""
    minimize = _minimize()
    steps = checks.integer("training_steps", training_steps, owner="optimise", most=LONGEST_RUN)
    warmup = checks.integer("warmup_steps", warmup_steps, owner="optimise", least=0)
    if not warmup < steps - 1:
        raise ValueError(f"`warmup_steps` must leave at least two of the {steps} updates, got {warmup}")
    peaks = _peaks(law.peaks, max_lr)
    if not 0 <= min_lr < peaks[0]:
        raise ValueError(
            f"`min_lr` must be at least 0 and below `max_lr`, got min_lr={min_lr!r} and max_lr={peaks[0]!r}"
        )
    check_peaks("an optimised schedule", peaks[0])
    families: dict[str, tuple[float, Schedule]] = {}  # the best of each, after its final loss
    found: list[tuple[float, Schedule, float]] = []  # the best at each peak, after its final loss
    for done, peak in enumerate(peaks):
        named = [(_final(law, rates_of(s, steps))[0], name, s) for name, s in _families(steps, warmup, peak, min_lr)]
        for loss, name, schedule in named:
            if name not in families or loss < families[name][0]:
                families[name] = loss, schedule
        _, _, start = min(named, key=lambda choice: choice[0])
        part = _part_of(progress, done, len(peaks))
        schedule = _descend(minimize, law, MonotoneFamily(steps, warmup, peak, min_lr), start, part)
        found.append((_final(law, rates_of(schedule, steps))[0], schedule, peak))
        part(1.0)  # the descent often settles long before its last step
    _, schedule, peak = min(found, key=lambda choice: choice[0])
    return _optimum(law, schedule, {name: choice for name, (_, choice) in families.items()}, _about_peak(peak, peaks))


def _part_of(progress: Callable[[float], object] | None, done: int, parts: int) -> Callable[[float], object]:
    """What reports the progress of one of several parts as that of the whole."""
    return lambda share: progress((done + share) / parts) if progress else None


def _optimum(law: Forecaster, best: Schedule, families: Mapping[str, Schedule], notes: Iterable[str]) -> Optimum:
    end = [int(best.length or 0)]
    forecast = law.predict(best, end)
    choices = [
        Choice(name, choice, *law.predict(choice, end).final, *law.difference(choice, best, end[0]))
        for name, choice in families.items()
    ]
    ordered = tuple(sorted(choices, key=lambda choice: choice.loss))
    return Optimum(best, *forecast.final, ordered, (*notes, *forecast.notes))


def _peaks(known: tuple[float, float], max_lr: float | Literal["free"] | None) -> list[float]:
    """The peaks to try, ascending.

    Raises:
        ValueError: It is free, but the runs have one peak.
    """
    low, high = known
    if max_lr != "free":
        return [high if max_lr is None else max_lr]
    if one_peak(known):
        raise ValueError(
            f'`max_lr` can be "free" only for runs with at least two peaks, but every run peaks at {high:.3g}: log a '
            f"run with the same length at another peak, such as {2 * high:.3g}, and fit both"
        )
    return [float(peak) for peak in np.geomspace(low / REACH, high * REACH, TRIED)]


def _about_peak(peak: float, peaks: list[float]) -> Iterator[str]:
    if len(peaks) > 1 and peak in (peaks[0], peaks[-1]):
        side, word = ("lowest", "lower") if peak == peaks[0] else ("highest", "higher")
        yield (
            f"The best peak is the {side} that was tried, {peak:.3g}: the runs show that a {word} one helps, not where "
            f"it ceases to. Log a run at this peak and fit again."
        )


def _families(steps: int, warmup: int, max_lr: float, min_lr: float) -> Iterator[tuple[str, Schedule]]:
    yield "cosine", cosine(steps, warmup, max_lr=max_lr, min_lr=min_lr)
    yield "linear", linear(steps, warmup, max_lr=max_lr, min_lr=min_lr)
    for share in SHARES:
        decay = round(share * (steps - warmup))
        yield "wsd", wsd(steps, warmup, max_lr=max_lr, min_lr=min_lr, decay_steps=decay)
        yield "trapezoid", trapezoid(steps, warmup, max_lr=max_lr, min_lr=min_lr, decay_steps=decay)


def _final(law: Forecaster, rates: Array) -> tuple[float, Array]:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # the forecast of the result refuses these
        return law.model.final(law.theta, rates)


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
    progress: Callable[[float], object],
) -> Schedule:
    steps = count(1)

    def final(falls: Array) -> tuple[float, Array]:
        knots = family.knots(falls)
        loss, by_rates = _final(law, family.rates(knots))
        return loss, family.by_falls(by_rates, knots)

    falls = family.falls(start)
    result = minimize(
        final, falls, jac=True, method="L-BFGS-B", bounds=[(0.0, 8.0)] * len(falls),
        callback=lambda _: progress(next(steps) / ITERATIONS),
        options={"maxiter": ITERATIONS, "ftol": 1e-7},
    )  # fmt: skip
    return family.schedule(family.knots(result.x))
