"""``lehr plot``: a picture of a schedule."""

from __future__ import annotations

import click

from .argument import as_steps, read, settings
from .completion import complete_schedule
from .errors import Command
from .text import echo


@click.command(cls=Command)
@click.argument("schedule", shell_complete=complete_schedule)
@settings
@click.option("-o", "--out", required=True, metavar="FILE", help="The picture: .png, .svg, .pdf.")
@click.option("--stop", callback=as_steps, metavar="STEPS", help="Steps to draw; by default all.")
@click.option("--log", is_flag=True, help="Rates on a logarithmic axis.")
@click.option("--share", is_flag=True, help="The share of the run, 0 to 100 %, instead of steps.")
@click.option("--phases/--no-phases", default=True, help="Mark warmup, hold, decay and cooldown.")
def plot(
    schedule: str, out: str, stop: int | None, log: bool, share: bool, phases: bool, **settings: str | None
) -> None:
    """Draw a SCHEDULE into a file."""
    value = read(schedule, **settings)

    from ..plot import new_axes, plot_schedule
    from .output import save, wrote

    save(plot_schedule(value, new_axes(), stop=stop, log=log, share=share, phases=phases), out)
    echo(wrote(out))
