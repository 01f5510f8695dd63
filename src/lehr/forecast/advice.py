"""What the runs cannot tell, in plain words, and the one experiment that would tell most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedules import Constant, Ramp, Schedule
from ..schedules.recipes import constant_with_warmup, cosine, wsd
from .intervals import ROW_ERROR, peak_distance
from .knots import Array, Path, compress
from .rows import EARLY
from .runs import Run, warmup_of

if TYPE_CHECKING:
    from .law import Law
    from .prior import Prior

ANNEALED = 0.7
"""A run whose rate never falls below this share of its peak says nothing about annealing."""
MISFIT = 3e-3
"""Median relative error of a run's rows from which a law does not describe it."""
NOISY = 1.5
"""Times the noise of one loss that such an error must be as well: noise alone is nobody's fault."""
FEW = 8
"""Losses after the warmup under which a run tells little."""
SAME_PEAK = 0.1
"""Peaks this many factors of e apart count as one."""

SETTING = (
    "The law holds for the model, data, optimizer and batch size of these runs; about others they say nothing, and "
    "its prior comes from AdamW runs of language models of 25M to 124M parameters."
)


def about_runs(path: Path, runs: Sequence[Run], misfit: Sequence[float | None], prior: Prior) -> tuple[str, ...]:
    """What the fitted runs leave open.

    Args:
        path: The schedules at the fitted rows.
        runs: The runs.
        misfit: The median relative error of each run's rows; None of one that has none.
        prior: What was believed before.
    """
    said = [note for run in runs for note in run.notes]
    return (*said, *_odd_runs(runs), *_misfits(runs, misfit), *_blind_spots(path, runs), *_beyond(runs, prior), SETTING)


def _odd_runs(runs: Sequence[Run]) -> Iterator[str]:
    """What is amiss with the runs before any law is asked."""
    for run in runs:
        count = int((run.at > (run.warmup or 0)).sum())
        if count < FEW:
            yield f"{run.name} has {count} losses after its warmup: the prior says nearly all of what is forecast."
        end = run.schedule.length if isinstance(run.schedule, Schedule) else None
        if end is not None and end < run.updates:
            yield f"{run.name} goes on to update {run.updates}, and its schedule ends at {end}: its last rate was held."
    measures = {run.measure: run.name for run in runs if run.measure}
    if len(measures) > 1:
        found = ", ".join(f"`{measure}` in {name}" for measure, name in measures.items())
        yield f"The losses are {found}: a law holds for one evaluation set, so fit the same in all runs."


def _misfits(runs: Sequence[Run], misfit: Sequence[float | None]) -> Iterator[str]:
    for run, error in zip(runs, misfit, strict=True):
        if error is None:
            yield f"{run.name} was left out: it has no loss after its warmup and after {EARLY:.0%} of the longest run."
        elif error > max(MISFIT, NOISY * (run.noise or 0.0)):
            yield (
                f"The law misses {run.name} by {100 * error:.1f} % at the median row: look for a restart, a change of "
                f"data or batch size, a rate that differs from the schedule, or another evaluation set; the bands do "
                f"not allow for that."
            )


def _blind_spots(path: Path, runs: Sequence[Run]) -> Iterator[str]:
    peaks = [run.peak for run in runs]
    if path.rate.min() > ANNEALED * min(peaks):
        yield (
            f"No loss was taken at a rate below {path.rate.min():.3g}, {path.rate.min() / max(peaks):.0%} of the peak: "
            f"what lowering the rate gains is known from other people's runs alone, and the bands of schedules that "
            f"cool down are wide. A short branch off the stable phase at 30 % of the rate would tell most: "
            f"the law's experiment says which."
        )
    if np.log(max(peaks) / min(peaks)) < SAME_PEAK:
        yield (
            f"Every run peaks at {max(peaks):.3g}: which peak is best they cannot tell, and forecasts for another one "
            f"have a band that is wider by 1.5 % for each factor of e."
        )


