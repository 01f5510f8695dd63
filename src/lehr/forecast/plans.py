"""A run in progress: when to cool it down, and whether to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schedules import Constant, Ramp, Schedule, Table
from .knots import Array
from .runs import Run

if TYPE_CHECKING:
    from .law import Law


@dataclass(frozen=True)
class Plan:
    """Final losses of one run, continued in several ways.

    Attributes:
        start: Updates done when each cooldown starts, (n,).
        total: Updates of each, cooldown included, (n,).
        loss: The final losses, nats, (n,), with the 90 % band ``low`` to ``high``.
        schedules: The whole schedules, past included.
        notes: What the fitted runs cannot tell about them.
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
) -> Plan:
    """The final loss of a run in progress against the position where its cooldown starts.

    Args:
        run: The run so far; until the cooldown it holds its last rate.
        budget: Updates of the whole run.
        law: The law; None for the one that fits this run alone.
        shape: Shape of the cooldown, any of `Ramp`.
        min_lr: Where it ends.
        choices: How many positions to try, from now to 95 % of the budget.

    Raises:
        ValueError: The run is already longer than the budget allows.
    """
    latest = int(0.95 * budget)
    if not run.updates <= latest:
        raise ValueError(
            f"{run.name} has done {run.updates} updates, and a budget of {budget} leaves no cooldown; give a larger one"
        )
    starts = np.unique(np.linspace(run.updates, latest, choices).round())
    return _plan(run, [(int(start), budget) for start in starts], law, shape, min_lr)


def extend_or_stop(
    run: Run,
    more: Any = None,
    *,
    law: Law | None = None,
    share: float = 0.2,
    shape: str = "1-sqrt",
    min_lr: float = 0.0,
) -> Plan:
    """What further updates buy: the final loss against the length of the run.

    Args:
        run: The run so far; until the cooldown it holds its last rate.
        more: Further updates to try, cooldown included; None for a fifth of the run to twice it.
        law: The law; None for the one that fits this run alone.
        share: The cooldown's share of the whole run, as far as the further updates allow.
        shape: Its shape, any of `Ramp`.
        min_lr: Where it ends.

    Raises:
        ValueError: A number of further updates is not above 0.
    """
    further = (
        np.round(np.array([0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0]) * run.updates) if more is None else np.atleast_1d(more)
    )
    if not (np.asarray(further) >= 1).all():
        raise ValueError(f"`more` counts further updates, at least 1 each, got {more!r}")
    totals = [run.updates + int(n) for n in further]
    return _plan(run, [(max(run.updates, round((1 - share) * n)), n) for n in totals], law, shape, min_lr)


def _plan(run: Run, ways: list[tuple[int, int]], law: Law | None, shape: str, floor: float) -> Plan:
    if law is None:
        from .fit import fit

        law = fit(run)
    past = run.schedule if isinstance(run.schedule, Schedule) else Table(tuple(run.rates.tolist()))
    past, rate = past.cut(0, run.updates), float(run.rates[-1])
    schedules = [
        past.then(Constant(rate, start - run.updates), Ramp(rate, min(floor, rate), total - start, shape))
        for start, total in ways
    ]
    forecasts = [law.predict(schedule, [total]) for schedule, (_, total) in zip(schedules, ways, strict=True)]
    loss, low, high = (np.array([float(getattr(f, name)[0]) for f in forecasts]) for name in ("loss", "low", "high"))
    notes = tuple(dict.fromkeys(note for f in forecasts for note in f.notes))
    at = np.array(ways, dtype=float)
    return Plan(at[:, 0], at[:, 1], loss, low, high, tuple(schedules), notes)
