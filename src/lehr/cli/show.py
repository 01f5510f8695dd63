"""``lehr show``: a schedule in numbers, and drawn in the terminal."""

from __future__ import annotations

import click

from .. import spec
from ..schedules.description import numbers
from .argument import json_option, read, schedule_argument, settings, view_options
from .errors import Command
from .terminal import draw
from .text import columns, echo, echo_json, fitted


@click.command(cls=Command)
@schedule_argument
@settings
@view_options
@json_option
def show(
    schedule: str, stop: int | None, log: bool, share: bool, as_json: bool, **settings: str | None
) -> None:  # fmt: skip
    """Print every number of a SCHEDULE, and draw it.

    \b
      lehr show run.yaml
      lehr show wsd --training-steps 100k --max-lr 1e-3 --decay-steps 20%
    """
    value = read(schedule, **settings)
    if as_json:
        return echo_json({"schedule": spec.to_dict(value), **numbers(value, stop)})
    echo(f"{fitted(value.describe(stop), columns())}\n\n{draw({'': value}, stop, log, share)}")
