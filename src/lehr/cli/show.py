"""``lehr show``: a schedule in numbers, and drawn in the terminal."""

from __future__ import annotations

import click

from .argument import read, schedule_argument, settings, view_options
from .errors import Command
from .terminal import draw
from .text import columns, echo, fitted


@click.command(cls=Command)
@schedule_argument
@settings
@view_options
def show(schedule: str, stop: int | None, log: bool, share: bool, **settings: str | None) -> None:
    """Print every number of a SCHEDULE, and draw it.

    \b
      lehr show run.yaml
      lehr show wsd --training-steps 100k --max-lr 1e-3 --decay-steps 20%
    """
    value = read(schedule, **settings)
    echo(f"{fitted(value.describe(stop), columns())}\n\n{draw({'': value}, stop, log, share)}")
