"""``lehr show``: a schedule in numbers, and drawn in the terminal."""

from __future__ import annotations

import click

from .argument import as_steps, read, settings


@click.command()
@click.argument("schedule")
@settings
@click.option("--stop", callback=as_steps, metavar="STEPS", help="Steps to look at; by default all.")
@click.option("--log", is_flag=True, help="Draw rates on a logarithmic axis.")
@click.option("--share", is_flag=True, help="Draw over the share of the run, 0 to 100 %.")
def show(schedule: str, stop: int | None, log: bool, share: bool, **given: str) -> None:
    """Print every number of a SCHEDULE, and draw it."""
    from .terminal import draw

    value = read(schedule, **given)
    click.echo(f"{value.describe(stop)}\n\n{draw({'': value}, stop, log, share)}")
