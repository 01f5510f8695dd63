"""A schedule in numbers and as a small picture: what `describe` prints and a notebook shows."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .checks import LONGEST, integer, shown
from .sampling import Describable, positions, spread

if TYPE_CHECKING:
    from .backends import Array

SAMPLES = 100_000
"""Positions at which a run is looked at that is too long to look at each."""
ROWS = 20
"""Phases that are written down one by one."""
LONGEST_REPR = 4_000
_MOST_BREAKS = 10_000
_NOTICEABLE = 1e-6
"""The share of the rates around a boundary from which on their difference is a jump, and not rounding."""


@dataclass(frozen=True)
class Phase:
    """A part of a run between two changes of formula.

    Attributes:
        kind: What the rate does there: warmup, rise, hold, decay or cooldown.
        start: Its first position.
        stop: The first position after it.
        first: The rate at ``start``.
        last: The rate that it comes to, just before ``stop``.
        following: The rate at ``stop``.
        pieces: How many parts with a formula each it has.
    """

    kind: str
    start: float
    stop: float
    first: float
    last: float
    following: float
    pieces: int = 1

    @property
    def jumps(self) -> bool:
        """Whether the rate moves and comes to another rate than the one at ``stop``."""
        return self.kind != "hold" and self.last != self.following


@dataclass(frozen=True)
class Summary:
    """The resolved numbers of a schedule over the positions from 0 to ``stop``."""

    schedule: Describable
    stop: float

    @cached_property
    def phases(self) -> list[Phase]:
        """What the rate does between two boundaries, from the first to the last; the first 10,001 of them."""
        edges = [0, *self.schedule.breaks(self.stop, _MOST_BREAKS), self.stop]
        phases: list[Phase] = []
        for start, stop in pairwise(edges):
            first, last, following = map(self.schedule, (start, math.nextafter(stop, 0), stop))
            scale = max(first, last, following)
            if abs(last - following) <= _NOTICEABLE * scale:
                last = following
            elif last <= 1e-12 * scale:  # on its way to 0
                last = 0.0
            phases.append(Phase(_kind(first, last, before=phases), start, stop, first, last, following))
        return phases

    @cached_property
    def _positions(self) -> Array:
        import numpy as np

        if self.stop <= SAMPLES:
            return np.arange(math.ceil(self.stop), dtype=np.float64)
        sampled = positions(self.schedule, self.stop, SAMPLES)
        updates = np.union1d(np.floor(sampled), np.ceil(sampled))
        return updates[updates < self.stop]

    @cached_property
    def peak(self) -> tuple[float, int]:
        """The highest rate of the run, and the first update that uses it."""
        rates = self.schedule(self._positions)
        return float(rates.max()), int(self._positions[rates.argmax()])

    @cached_property
    def area(self) -> float:
        """The sum of the rates of all updates; of a very long run, from the mean of a sample."""
        import numpy as np

        if self.stop <= 10 * SAMPLES:
            return float(self.schedule(np.arange(math.ceil(self.stop), dtype=np.float64)).sum())
        return float(self.schedule(np.floor(spread(10 * SAMPLES, self.stop))).mean() * self.stop)

    @property
    def unfinished(self) -> str:
        """Says that the run ends in the middle of a cycle, and at which rate; empty if it does not.

        >>> from lehr import cosine_restarts
        >>> Summary(cosine_restarts(150, max_lr=1.0, cycle_steps=100), stop=150).unfinished
        'in the middle of a cycle, at 50 % of the peak'
        """
        if not self.schedule._inside_cycle(self.stop):
            return ""
        rate = self.schedule(math.nextafter(self.stop, 0))
        return f"in the middle of a cycle, at {rate / (self.peak[0] or 1):.0%} of the peak".replace("%", " %")


def numbers(schedule: Describable, stop: float | None = None) -> dict[str, Any]:
    """What `describe` prints, as plain data.

    >>> from lehr import linear
    >>> found = numbers(linear(100, 10, max_lr=1.0))
    >>> found["length"], found["peak"], found["peak_at"], [phase["kind"] for phase in found["phases"]]
    (100, 1.0, 10, ['warmup', 'decay'])
    """
    summary = Summary(schedule, horizon(schedule, stop))
    peak, at = summary.peak
    return {
        "length": schedule.length,
        "first": schedule(0),
        "peak": peak,
        "peak_at": at,
        "final": None if schedule.length is None else schedule(schedule.length),
        "area": summary.area,
        "phases": [
            {name: getattr(phase, name) for name in ("kind", "start", "stop", "first", "last")}
            for phase in summary.phases
        ],
    }


def _kind(first: float, last: float, before: list[Phase]) -> str:
    if math.isclose(first, last, rel_tol=1e-9):
        return "hold"
    if last > first:
        return "rise" if before else "warmup"
    return "cooldown" if before and before[-1].kind == "hold" else "decay"


def horizon(schedule: Describable, stop: float | None = None) -> float:
    """``stop``, or the schedule's length, or where to stop looking at one that never ends."""
    if stop is not None:
        return integer("stop", stop, owner="describe")
    if schedule.length is not None:
        return schedule.length or 1
    first = next(schedule._changes(0, LONGEST), 0)  # the end of a warmup, most often
    return max(10_000, 10 * first)


