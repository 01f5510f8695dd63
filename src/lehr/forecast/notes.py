"""What the fitted runs do not show, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..schedules import Schedule
from .observations import EARLY, Observations
from .rates import Array, peak_distance, warmup_of
from .run import Run

ANNEALED = 0.7  # a run whose rate stays above this share of its peak shows nothing about annealing
MISFIT = 0.02  # median error of a run, in falls, above which a law does not describe it,
NOISY = 1.5  # if it is also this many times the noise of a loss
FEW = 8  # losses after the warmup; a run with fewer shows little
SAME_PEAK = 0.1  # peaks within this many factors of e count as equal
FACTOR = 0.7  # peaks more than this many factors of e from 1 are no factors of a base rate
FARTHEST = 100  # times the longest run, beyond which nothing is forecast
LONGER = 1.1  # lengths within this factor count as equal

SCOPE = (
    "The law is valid for the model, data, optimizer and batch size of these runs only; its prior comes from public "
    "runs of language models, image models, speech and others (docs: which, and with which errors)."
)


def against(fall: float, runs: Sequence[Run], errors: Sequence[float | None]) -> tuple[str, ...]:
    """What speaks against forecasts from these runs, to be read before any number.

    ``errors`` has the median error of each run, in falls, None if it has no row.
    """
    columns = {run.column: run.name for run in runs if run.column}
    mixed = []
    if len(columns) > 1:
        pairs = ", ".join(f"`{column}` in {name}" for column, name in columns.items())
        mixed = [
            f"The losses are {pairs}: a law is valid for one evaluation set, so use the same column for every run."
        ]
    return (*(warning for run in runs for warning in run.warnings), *mixed, *_misfits(fall, runs, errors))


def about_runs(
    observations: Observations, runs: Sequence[Run], errors: Sequence[float | None]
) -> tuple[str, ...]:  # fmt: skip
    """What the fitted runs do not show. ``errors`` as for `against`."""
    return (
        *(note for run in runs for note in run.notes),
        *_odd_runs(runs, errors),
        *_blind_spots(runs, lowest_share(observations)),
        SCOPE,
    )


def lowest_share(observations: Observations) -> float:
    """The lowest rate at which a loss was logged, as a share of its run's peak."""
    return min(float(trajectory.rate.min()) for trajectory in observations.trajectories)


def _odd_runs(runs: Sequence[Run], errors: Sequence[float | None]) -> Iterator[str]:
    """What is unusual about the runs, whatever the law."""
    for run, error in zip(runs, errors, strict=True):
        if error is None:
            yield f"{run.name} was left out: it has no loss after its warmup and after {EARLY:.0%} of the longest run."
        count = int((run.at > run.warmup).sum())
        if count < FEW:
            yield f"{run.name} has {count} losses after its warmup: forecasts rest mostly on the prior."
        end = run.schedule.length if isinstance(run.schedule, Schedule) else None
        if end is not None and end < run.updates:
            yield f"{run.name} continues to update {run.updates}, but its schedule ends at {end}: its last rate holds."


def _misfits(fall: float, runs: Sequence[Run], errors: Sequence[float | None]) -> Iterator[str]:
    for run, error in zip(runs, errors, strict=True):
        if error is not None and is_misfit(run, error, fall):
            yield (
                f"The law misses {run.name} by {error * fall:.2g} (median), {error:.0%} of what the loss fell: check "
                f"for a restart, a change of data or batch size, over-fitting, rates that differ from the schedule, or "
                f"another evaluation set. The bands do not cover this error."
            )


def is_misfit(run: Run, error: float, fall: float) -> bool:
    """Whether a median error, in falls, says that the law does not describe the run."""
    return error > max(MISFIT, NOISY * run.noise * abs(float(run.loss[-1])) / fall)


def _blind_spots(runs: Sequence[Run], lowest: float) -> Iterator[str]:
    peaks = [run.peak for run in runs]
    if lowest > ANNEALED:
        yield (
            f"No loss was logged at a rate below {lowest:.0%} of the peak: how much a lower rate reduces the loss is "
            f"known from the prior only, so bands are wide for schedules with a cooldown. A short branch from the "
            f"stable phase at a lower rate would reduce this uncertainty most."
        )
    if one_peak(peaks):
        yield (
            f"Every run peaks at {max(peaks):.3g}: these runs do not show which peak is best, and bands are wider for "
            f"schedules with another peak."
        )


def one_peak(peaks: Sequence[float]) -> bool:
    """Whether the peaks are too close to show what a peak does."""
    return float(np.log(max(peaks) / min(peaks))) < SAME_PEAK


def span(low: float, high: float) -> str:
    """Two numbers, or one if they are equal."""
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def check_reach(rates: Array, peaks: tuple[float, float], updates: int) -> None:
    """Refuse a schedule of which these runs say nothing.

    Raises:
        ValueError: The runs peak at 1, as factors of a base rate do, and the schedule does not; or it is more than 100
            times as long as the longest run.
    """
    peak = float(rates.max())
    if peaks == (1.0, 1.0) and peak_distance(peak, peaks) > FACTOR:
        raise ValueError(
            f"the law was fitted to schedules that peak at 1, factors of a base rate, and this one peaks at "
            f"{peak:.3g}: fit again with the rates themselves, 6e-4 * schedule or max_lr=6e-4, or forecast factors"
        )
    if len(rates) > FARTHEST * updates:
        raise ValueError(
            f"a forecast for {len(rates):,} updates, more than {FARTHEST} times the {updates:,} of the longest run, "
            f"would rest on nothing: fit a longer run"
        )


def beyond(rates: Array, peaks: tuple[float, float], updates: int, lowest: float) -> tuple[str, ...]:
    """In what a forecast of these rates goes beyond the runs: none, or some of horizon, peak and kind of schedule.

    ``updates`` is the longest run, ``lowest`` the lowest share of its peak at which a loss was logged.
    """
    peak = float(rates.max())
    found = {
        "horizon": len(rates) > LONGER * updates,
        "peak": peak_distance(peak, peaks) > SAME_PEAK,
        "kind of schedule": lowest > ANNEALED > float(rates[-1]) / peak,
    }
    return tuple(name for name, holds in found.items() if holds)


def about_forecast(rates: Array, peaks: tuple[float, float], updates: int, warmup: int) -> tuple[str, ...]:
    """What the fitted runs do not show about a schedule with these rates.

    ``updates`` is the longest run, and ``warmup`` its warmup.
    """
    peak, length = float(rates.max()), len(rates)
    notes = {
        f"Its peak of {peak:.3g} was never tried (the runs peak at {span(*peaks)}): the band is wider.": (
            peak_distance(peak, peaks) > SAME_PEAK
        ),
        f"It has no warmup, but the runs had {warmup} updates of warmup: the forecast may be too high, and the band "
        f"does not cover this.": warmup > 0 and not warmup_of(rates),
        f"Its {length} updates are {length / updates:.1f} times the longest run: the band is wider.": (
            length > 2 * updates
        ),
    }
    return tuple(note for note, applies in notes.items() if applies)
