"""Continuations of a run in progress: when to cool it down, and whether to train longer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import Constant, Ramp, Schedule, Table, checks
from .fitting import fit
from .law import Law
from .rates import Array, numbers
from .run import Run


@dataclass(frozen=True)
class Continuations:
    """Final losses of a run that is continued in several ways.

    Attributes:
        start: Updates done when each cooldown starts, (n,).
        total: Updates of each, cooldown included, (n,).
        loss: The final losses, nats, (n,), with the 90 % band ``low`` to ``high``.
        schedules: The whole schedules, past included.
        notes: What the fitted runs do not show about them.
    """

    start: Array
    total: Array
    loss: Array
    low: Array
    high: Array
    schedules: tuple[Schedule, ...]
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> int:
        """Index of the lowest final loss."""
        return int(np.argmin(self.loss))


def when_to_cool_down(
    run: Run, budget: int, *, law: Law | None = None, shape: str = "1-sqrt", min_lr: float = 0.0, choices: int = 24
) -> Continuations:
    """The final loss of a run in progress against the position where its cooldown starts.

    Args:
        run: The run so far; it keeps its last rate until the cooldown.
        budget: Updates of the whole run.
        law: The law; None fits this run alone.
        shape: Shape of the cooldown, any of `Ramp`.
        min_lr: The rate at its end.
        choices: Positions to try, from now to 95 % of the budget.

    Raises:
        ValueError: The budget leaves no updates for a cooldown.
    """
    law = fit(run) if law is None else law
    return cooldowns_from(_past(run), run.updates, budget, law, shape, min_lr, choices)


def extend_or_stop(
    run: Run, more: ArrayLike | None = None, *, law: Law | None = None, share: float = 0.2, shape: str = "1-sqrt",
    min_lr: float = 0.0,
) -> Continuations:  # fmt: skip
    """The final loss of a run in progress against its total length.

    Args:
        run: The run so far, with ``law``, ``shape`` and ``min_lr`` as in `when_to_cool_down`.
        more: Further updates to try, cooldown included; None for 20 % to 200 % of the run.
        share: The share of the cooldown in the whole run, as far as the further updates allow.

    Raises:
        ValueError: A number of further updates is below 1.
    """
    law = fit(run) if law is None else law
    return lengths_from(_past(run), run.updates, more, law, share, shape, min_lr)


def _past(run: Run) -> Schedule:
    return run.schedule if isinstance(run.schedule, Schedule) else Table(tuple(run.rates.tolist()))


def cooldowns_from(
    past: Schedule, done: int, budget: int, law: Law, shape: str = "1-sqrt", min_lr: float = 0.0, choices: int = 24
) -> Continuations:
    """`when_to_cool_down` for a run that has done so many updates of a schedule."""
    latest = int(0.95 * budget)
    if not done <= latest:
        raise ValueError(f"a `budget` of {budget} leaves no cooldown: the run has done {done} updates")
    starts = np.unique(np.linspace(done, latest, choices).round())
    return _continued(past, done, [(int(start), budget) for start in starts], law, shape, min_lr)


def lengths_from(
    past: Schedule, done: int, more: ArrayLike | None, law: Law, share: float = 0.2, shape: str = "1-sqrt",
    min_lr: float = 0.0,
) -> Continuations:  # fmt: skip
    """`extend_or_stop` for a run that has done so many updates of a schedule."""
    usual = np.round(np.array([0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0]) * done)
    further = usual if more is None else numbers("more", more)
    if not (further >= 1).all():
        raise ValueError(f"`more` counts further updates: it must be at least 1 each, got {checks.shown(more)}")
    totals = [done + int(n) for n in further]
    return _continued(past, done, [(max(done, round((1 - share) * n)), n) for n in totals], law, shape, min_lr)


def _continued(
    past: Schedule, done: int, ways: list[tuple[int, int]], law: Law, shape: str, floor: float
) -> Continuations:
    past, rate = past.cut(0, done), float(past(done - 1))
    schedules = [
        past.then(Constant(rate, start - done), Ramp(rate, min(floor, rate), total - start, shape))
        for start, total in ways
    ]
    forecasts = [law.predict(schedule, [total]) for schedule, (_, total) in zip(schedules, ways, strict=True)]
    loss, low, high = np.array([forecast.final for forecast in forecasts]).T
    notes = tuple(dict.fromkeys(note for f in forecasts for note in f.notes))
    at = np.array(ways, dtype=float)
    return Continuations(at[:, 0], at[:, 1], loss, low, high, tuple(schedules), notes)