def describe(schedule: Describable, stop: float | None = None) -> str:
    """Every resolved number of a schedule, one a line."""
    summary = Summary(schedule, horizon(schedule, stop))
    peak, at = summary.peak
    end = "never ends" if schedule.length is None else f"{_number(schedule.length)} steps"
    lines = [shown(schedule, most=LONGEST_REPR), f"length  {end}", *_rows(summary.phases)]
    lines.append(f"peak    {peak:.6g} at step {at:,}")
    if summary.unfinished and (stop is not None or schedule.length is not None):
        lines.append(f"ends    {summary.unfinished}")
    if schedule.length is not None:
        lines.append(f"final   {schedule(schedule.length):.6g} from step {_number(schedule.length)} on")
    about = "" if summary.stop <= 10 * SAMPLES else "about "
    lines.append(f"area    {about}{summary.area:.6g} (sum of the rates of {_number(summary.stop)} steps)")
    return "\n".join(lines)


def _rows(phases: list[Phase]) -> Iterator[str]:
    """A line for each phase; of many, those that go on in one direction are one, and only the first ones are shown."""
    if len(phases) > ROWS:
        phases = _in_one_direction(phases)
    shown_ones, more = phases[:ROWS], len(phases) - ROWS
    width = max(len(_number(phase.stop)) for phase in shown_ones)
    for phase in shown_ones:
        span = f"{_number(phase.start):>{width}} to {_number(phase.stop):>{width}}"
        jump = f", jumps to {phase.following:.6g}" if phase.jumps else ""
        pieces = f", in {phase.pieces:,} pieces" if phase.pieces > 1 else ""
        yield f"{phase.kind:<9} {span}   {phase.first:.6g} to {phase.last:.6g}{pieces}{jump}"
    if more > 0:
        yield f"... and {'more than ' if len(phases) > _MOST_BREAKS else ''}{more:,} more phases"


def _in_one_direction(phases: list[Phase]) -> list[Phase]:
    """The phases, those that follow each other in one direction without a jump as one."""
    joined: list[Phase] = []
    for phase in phases:
        before = joined[-1] if joined else None
        if before and math.isclose(before.last, phase.first) and _direction(before) == _direction(phase):
            joined[-1] = replace(
                before, stop=phase.stop, last=phase.last, following=phase.following, pieces=before.pieces + 1
            )
        else:
            joined.append(phase)
    return joined


def _direction(phase: Phase) -> int:
    return 0 if phase.kind == "hold" else 1 if phase.last > phase.first else -1


def _number(position: float) -> str:
    return f"{position:,.6g}" if isinstance(position, float) else f"{position:,}"


def svg(schedule: Describable, width: int = 360, height: int = 110, at: float | None = None) -> str:
    """A small line of the rates, with nothing but the standard library, for a notebook; ``at`` marks a position."""
    stop, even = horizon(schedule), [i / 240 for i in range(241)]
    changes = [position for b in schedule.breaks(stop, most=240) for position in (math.nextafter(b, 0), b)]
    where = sorted([*changes, *(stop * share for share in even)])
    rates = [schedule(position) for position in where]
    top = max(rates) or 1.0
    right, floor = width - 10, height - 22

    def x(position: float) -> float:
        return 10 + min(position / stop, 1.0) * (right - 10)

    points = " ".join(
        f"{x(position):.1f},{floor - rate / top * (floor - 20):.1f}"
        for position, rate in zip(where, rates, strict=True)
    )
    title = html.escape(shown(schedule))
    words = (
        f'<text x="10" y="13">{top:.3g}</text>'
        f'<text x="{right}" y="{height - 6}" text-anchor="end">{_number(stop)}</text>'
    )
    mark = "" if at is None else f'<path d="M{x(at):.1f} 18V{floor}" stroke="currentColor" stroke-dasharray="3 3"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" font-size="11" '
        f'font-family="sans-serif" fill="currentColor"><title>{title}</title>'
        f'<path d="M10 {floor}H{right}" stroke="currentColor" stroke-opacity="0.4"/>{words}{mark}'
        f'<polyline points="{points}" fill="none" stroke="#2f8fd0" stroke-width="2"/></svg>'
    )


def as_html(schedule: Describable, lines: Sequence[str], at: float | None = None) -> str:
    """The picture with lines of text below it, which take the colours of the notebook."""
    text = "\n".join(html.escape(line) for line in lines)
    return f'<div>{svg(schedule, at=at)}<pre style="white-space: pre-wrap">{text}</pre></div>'
