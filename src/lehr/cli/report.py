"""``lehr report``: one HTML file about a run or a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..schedules import Schedule
from .argument import read_all, schedules_argument, settings
from .errors import Command
from .forecast import read_law
from .output import naming, wrote
from .text import echo

if TYPE_CHECKING:
    from ..control import Change


@click.command(cls=Command)
@schedules_argument
@settings
@click.option("-o", "--out", required=True, metavar="FILE", help="The file to write: report.html.")
@click.option("--log", "logs", multiple=True, metavar="LOG", help="A logged run, as lehr fit reads it.")
@click.option("--law", metavar="LAW", help="A file of lehr fit: forecasts the loss of each schedule.")
@click.option("--title", default="Learning-rate schedules", metavar="TEXT", help="The heading.")
def report(
    schedules: tuple[str, ...], out: str, logs: tuple[str, ...], law: str | None, title: str, **options: str | None
) -> None:
    """Write one HTML file about a run, or about several SCHEDULEs: pictures, numbers, changes, losses, forecast.

    A SCHEDULE may also be a checkpoint of torch with the state of a lehr.Scheduler: the report has its changes during
    the run. The file needs no network, for a pull request or an appendix.

    \b
      lehr report checkpoint.pt --log run.csv -o report.html
      lehr report wsd cosine --training-steps 20k --max-lr 1e-3 --law law.json -o report.html
    """
    from .. import report as page
    from ..forecast import read_run

    named, history = _read(schedules, options)
    only = next(iter(named.values())) if len(named) == 1 else None
    runs = [read_run(log, only) for log in logs]
    with naming(out):
        page.write(out, named, history=history, runs=runs, law=read_law(law) if law else None, title=title)
    echo(wrote(out))


def _read(
    texts: tuple[str, ...], options: Mapping[str, str | None]
) -> tuple[dict[str, Schedule], tuple[Change, ...]]:  # fmt: skip
    """The schedules, and the changes of the first where it comes from a checkpoint."""
    from ..importers import config_file

    checkpoints = [text for text in texts if Path(text).suffix in config_file.CHECKPOINTS]
    others = [text for text in texts if text not in checkpoints]
    found: dict[str, Schedule] = read_all(others, options) if others else {}
    history: tuple[Change, ...] = ()
    for text in checkpoints:
        from ..scheduler.checkpoint import plan_in

        plan = plan_in(config_file.read(text), name=text)
        schedules = {binding.name: schedule for binding, schedule in plan.schedules.items()}
        found |= {text if len(schedules) == 1 else f"{text} {name}": one for name, one in schedules.items()}
        history = history or (plan.changes if len(texts) == 1 else ())
    return found, history
