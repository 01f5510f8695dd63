"""The resolved numbers of schedules and forecasts, as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import spec
from ..schedules import Schedule
from ..schedules.description import ROWS, Summary, horizon

if TYPE_CHECKING:
    from ..forecast import Forecast


def numbers_of(schedules: Mapping[str, Schedule]) -> list[dict[str, Any]]:
    """For each schedule its name, its line of text, the numbers of the whole and its phases."""
    return [_numbers(name, schedule) for name, schedule in schedules.items()]


def _numbers(name: str, schedule: Schedule) -> dict[str, Any]:
    summary = Summary(schedule, horizon(schedule))
    peak, at = summary.peak
    end = schedule.length
    phases = summary.phases
    return {
        "name": name,
        "text": spec.to_text(schedule),
        "rows": [
            ("length", "never ends" if end is None else f"{end:,g} steps"),
            ("peak", f"{peak:.6g} at step {at:,}"),
            ("final rate", f"{schedule(end):.6g}" if end is not None else ""),
            ("sum of the rates", f"{summary.area:.6g}"),
        ],
        "phases": [
            (phase.kind, f"{phase.start:,g}", f"{phase.stop:,g}", f"{phase.first:.6g}", f"{phase.last:.6g}")
            for phase in phases[:ROWS]
        ],
        "more": max(0, len(phases) - ROWS),
    }


def losses_of(forecasts: Mapping[str, Forecast]) -> list[tuple[str, str, str, str, str]]:
    """For each forecast its name, its updates, the final loss, the band there, and how far it reaches; best first."""
    ranked = sorted(forecasts.items(), key=lambda item: item[1].final[0])
    return [
        (name, f"{one.at[-1]:,.0f}", f"{one.final[0]:.4f}", f"{one.final[1]:.4f} to {one.final[2]:.4f}", one.reach)
        for name, one in ranked
    ]