def _beyond(runs: Sequence[Run], prior: Prior) -> Iterator[str]:
    """Whether the prior knows such peaks."""
    peaks = [run.peak for run in runs]
    if prior.known is not None and max(peak_distance(peak, prior.known) for peak in peaks) > SAME_PEAK:
        yield (
            f"The runs peak at {_span(min(peaks), max(peaks))}, and those behind the prior at "
            f"{_span(*prior.known)}: it is doubted the more the farther they are apart, and may "
            f"still mislead a fit of few runs; a prior made from runs of one's own (`Prior.of_fits`) would not."
        )


def _span(low: float, high: float) -> str:
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def about_forecast(law: Law, schedule: Schedule | Any, path: Path) -> tuple[str, ...]:
    """What the fitted runs cannot tell about one schedule."""
    notes = []
    done = int(path.at.max())
    rates = schedule(np.arange(float(done))) if isinstance(schedule, Schedule) else np.asarray(schedule)[:done]
    if peak_distance(float(rates.max()), law.peaks) > SAME_PEAK:
        seen = _span(*law.peaks)
        notes.append(f"Its peak of {rates.max():.3g} was never tried (the runs peak at {seen}): the band is widened.")
    if law.warmup and not warmup_of(rates):
        notes.append(
            f"It has no warmup, and the runs had one of {law.warmup} updates: the law takes such a start for much "
            f"noise, so its loss may be forecast too high; the band does not allow for that."
        )
    if done > 2 * law.updates:
        notes.append(f"Its {done} updates are {done / law.updates:.1f} times the longest run: the band is widened.")
    return tuple(notes)


@dataclass(frozen=True)
class Experiment:
    """A run that would tell much.

    Attributes:
        words: What to do.
        schedule: The whole schedule, from the first update.
        since: Updates that it shares with a stable run: only what comes after is new.
        shrinks: What is left of the uncertainty about final losses, as a share of today's.
    """

    words: str
    schedule: Schedule
    since: int
    shrinks: float


def experiment(law: Law) -> Experiment:
    """Of a few short branches off the stable phase, the one that would narrow the forecasts most.

    Each candidate takes a quarter of the longest run; what counts is the mean standard deviation of
    the final losses of cosine and WSD runs as long as that run and twice as long.
    """
    precision = np.linalg.inv(law.covariance)
    slopes = np.concatenate([_slopes(law, target, [target.length]) for target in _targets(law)])

    def spread(extra: Array) -> float:
        covariance = np.linalg.inv(precision + extra)
        return float(np.sqrt(np.einsum("ni,ij,nj->n", slopes, covariance, slopes)).mean())

    now = spread(np.zeros_like(precision))
    found = []
    for words, schedule, since in _candidates(law):
        at = np.unique(np.linspace(since + 1, schedule.length or since + 1, 30).round())
        rows = _slopes(law, schedule, at)
        found.append(Experiment(words, schedule, since, spread(rows.T @ rows / ROW_ERROR**2) / now))
    return min(found, key=lambda candidate: candidate.shrinks)


def _slopes(law: Law, schedule: Schedule, at: Any) -> Array:
    """Derivatives of ln L by the constants, (n, p)."""
    loss, jacobian = law.formula.evaluate(law.theta, compress(schedule, at))
    return np.asarray(jacobian / loss[:, None])


def _targets(law: Law) -> Iterator[Schedule]:
    peak, warmup = law.peaks[1], law.warmup
    for steps in (law.updates, 2 * law.updates):
        yield cosine(steps, warmup, peak, 0.1 * peak)
        yield wsd(steps, warmup, peak, decay_steps="20%")


def _candidates(law: Law) -> Iterator[tuple[str, Schedule, int]]:
    peak, steps = law.peaks[1], law.updates
    since, length = max(steps // 2, law.warmup + 1), max(steps // 4, 2)
    stable = constant_with_warmup(since, law.warmup, peak)
    said = f"Continue the stable run from update {since} for {length} updates"
    for share in (0.6, 0.3, 0.1):
        yield (
            f"{said} at {share * peak:.3g}, {share:.0%} of its rate.",
            stable.then(Constant(share * peak, length)),
            since,
        )
    yield f"{said}, cooling down to 0 (1-sqrt).", stable.then(Ramp(peak, 0.0, length, "1-sqrt")), since
