"""``lehr control``: steers a run from outside, through its control file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .argument import as_steps, read

NAME = "control.yaml"
POLICIES = ("stretch", "hold", "replan", "restart")
SUFFIXES = (".yaml", ".yml", ".json")


@click.command()
@click.argument("run")
@click.argument("call")
@click.option("--training-steps", callback=as_steps, metavar="STEPS", help="extend: the new end of the run.")
@click.option("--policy", type=click.Choice(POLICIES), help="extend: how to get there; by default stretch.")
@click.option("--steps", callback=as_steps, metavar="STEPS", help="cooldown: how long it takes.")
@click.option("--to", type=float, metavar="RATE", help="cooldown: the rate at its end; by default 0.")
@click.option("--shape", metavar="NAME", help="cooldown: its shape; by default 1-sqrt.")
@click.option("--lr", type=float, metavar="RATE", help="rebase: the rate to go on from.")
@click.option("--factor", type=float, metavar="NUMBER", help="dip, scale: what the rate is multiplied by.")
@click.option("--recover", callback=as_steps, metavar="STEPS", help="dip: steps until the rate is back.")
@click.option("--schedule", metavar="SCHEDULE", help="amend: what comes now; a spec file or a line of text.")
@click.option("--why", metavar="TEXT", help="The reason, for the history.")
def control(run: str, call: str, schedule: str | None, **settings: Any) -> None:
    """Change the schedule of a RUN that goes on.

    RUN is the control file that its Scheduler was given, or a directory in which control.yaml is it.
    CALL is extend, cooldown, rebase, dip, scale or amend, with the settings that it has in Python:

    \b
      lehr control runs/7 cooldown --steps 2000 --why "loss is flat"
      lehr control runs/7 extend --training-steps 200k --policy hold
      lehr control runs/7 dip --factor 0.5 --recover 500
    """
    from .. import orders, spec

    said = {word: value for word, value in settings.items() if value is not None}
    if schedule is not None:
        said["schedule"] = spec.to_dict(read(schedule, others=()))
    path = control_file(run)
    number = orders.give(path, {"call": call, **said})
    click.echo(f"order {number} is given; the answer will stand in {orders.log_of(path)}")


def control_file(run: str) -> Path:
    """The control file that an argument says.

    Raises:
        ValueError: It is neither a directory nor the name of such a file.
    """
    path = Path(run)
    if path.is_dir():
        return path / NAME
    if path.suffix in SUFFIXES and path.parent.is_dir():
        return path
    raise ValueError(f"{run} is no control file ({', '.join(SUFFIXES)}) in a directory, and no directory with one")
