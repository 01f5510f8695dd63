"""A fitted law: forecasts with bands, optimised schedules, and a file of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import whole_file
from ..schedules import Schedule
from . import law_file
from .advice import Experiment, about_forecast, about_runs, experiment
from .forecasts import Forecast
from .intervals import own_variance, peak_distance, quantile, unlike, variance
from .knots import Array, Path, compress, rates_of
from .laws import Formula
from .rows import rows_of
from .runs import Run, warmup_of

if TYPE_CHECKING:
    from .optimise import Optimum
    from .prior import Prior

STATES = 200
"""States of the fitted rows that a law remembers at most."""


@dataclass(frozen=True, eq=False)
class Law:
    """A formula with constants that fit somebody's runs. `lehr.forecast.fit` makes it.

    Attributes:
        formula: The formula.
        theta: Its constants, in the order of ``formula.parameters``.
        covariance: What the runs leave open about them.
        states: Where training stood at the fitted rows, (n, 3); see `Formula.state`.
        peaks: The lowest and the highest peak rate of the runs.
        updates: The longest run.
        warmup: Its warmup, in updates.
        prior: Where the prior came from.
        notes: What the runs cannot tell, in plain words.
    """

    formula: Formula
    theta: Array
    covariance: Array
    states: Array
    peaks: tuple[float, float]
    updates: int
    warmup: int
    prior: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of_fit(
        cls,
        formula: Formula,
        theta: Array,
        covariance: Array,
        path: Path,
        runs: Sequence[Run],
        prior: Prior,
        misfit: Sequence[float | None],
    ) -> Law:
        """The law that a fit found; ``misfit`` is the median relative error of each run's rows, None without any."""
        states = formula.state(theta, path)
        kept = np.unique(np.linspace(0, len(states) - 1, STATES).astype(int))
        peaks = [run.peak for run in runs]
        longest = max(runs, key=lambda run: run.updates)
        return cls(
            formula, theta, covariance, states[kept], (min(peaks), max(peaks)), longest.updates,
            longest.warmup or 0, prior.source, about_runs(path, runs, misfit, prior),
        )  # fmt: skip

    @property
    def constants(self) -> dict[str, float]:
        """The constants by name."""
        return dict(zip(self.formula.parameters, map(float, self.theta), strict=True))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value:.4g}" for name, value in self.constants.items())
        return f"<{self.formula.name} law: {said}; runs of up to {self.updates} updates>"

    # Forecasts.

    def predict(self, schedule: Schedule | Any, at: Any = None, *, level: float = 0.9) -> Forecast:
        """The loss curve that a schedule would give.

        Args:
            schedule: A Schedule, or an array with the rate of every update from the first one on.
            at: Updates done at each position asked for; None for 200 positions from the end of
                the warmup to the end of the schedule.
            level: The share of losses that the band is to hold.

        Raises:
            ValueError: A position is no whole number of at least 1, the rates are too few, the
                level is not between 0 and 1, or there is no end and no ``at``.
        """
        width = quantile(level)
        at = whole_run(schedule) if at is None else at
        path = compress(schedule, at)
        loss = self.formula.value(self.theta, path)
        spread = np.exp(width * np.sqrt(self._variance(schedule, path)))
        notes = about_forecast(self, schedule, path)
        return Forecast(path.at, loss, loss / spread, loss * spread, level, schedule, notes)

    def _variance(self, schedule: Schedule | Any, path: Path) -> Array:
        rates = rates_of(schedule, int(path.at.max()))
        return variance(
            self.formula,
            self.theta,
            self.covariance,
            self.states,
            path,
            warmup_area=float(rates[: warmup_of(rates)].sum()),
            peaks_away=peak_distance(float(rates.max()), self.peaks),
        )

    def difference(
        self, one: Schedule | Any, other: Schedule | Any, at: int | tuple[int, int], *, level: float = 0.9
    ) -> tuple[float, float, float]:
        """The loss of ``one`` minus that of ``other``, after ``at`` updates: (value, low, high).

        ``at`` is a pair where the two have done different numbers of updates. What is uncertain
        about the constants is uncertain in the same way for both, so the band of the difference is
        narrower than the two bands. What the law itself gets wrong is taken to differ, unless the
        schedules are nearly one.
        """
        ends = at if isinstance(at, tuple) else (at, at)
        paths = [compress(schedule, [end]) for schedule, end in zip((one, other), ends, strict=True)]
        losses, slopes = zip(*(self.formula.evaluate(self.theta, path) for path in paths), strict=True)
        slope = (slopes[0] - slopes[1])[0]
        own = sum(float(self._own(path)[0]) * float(loss[0]) ** 2 for path, loss in zip(paths, losses, strict=True))
        own *= unlike(rates_of(one, ends[0]), rates_of(other, ends[1])) ** 2
        half = quantile(level) * float(np.sqrt(slope @ self.covariance @ slope + own))
        value = float(losses[0][0] - losses[1][0])
        return value, value - half, value + half

    def misfit(self, run: Run) -> float:
        """The median relative error of the law at those losses of a run that a fit would use.

        Where single losses are noisy, those are means over their neighbours, so that it is the law's error
        more than the noise of each.

        Raises:
            ValueError: There are none.
        """
        return float(np.median(rows_of([run]).errors(self.formula, self.theta)))

    def _own(self, path: Path) -> Array:
        return own_variance(self.formula, self.theta, self.states, path)

    def optimise(
        self,
        *,
        training_steps: int,
        max_lr: float | None = None,
        warmup_steps: int | None = None,
        min_lr: float = 0.0,
        progress: Callable[[float], object] | None = None,
    ) -> Optimum:
        """The best monotone schedule under the law; see `lehr.forecast.optimise`."""
        from .optimise import optimise

        return optimise(
            self,
            training_steps=training_steps,
            max_lr=max_lr,
            warmup_steps=warmup_steps,
            min_lr=min_lr,
            progress=progress,
        )

    def experiment(self) -> Experiment:
        """The short run that would narrow the forecasts most; see `lehr.forecast.advice`."""
        return experiment(self)

    # Files.

    def to_json(self) -> str:
        """The law as JSON."""
        return law_file.to_json(self)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the law to a JSON file: whole, or not at all.

        Raises:
            OSError: The file cannot be written; what was there is as before.
        """
        with whole_file(path) as file:
            file.write(f"{self.to_json()}\n".encode())

    @classmethod
    def from_json(cls, text: str) -> Law:
        """The law that JSON says.

        Raises:
            ValueError: It is no law, or of another version, or its numbers do not fit its formula.
        """
        return cls(**law_file.fields(text))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Law:
        """The law in a JSON file.

        Raises:
            ValueError: As `from_json`, with the file's name.
        """
        try:
            return cls.from_json(FilePath(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def whole_run(schedule: Schedule | Any, stop: int | None = None) -> Array:
    """200 positions from the end of the warmup to ``stop``; None for the end of the schedule.

    Raises:
        ValueError: It never ends, and ``stop`` is None.
    """
    end = stop or (schedule.length if isinstance(schedule, Schedule) else len(schedule))
    if end is None:
        raise ValueError(f"{schedule!r} never ends: say at which positions its loss is wanted, at=[...]")
    start = min(warmup_of(rates_of(schedule, int(end))) + 1, int(end))
    return np.unique(np.linspace(start, int(end), 200).round())
