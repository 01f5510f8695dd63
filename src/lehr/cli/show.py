"""``lehr show``: a schedule in numbers, and drawn in the terminal."""

from __future__ import annotations

import click

from .argument import as_steps, read, settings
from .completion import complete_schedule
from .errors import Command
from .text import columns, echo, fitted


@click.command(cls=Command)
@click.argument("schedule", shell_complete=complete_schedule)
@settings
@click.option("--stop", callback=as_steps, metavar="STEPS", help="Steps to look at; by default all.")
@click.option("--log", is_flag=True, help="Draw rates on a logarithmic axis.")
@click.option("--share", is_flag=True, help="Draw over the share of the run, 0 to 100 %.")
def show(schedule: str, stop: int | None, log: bool, share: bool, **settings: str | None) -> None:
    """Print every number of a SCHEDULE, and draw it.

    \b
      lehr show run.yaml
      lehr show wsd --training-steps 100k --max-lr 1e-3 --decay-steps 20%
    """
    from .terminal import draw

    value = read(schedule, **settings)
    echo(f"{fitted(value.describe(stop), columns())}\n\n{draw({'': value}, stop, log, share)}")
