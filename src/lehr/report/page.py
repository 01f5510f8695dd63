"""The page: what `write` puts into the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from ..files import whole_file
from ..forecast import Law, Run, whole_run
from ..schedules import Schedule, checks
from . import figures
from .numbers import losses_of, numbers_of

if TYPE_CHECKING:
    from jinja2 import Template

    from ..check import Finding
    from ..control import Change

LARGEST = 5_000_000
"""Bytes of the largest report."""


def write(
    path: str | os.PathLike[str],
    schedules: Mapping[str, Schedule] | Schedule,
    *,
    history: Sequence[Change] = (),
    runs: Sequence[Run] = (),
    law: Law | None = None,
    findings: Sequence[Finding] = (),
    level: float = 0.9,
    title: str = "Learning-rate schedules",
) -> None:
    """Write a report, whole or not at all.

    Args:
        path: The file.
        schedules: The schedules by name, or one alone.
        history: The changes during the run of the first schedule, ``scheduler.history``.
        runs: Logged runs, whose losses are drawn.
        law: A fitted law, which forecasts the losses of every schedule that has an end.
        findings: What `lehr.check.findings` found.
        level: The share of losses in the bands of the forecast.
        title: The heading.

    Raises:
        ValueError: There is no schedule, or the report would have more than 5 MB.
        ImportError: Jinja2 or matplotlib is missing.
        OSError: The file cannot be written.
    """
    text = html(schedules, history=history, runs=runs, law=law, findings=findings, level=level, title=title)
    content = text.encode("utf-8")
    if len(content) > LARGEST:
        raise ValueError(f"the report would have {len(content):,} bytes, more than {LARGEST:,}: give fewer schedules")
    with whole_file(path) as file:
        file.write(content)


def html(
    schedules: Mapping[str, Schedule] | Schedule,
    *,
    history: Sequence[Change] = (),
    runs: Sequence[Run] = (),
    law: Law | None = None,
    findings: Sequence[Finding] = (),
    level: float = 0.9,
    title: str = "Learning-rate schedules",
) -> str:
    """The report as text; see `write`."""
    named = {"schedule": schedules} if isinstance(schedules, Schedule) else dict(schedules)
    if not named:
        raise ValueError("a report needs at least one schedule, got none")
    forecasts = _forecasts(named, law, level)
    return _template().render(
        title=title,
        version=version("lehr"),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rates=figures.rates(named, history),
        numbers=numbers_of(named),
        history=[_row(change) for change in history],
        runs=runs,
        logged=figures.logged(runs) if runs else "",
        losses=losses_of(forecasts),
        level=level,
        forecast=figures.forecasts(forecasts) if forecasts else "",
        warnings=law.warnings if law else (),
        notes=[*(law.notes if law else ()), *(note for run in runs for note in run.notes)],
        findings=findings,
    )


def _forecasts(schedules: Mapping[str, Schedule], law: Law | None, level: float) -> dict[str, figures.Forecast]:
    if law is None:
        return {}
    ending = {name: schedule for name, schedule in schedules.items() if schedule.length}
    return {name: law.predict(one, whole_run(one, int(one.length or 0)), level=level) for name, one in ending.items()}


def _row(change: Change) -> dict[str, str]:
    return {
        "at": f"{change.position:,}",
        "time": datetime.fromtimestamp(change.time, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "what": change.what,
        "why": change.why,
    }


def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise ImportError('lehr.report fills its page with Jinja2: pip install "lehr[report]"') from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["named"] = lambda name: checks.named(name, longest=400)
    return environment.from_string((files(__package__) / "report.html").read_text("utf-8"))
