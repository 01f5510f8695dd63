"""``lehr forecast``: the losses that schedules would give, with bands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING

import click

from .. import plot
from ..schedules import Schedule
from ..schedules.checks import named
from .argument import as_positions, read_all, schedules_argument, settings
from .errors import Command
from .output import save, wrote
from .terminal import draw_losses
from .text import bullets, echo, lettered, table

if TYPE_CHECKING:
    from ..forecast import Forecast, Law


@dataclass(frozen=True)
class Outcome:
    """The forecast loss of a schedule after some updates, and its difference to the lowest one there."""

    schedule: str
    updates: int
    loss: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    level: float
    reach: str


@click.command(cls=Command)
@click.argument("law", metavar="LAW")
@schedules_argument
@settings
@click.option("--at", callback=as_positions, metavar="STEPS,...", help="Updates done: 1000,20k; by default the end.")
@click.option("--level", type=float, default=0.9, metavar="SHARE", help="Share of losses in the bands; by default 0.9.")
@click.option("-o", "--out", metavar="FILE", help="Write a picture instead: .png, .svg, .pdf.")
@click.option("--format", "language", type=click.Choice(["csv", "json"]), help="Print only the numbers.")
def forecast(
    law: str, schedules: tuple[str, ...], at: tuple[int, ...] | None, level: float, out: str | None,
    language: str | None, **options: str | None,
) -> None:  # fmt: skip
    """Forecast the loss of each SCHEDULE, with a band.

    LAW is a file that lehr fit wrote. A recipe without --max-lr or --warmup-steps takes those of the fitted runs.
    Compare schedules by the difference to the best: its band is narrower than those of the losses, because
    both forecasts have the same errors.

    \b
      lehr forecast law.json "wsd(20k, 500, max_lr=1e-3)" "cosine(20k, 500, max_lr=1e-3)"
      lehr forecast law.json cosine linear --training-steps 20k --max-lr 1e-3 --at 10k,20k
    """
    if out and language:
        raise ValueError("--format prints only the numbers and --out writes a picture; give one of them")
    fitted = read_law(law)
    by_text = read_all(schedules, options, _of_runs(fitted))
    names = {text: letter for letter, text in lettered(dict(zip(by_text, by_text, strict=True))).items()}
    stops = [dict.fromkeys(by_text, updates) for updates in at] if at else [_ends(by_text)]
    groups = [_rows(fitted, by_text, stop, level) for stop in stops]
    if language:
        click.echo((_as_json if language == "json" else _as_csv)([row for rows in groups for row in rows]), nl=False)
        return
    curves = {text: _curve(fitted, schedule, max(s[text] for s in stops), level) for text, schedule in by_text.items()}
    if out:
        from ..forecast import plot_forecasts

        save(plot_forecasts(curves, plot.new_axes()), out)
        picture = wrote(out)
    else:
        picture = draw_losses({names[text]: curve for text, curve in curves.items()})
    notes = [f"{names[text]}: {note}" for text, curve in curves.items() for note in curve.notes]
    reach = [f"{names[text]} {curve.reach}." for text, curve in curves.items() if curve.beyond]
    parts = [
        bullets(fitted.warnings),
        _table(groups, names),
        bullets([*_verdicts(groups, names), *reach, *notes]),
        picture,
    ]
    echo("\n\n".join(part for part in parts if part))


def _of_runs(law: Law) -> dict[str, str]:
    """The settings that a recipe takes from the runs where none are given: their highest peak and their warmup."""
    return {"max_lr": repr(law.peaks[1]), "warmup_steps": str(law.warmup)}


def read_law(path: str) -> Law:
    """The law in a file.

    Raises:
        ValueError: There is no such file, or it is not a law.
    """
    from ..forecast import Law

    try:
        return Law.read(path)
    except FileNotFoundError:
        raise ValueError(f"{named(path)}: no such law file; `lehr fit LOG... -o law.json` makes one") from None


def _ends(schedules: Mapping[str, Schedule]) -> dict[str, int]:
    for text, schedule in schedules.items():
        if schedule.length is None:
            raise ValueError(f"{named(text)} never ends: give the updates after which to forecast, --at 20k")
    return {text: int(schedule.length or 0) for text, schedule in schedules.items()}


def _rows(law: Law, schedules: Mapping[str, Schedule], at: Mapping[str, int], level: float) -> list[Outcome]:
    forecasts = {text: law.predict(schedule, [at[text]], level=level) for text, schedule in schedules.items()}
    best = min(forecasts, key=lambda text: forecasts[text].final)

    def difference(text: str) -> tuple[float, float, float]:
        return law.difference(schedules[text], schedules[best], (at[text], at[best]), level=level)

    return [
        Outcome(text, at[text], *found.final, *difference(text), level, found.reach)
        for text, found in forecasts.items()
    ]


def _curve(law: Law, schedule: Schedule, stop: int, level: float) -> Forecast:
    """The whole curve until ``stop``, or until the end of the schedule if that is later."""
    from ..forecast import whole_run

    return law.predict(schedule, whole_run(schedule, max(stop, int(schedule.length or 0))), level=level)


def _table(groups: Sequence[Sequence[Outcome]], names: Mapping[str, str]) -> str:
    band = f"{100 * groups[0][0].level:.4g} % band"
    rows = [("", "updates", "loss", band, "vs. best", band, "schedule")]
    for group in groups:
        for row in group:
            loss = f"{row.updates:,}", f"{row.loss:.4f}", f"{row.low:.4f} to {row.high:.4f}"
            difference = _difference(row) if len(group) > 1 else ("", "")
            rows.append((names[row.schedule], *loss, *difference, named(row.schedule)))
    return table(rows)


def _difference(row: Outcome) -> tuple[str, str]:
    if not row.difference:
        return "best", ""
    return f"{row.difference:+.4f}", f"{row.difference_low:+.4f} to {row.difference_high:+.4f}"


def _verdicts(groups: Sequence[Sequence[Outcome]], names: Mapping[str, str]) -> Iterator[str]:
    """Which schedule to choose, and which may be as good."""
    for group in groups:
        if len(group) == 1:
            continue
        best = next(names[row.schedule] for row in group if not row.difference)
        alike = [names[row.schedule] for row in group if row.difference and row.difference_low <= 0]
        where = f"After {group[0].updates:,} updates, " if len(groups) > 1 else ""
        yield f"{where}{best} has the lowest loss" + (
            f"; {', '.join(alike)} may be as good, because the band of the difference includes 0." if alike else "."
        )


def _as_json(rows: Sequence[Outcome]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def _as_csv(rows: Sequence[Outcome]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, rows))
    return text.getvalue()
