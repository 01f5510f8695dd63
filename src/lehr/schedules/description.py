"""A schedule in numbers and as a small picture: what `describe` prints and a notebook shows."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from .base import Schedule
from .checks import LONGEST, integer

if TYPE_CHECKING:
    from .backends import Array

SAMPLES = 100_000
"""Positions looked at in a run that is too long to look at each."""
NOTHING = 1e-12
"""The share of its start that a rate just before the end of a stretch must be to differ from 0."""


@dataclass(frozen=True)
class Phase:
    """A stretch of a run between two changes of formula: ``kind`` says what the rate does there."""

    kind: str
    start: float
    stop: float
    first: float
    last: float


@dataclass(frozen=True)
class Summary:
    """The resolved numbers of a schedule over the positions from 0 to ``stop``."""

    schedule: Schedule
    stop: float

    @cached_property
    def phases(self) -> list[Phase]:
        """What the rate does between two boundaries, from the first to the last."""
        edges = [0, *self.schedule.breaks(self.stop), self.stop]
        phases: list[Phase] = []
        for start, stop in pairwise(edges):
            # The end of a stretch belongs to the next one: ask just before it.
            first, last = self.schedule(start), self.schedule(math.nextafter(stop, 0))
            last = 0.0 if last < NOTHING * first else last
            kind = _kind(first, last, before=phases)
            phases.append(Phase(kind, start, stop, first, last))
        return phases

    @cached_property
    def _positions(self) -> Array:
        import numpy as np

        if self.stop <= SAMPLES:
            return np.arange(math.ceil(self.stop), dtype=np.float64)
        edges = np.array([0, *self.schedule.breaks(self.stop)], dtype=np.float64)
        return np.unique(np.concatenate([edges, np.floor(_spread(SAMPLES, self.stop))]))

    @cached_property
    def peak(self) -> tuple[float, int]:
        """The highest rate of the run, and the first update that uses it."""
        rates = self.schedule(self._positions)
        return float(rates.max()), int(self._positions[rates.argmax()])

    @cached_property
    def area(self) -> float:
        """The sum of the rates of all updates; in a very long run, from the mean of a spread of them."""
        import numpy as np

        if self.stop <= 10 * SAMPLES:
            return float(self.schedule(np.arange(math.ceil(self.stop))).sum())
        return float(self.schedule(np.floor(_spread(10 * SAMPLES, self.stop))).mean() * self.stop)


def _spread(count: int, stop: float) -> Array:
    """Positions all over a run, by the golden ratio: even steps could keep step with its cycles."""
    import numpy as np

    return np.sort(np.arange(count) * (math.sqrt(5) - 1) / 2 % 1) * stop


def _kind(first: float, last: float, before: list[Phase]) -> str:
    if math.isclose(first, last, rel_tol=1e-9):
        return "hold"
    if last > first:
        return "rise" if before else "warmup"
    return "cooldown" if before and before[-1].kind == "hold" else "decay"


def horizon(schedule: Schedule, stop: float | None = None) -> float:
    """``stop``, or the schedule's length, or where to stop looking at one that never ends."""
    if stop is not None:
        return integer("stop", stop, owner="describe")
    if schedule.length is not None:
        return schedule.length or 1
    first = next(schedule._changes(LONGEST), 0)  # the end of a warmup, most often
    return max(10_000, 10 * first)


def describe(schedule: Schedule, stop: float | None = None) -> str:
    """Every resolved number of a schedule, one a line."""
    summary = Summary(schedule, horizon(schedule, stop))
    peak, at = summary.peak
    end = "never ends" if schedule.length is None else f"{_whole(schedule.length)} steps"
    lines = [repr(schedule), f"length  {end}"]
    phases = summary.phases
    width = max(len(_whole(p.stop)) for p in phases)
    for phase in phases[:20]:
        span = f"{_whole(phase.start):>{width}} to {_whole(phase.stop):>{width}}"
        lines.append(f"{phase.kind:<9} {span}   {phase.first:.6g} to {phase.last:.6g}")
    if len(phases) > 20:
        lines.append(f"... and {len(phases) - 20} more phases")
    lines.append(f"peak    {peak:.6g} at step {at:,}")
    if schedule.length is not None:
        lines.append(f"final   {schedule(schedule.length):.6g} from step {_whole(schedule.length)} on")
    about = "" if summary.stop <= 10 * SAMPLES else "about "
    lines.append(f"area    {about}{summary.area:.6g} (sum of the rates of {_whole(summary.stop)} steps)")
    return "\n".join(lines)


def _whole(position: float) -> str:
    return f"{position:,.6g}" if isinstance(position, float) else f"{position:,}"


def svg(schedule: Schedule, width: int = 320, height: int = 90) -> str:
    """A small line of the rates, with nothing but the standard library, for a notebook."""
    stop, even = horizon(schedule), [i / 240 for i in range(241)]
    changes = [position for b in schedule.breaks(stop, most=240) for position in (math.nextafter(b, 0), b)]
    positions = sorted([*changes, *(stop * share for share in even)])
    rates = [schedule(position) for position in positions]
    top = max(rates) or 1.0
    points = " ".join(
        f"{10 + position / stop * (width - 20):.1f},{height - 10 - rate / top * (height - 20):.1f}"
        for position, rate in zip(positions, rates, strict=True)
    )
    title = html.escape(repr(schedule))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">'
        f"<title>{title}</title>"
        f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/></svg>'
    )
