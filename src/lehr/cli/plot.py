"""``lehr plot``: a picture of a schedule."""

from __future__ import annotations

import click

from .. import plot as pictures
from .argument import read, schedule_argument, settings, view_options
from .errors import Command
from .output import save, wrote
from .text import echo


@click.command(cls=Command)
@schedule_argument
@settings
@click.option("-o", "--out", required=True, metavar="FILE", help="The picture: .png, .svg, .pdf.")
@view_options
@click.option("--phases/--no-phases", default=True, help="Mark warmup, hold, decay and cooldown.")
def plot(
    schedule: str, out: str, stop: int | None, log: bool, share: bool, phases: bool, **settings: str | None
) -> None:
    """Draw a SCHEDULE into a file."""
    axes = pictures.new_axes()
    pictures.plot_schedule(read(schedule, **settings), axes, stop=stop, log=log, share=share, phases=phases)
    save(axes, out)
    echo(wrote(out))
