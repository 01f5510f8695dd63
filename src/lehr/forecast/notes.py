"""What the fitted runs do not show, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..schedules import Schedule
from .observations import EARLY
from .prior import Prior
from .rates import Array, peak_distance, warmup_of
from .run import Run
from .trajectory import Trajectory

ANNEALED = 0.7  # a run whose rate stays above this share of its peak shows nothing about annealing
MISFIT = 3e-3  # median relative error of a run above which a law does not describe it,
NOISY = 1.5  # if it is also this many times the noise of a loss
FEW = 8  # losses after the warmup; a run with fewer shows little
SAME_PEAK = 0.1  # peaks within this many factors of e count as equal

SCOPE = (
    "The law is valid for the model, data, optimizer and batch size of these runs only; its prior comes from AdamW "
    "runs of language models with 25M to 124M parameters."
)


def about_runs(
    trajectory: Trajectory, runs: Sequence[Run], errors: Sequence[float | None], prior: Prior
) -> tuple[str, ...]:
    """What the fitted runs do not show.

    ``trajectory`` has the fitted rows, ``errors`` the median relative error of each run, None if it has no row.
    """
    return (
        *(note for run in runs for note in (*run.warnings, *run.notes)),
        *_odd_runs(runs),
        *_misfits(runs, errors),
        *_blind_spots(trajectory, runs),
        *_beyond(runs, prior),
        SCOPE,
    )


def _odd_runs(runs: Sequence[Run]) -> Iterator[str]:
    """What is unusual about the runs, whatever the law."""
    for run in runs:
        count = int((run.at > run.warmup).sum())
        if count < FEW:
            yield f"{run.name} has {count} losses after its warmup: forecasts rest mostly on the prior."
        end = run.schedule.length if isinstance(run.schedule, Schedule) else None
        if end is not None and end < run.updates:
            yield f"{run.name} continues to update {run.updates}, but its schedule ends at {end}: its last rate holds."
    columns = {run.column: run.name for run in runs if run.column}
    if len(columns) > 1:
        pairs = ", ".join(f"`{column}` in {name}" for column, name in columns.items())
        yield f"The losses are {pairs}: a law is valid for one evaluation set, so use the same column for every run."


def _misfits(runs: Sequence[Run], errors: Sequence[float | None]) -> Iterator[str]:
    for run, error in zip(runs, errors, strict=True):
        if error is None:
            yield f"{run.name} was left out: it has no loss after its warmup and after {EARLY:.0%} of the longest run."
        elif is_misfit(run, error):
            yield (
                f"The law misses {run.name} by {100 * error:.1f} % (median): check for a restart, a change of data or "
                f"batch size, rates that differ from the schedule, or another evaluation set. The bands do not cover "
                f"this error."
            )


def is_misfit(run: Run, error: float) -> bool:
    """Whether a median relative error says that the law does not describe the run."""
    return error > max(MISFIT, NOISY * run.noise)


def _blind_spots(trajectory: Trajectory, runs: Sequence[Run]) -> Iterator[str]:
    peaks, lowest = [run.peak for run in runs], float(trajectory.rate.min())
    if lowest > ANNEALED * min(peaks):
        yield (
            f"No loss was logged at a rate below {lowest:.3g}, {lowest / max(peaks):.0%} of the peak: how much a lower "
            f"rate reduces the loss is known from the prior only, so bands are wide for schedules with a cooldown. A "
            f"short branch from the stable phase at a lower rate would reduce this uncertainty most."
        )
    if np.log(max(peaks) / min(peaks)) < SAME_PEAK:
        yield (
            f"Every run peaks at {max(peaks):.3g}: these runs do not show which peak is best, and bands are wider for "
            f"schedules with another peak."
        )


def _beyond(runs: Sequence[Run], prior: Prior) -> Iterator[str]:
    peaks = [run.peak for run in runs]
    if prior.known is not None and max(peak_distance(peak, prior.known) for peak in peaks) > SAME_PEAK:
        yield (
            f"The runs peak at {_span(min(peaks), max(peaks))}, the runs behind the prior at {_span(*prior.known)}: "
            f"the prior is less certain here and may mislead a fit of few runs. A prior made from your own runs "
            f"(`Prior.of_fits`) avoids this."
        )


def _span(low: float, high: float) -> str:
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def about_forecast(rates: Array, peaks: tuple[float, float], updates: int, warmup: int) -> tuple[str, ...]:
    """What the fitted runs do not show about a schedule with these rates.

    ``updates`` is the longest run, and ``warmup`` its warmup.
    """
    peak, length = float(rates.max()), len(rates)
    notes = {
        f"Its peak of {peak:.3g} was never tried (the runs peak at {_span(*peaks)}): the band is wider.": (
            peak_distance(peak, peaks) > SAME_PEAK
        ),
        f"It has no warmup, but the runs had {warmup} updates of warmup: the forecast may be too high, and the band "
        f"does not cover this.": warmup > 0 and not warmup_of(rates),
        f"Its {length} updates are {length / updates:.1f} times the longest run: the band is wider.": (
            length > 2 * updates
        ),
    }
    return tuple(note for note, applies in notes.items() if applies)
