"""``lehr plot``: a picture of a schedule."""

from __future__ import annotations

import click

from .argument import as_steps, read, settings


@click.command()
@click.argument("schedule")
@settings
@click.option("-o", "--out", required=True, metavar="FILE", help="The picture: .png, .svg, .pdf.")
@click.option("--stop", callback=as_steps, metavar="STEPS", help="Steps to draw; by default all.")
@click.option("--log", is_flag=True, help="Rates on a logarithmic axis.")
@click.option("--share", is_flag=True, help="The share of the run, 0 to 100 %, instead of steps.")
@click.option("--phases/--no-phases", default=True, help="Mark warmup, hold, decay and cooldown.")
def plot(schedule: str, out: str, stop: int | None, log: bool, share: bool, phases: bool, **given: str) -> None:
    """Draw a SCHEDULE into a file."""
    value = read(schedule, **given)

    from ..plot import plot_schedule
    from .output import save

    save(plot_schedule(value, stop=stop, log=log, share=share, phases=phases), out)
    click.echo(f"wrote {out}")
