"""``lehr forecast``: the losses that schedules would give, with bands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from inspect import signature
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from .argument import as_positions, read_all, settings
from .errors import Command
from .text import bullets, lettered, table

if TYPE_CHECKING:
    from ..forecast import Forecast, Law
    from ..schedules import Schedule


@dataclass(frozen=True)
class Row:
    """The loss of a schedule after some updates, and how much more it is than the lowest there."""

    schedule: str
    updates: int
    loss: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    level: float


@click.command(cls=Command)
@click.argument("law", metavar="LAW")
@click.argument("schedules", nargs=-1, required=True, metavar="SCHEDULE...")
@settings
@click.option("--at", callback=as_positions, metavar="STEPS,...", help="Updates done: 1000,20k; by default the end.")
@click.option("--level", type=float, default=0.9, metavar="SHARE", help="What the bands hold; by default 0.9.")
@click.option("-o", "--out", metavar="FILE", help="Draw into a picture instead: .png, .svg, .pdf.")
@click.option("--format", "language", type=click.Choice(["csv", "json"]), help="Print the numbers alone.")
def forecast(
    law: str,
    schedules: tuple[str, ...],
    at: tuple[int, ...] | None,
    level: float,
    out: str | None,
    language: str | None,
    **given: Any,
) -> None:
    """Print the loss that each SCHEDULE would give, with a band.

    LAW is a file that lehr fit wrote. A bare name peaks where its runs did, unless --max-lr says
    otherwise. The difference to the best has a band of its own, which is
    narrower than the bands of the losses, since both forecasts err alike.

    \b
      lehr forecast law.json "wsd(20k, 500, max_lr=1e-3)" "cosine(20k, 500, max_lr=1e-3)"
      lehr forecast law.json cosine linear --training-steps 20k --max-lr 1e-3 --at 10k,20k
    """
    if out and language:
        raise ValueError("--format prints the numbers alone and --out draws; say one of them")
    fitted = read_law(law)
    found = _read(schedules, fitted, given)
    letters = lettered(dict(zip(found, found, strict=True)))
    stops = [dict.fromkeys(found, updates) for updates in at] if at else [_ends(found)]
    rows = [row for stop in stops for row in _rows(fitted, found, stop, level)]
    if language:
        click.echo(_as_json(rows) if language == "json" else _as_csv(rows), nl=False)
        return
    curves = {text: _curve(fitted, schedule, max(s[text] for s in stops), level) for text, schedule in found.items()}
    if out:
        from ..forecast import plot_forecasts
        from .output import save

        save(plot_forecasts(curves), out)
        picture = f"wrote {out}"
    else:
        from .terminal import draw_losses

        picture = draw_losses({letter: curves[text] for letter, text in letters.items()})
    names = {text: letter for letter, text in letters.items()}
    groups = [rows[start : start + len(found)] for start in range(0, len(rows), len(found))]
    notes = [f"{names[text]}: {note}" for text, curve in curves.items() for note in curve.notes]
    parts = [_table(groups, names), bullets([*_verdicts(groups, names), *notes]), picture]
    click.echo("\n\n".join(part for part in parts if part))


def _read(schedules: tuple[str, ...], law: Law, given: Mapping[str, Any]) -> dict[str, Schedule]:
    """The schedules; those of a bare name peak where the runs did, unless the settings say otherwise."""
    from ..schedules.recipes import RECIPES

    named = [signature(RECIPES[text]).parameters for text in schedules if text in RECIPES]
    said = given["max_lr"] is not None
    if named and not said and all("max_lr" in takes for takes in named):
        given = {**given, "max_lr": repr(law.peaks[1])}
    return read_all(schedules, **given)


def read_law(path: str) -> Law:
    """The law in a file.

    Raises:
        ValueError: There is no such file, or it is no law.
    """
    from ..forecast import Law

    try:
        return Law.read(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such law file; `lehr fit LOG... --out law.json` makes one") from None


def _ends(schedules: Mapping[str, Schedule]) -> dict[str, int]:
    for text, schedule in schedules.items():
        if schedule.length is None:
            raise ValueError(f"{text} never ends: say after how many updates its loss is wanted, --at 20k")
    return {text: int(schedule.length or 0) for text, schedule in schedules.items()}


def _rows(law: Law, schedules: Mapping[str, Schedule], at: Mapping[str, int], level: float) -> list[Row]:
    points = {text: law.predict(schedule, [at[text]], level=level) for text, schedule in schedules.items()}
    best = min(points, key=lambda text: float(points[text].loss[0]))
    return [
        Row(
            text, at[text], float(point.loss[0]), float(point.low[0]), float(point.high[0]),
            *law.difference(schedules[text], schedules[best], (at[text], at[best]), level=level), level,
        )
        for text, point in points.items()
    ]  # fmt: skip


def _curve(law: Law, schedule: Schedule, stop: int, level: float) -> Forecast:
    """The whole curve until ``stop``, or until the end of the schedule where that comes later."""
    from ..forecast.law import whole_run

    return law.predict(schedule, whole_run(schedule, max(stop, int(schedule.length or 0))), level=level)


def _table(groups: Sequence[Sequence[Row]], names: Mapping[str, str]) -> str:
    band = f"{100 * groups[0][0].level:.4g} % band"
    rows = [("", "updates", "loss", band, "over best", band, "schedule")]
    for group in groups:
        rows += [
            (
                names[row.schedule], f"{row.updates:,}", f"{row.loss:.4f}", f"{row.low:.4f} to {row.high:.4f}",
                *(_difference(row) if len(group) > 1 else ("", "")), row.schedule,
            )
            for row in group
        ]  # fmt: skip
    return table(rows)


def _difference(row: Row) -> tuple[str, str]:
    if not row.difference:
        return "best", ""
    return f"{row.difference:+.4f}", f"{row.difference_low:+.4f} to {row.difference_high:+.4f}"


def _verdicts(groups: Sequence[Sequence[Row]], names: Mapping[str, str]) -> Iterator[str]:
    """Which schedules cannot be told from the best."""
    for group in groups:
        alike = [names[row.schedule] for row in group if row.difference and row.difference_low <= 0]
        best = next((names[row.schedule] for row in group if not row.difference), "")
        if alike:
            where = f"After {group[0].updates:,} updates " if len(groups) > 1 else ""
            yield f"{where}{', '.join(alike)} may be as good as {best}: the band of the difference holds 0."


def _as_json(rows: Sequence[Row]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def _as_csv(rows: Sequence[Row]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, rows))
    return text.getvalue()
