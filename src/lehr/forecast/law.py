"""A fitted law: forecasts with bands, optimised schedules, the next experiment, and a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..files import whole_file
from ..schedules import checks
from . import laws
from .bands import quantile, scale, scale_of
from .experiment import Experiment, best_experiment
from .forecast import Forecast
from .json_file import JsonFile, from_json
from .laws import LossFormula
from .model import LossModel
from .notes import about_forecast, beyond, check_reach
from .observations import observations_of, seed_share
from .optimise import Optimum, optimise
from .rates import LONGEST_RUN, Array, Rates, check_peaks, numbers, rates_of, warmup_of, whole_run
from .run import Run
from .trajectory import compress

HEADER = "lehr law", 3
LARGEST_VARIANCE = 1e18


class LawFile(JsonFile):
    """The content of a law file. Its numbers are checked by the `Law` that is made of them."""

    law: str
    peak: float
    fall: float
    constants: dict[str, float]
    covariance: list[list[float]]
    peaks: tuple[float, float]
    updates: int
    warmup: int
    stable: int
    lowest: float
    prior: str
    warnings: list[str]
    notes: list[str]


@dataclass(frozen=True, eq=False)
class Law:
    """A formula with constants that were fitted to runs. `lehr.forecast.fit` makes it.

    Attributes:
        model: The formula, and the units of the runs.
        theta: Its constants and their slopes, in the order of ``model.names``, with their ``covariance``.
        peaks: The lowest and the highest peak rate of the runs.
        updates: The length of the longest run, of which ``warmup`` are its warmup.
        stable: Updates until which a fitted run stayed at its peak.
        lowest: The lowest rate at which a loss was logged, as a share of its run's peak.
        prior: The source of the prior.
        warnings: What speaks against its forecasts, in plain words: read them before any number.
        notes: What the runs do not show, in plain words.

    Raises:
        ValueError: A number is not finite or is outside the range where the formula has a meaning.
    """

    model: LossModel
    theta: Array
    covariance: Array
    peaks: tuple[float, float]
    updates: int
    warmup: int
    stable: int = 0
    lowest: float = 1.0
    prior: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.model.check(self.theta)
        _check_covariance(self.covariance, len(self.theta))
        check_peaks("a law", *self.peaks)
        checks.integer("updates", self.updates, owner="a law", most=LONGEST_RUN)
        checks.integer("warmup", self.warmup, owner="a law", least=0, most=LONGEST_RUN)

    @property
    def formula(self) -> LossFormula:
        """The formula."""
        return self.model.formula

    @property
    def constants(self) -> dict[str, float]:
        """The constants by name."""
        return dict(zip(self.model.names, map(float, self.theta), strict=True))

    def __repr__(self) -> str:
        constants = ", ".join(f"{name}={value:.4g}" for name, value in self.constants.items())
        return f"<{self.formula.name} law: {constants}; runs of up to {self.updates} updates>"

    def predict(self, schedule: Rates, at: ArrayLike | None = None, *, level: float = 0.9) -> Forecast:
        """Forecast the loss curve of a schedule.

        Args:
            schedule: A Schedule, or an array with the rate of every update from the first on.
            at: Updates done at each position; None for 200 positions from the end of the warmup to
                the end of the schedule.
            level: The share of losses that should be inside the band.

        Raises:
            ValueError: A position is not an integer of at least 1, there are too few rates, the
                level is not between 0 and 1, the schedule never ends and ``at`` is None, it is more than 100 times
                as long as the longest run, the law was fitted to factors of a base rate and this is none, or the law
                has no finite loss there.
        """
        width = quantile(level)
        trajectory = compress(schedule, whole_run(schedule) if at is None else at)
        rates = rates_of(schedule, int(trajectory.at.max()))
        check_reach(rates, self.peaks, self.updates)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # refused below
            seed = seed_share(rates, warmup_of(rates), trajectory)
            loss, error = scale(self.model, self.theta, self.covariance, trajectory, seed)
            low, high = loss - width * error, loss + width * error
        _check_finite(low, high)
        notes = about_forecast(rates, self.peaks, self.updates, self.warmup)
        further = beyond(rates, self.peaks, self.updates, self.lowest)
        return Forecast(trajectory.at, loss, low, high, level, schedule, notes, further)

    def difference(
        self, first: Rates, second: Rates, at: int | tuple[int, int], *, level: float = 0.9
    ) -> tuple[float, float, float]:
        """Forecast the loss of ``first`` minus that of ``second``, after ``at`` updates: (value, low, high).

        ``at`` is a pair if the two differ in length. The band is narrower than those of the losses, because
        the constants are the same.

        Raises:
            ValueError: As `predict`.
        """
        ends = at if isinstance(at, tuple) else (at, at)
        trajectories = [compress(schedule, [end]) for schedule, end in zip((first, second), ends, strict=True)]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # refused below
            losses, slopes = zip(*(self.model.evaluate(self.theta, t) for t in trajectories), strict=True)
            error = scale_of(self.model, self.covariance, slopes[0] - slopes[1])
        half = quantile(level) * float(error[0])
        _check_finite(*losses, np.array([half + 1.0]))
        value = float(losses[0][0] - losses[1][0])
        return value, value - half, value + half

    def misfit(self, run: Run) -> float:
        """The median error of the law at those losses of a run that a fit would use, in falls.

        A fit uses means over neighbours where single losses are noisy, so this hardly contains noise.

        Raises:
            ValueError: The run has no loss that a fit would use.
        """
        return float(np.median(observations_of([run]).errors(self.model, self.theta))) / self.model.fall

    def optimise(
        self,
        *,
        training_steps: int,
        max_lr: float | Literal["free"] | None = None,
        warmup_steps: int | None = None,
        min_lr: float = 0.0,
        progress: Callable[[float], object] | None = None,
    ) -> Optimum:
        """Find the schedule that ends at the lowest loss: a linear warmup, then rates that never rise.

        Args:
            training_steps: Updates of the run.
            max_lr: The rate at the end of the warmup; None for the highest peak of the runs. "free" for the
                best between half the lowest and twice the highest peak of the runs, which must have
                at least two peaks: a law that was fitted at one does not show which is best.
            warmup_steps: Updates of the warmup; None for those of the runs.
            min_lr: The lowest rate.
            progress: Called repeatedly with the share of the work that is done, for a progress bar: a
                run of a million updates takes about fifteen seconds.

        Raises:
            ValueError: The warmup leaves no updates, the rates are not in order, or ``max_lr`` is "free" but
                every run has the same peak.
            ImportError: SciPy is missing.
        """
        warmup = self.warmup if warmup_steps is None else warmup_steps
        return optimise(self, training_steps, warmup, max_lr, min_lr, progress)

    def experiment(self) -> Experiment:
        """Propose the short run that would reduce the uncertainty of forecasts most."""
        return best_experiment(
            self.model, self.theta, self.covariance, self.peaks[1], self.warmup, self.updates, self.stable
        )

    def to_json(self) -> str:
        """The law as JSON."""
        return LawFile(
            *HEADER, self.formula.name, self.model.peak, self.model.fall, self.constants, self.covariance.tolist(),
            self.peaks, self.updates, self.warmup, self.stable, self.lowest, self.prior,
            list(self.warnings), list(self.notes),
        ).to_json()  # fmt: skip

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the law to a JSON file: whole, or not at all.

        Raises:
            OSError: The file cannot be written; its old content is unchanged.
        """
        with whole_file(path) as file:
            file.write(f"{self.to_json()}\n".encode())

    @classmethod
    def from_json(cls, text: str) -> Law:
        """The law that JSON describes.

        Raises:
            ValueError: It is not a law, has another version, or its numbers are not those of its formula.
        """
        file = from_json(text, LawFile, HEADER, name="a law file", remedy="`Law.write` or `lehr fit` makes one")
        model = LossModel(laws.get(file.law), file.peak, file.fall)
        if tuple(file.constants) != model.names:
            raise ValueError(
                f"a {model.formula.name} law has the constants {', '.join(model.names)}, "
                f"got {checks.shown(list(file.constants))}"
            )
        try:
            return cls(
                model, np.array(list(file.constants.values())), numbers("covariance", file.covariance),
                file.peaks, file.updates, file.warmup, file.stable, file.lowest, file.prior,
                tuple(file.warnings), tuple(file.notes),
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{error}; fit again") from None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Law:
        """Read the law in a JSON file.

        Raises:
            OSError: The file cannot be read.
            ValueError: As `from_json`, with the file's name.
        """
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{checks.named(str(path))}: {error}") from None


def _check_covariance(covariance: Array, size: int) -> None:
    if covariance.shape != (size, size) or not (np.abs(covariance) <= LARGEST_VARIANCE).all():
        raise ValueError(f"the covariance of a law must have {size} x {size} numbers of at most {LARGEST_VARIANCE:g}")
    if not np.linalg.eigvalsh(covariance)[0] > 0:
        raise ValueError("the covariance of a law must be positive definite")


def _check_finite(*values: Array) -> None:
    if not all(np.isfinite(value).all() for value in values):
        raise ValueError("the law has no finite loss for this schedule: its constants or the rates are extreme")
