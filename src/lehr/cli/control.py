"""``lehr control``: changes the schedule of a running job through its control file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click

from ..control import ACTS, Act, append
from ..control.commands import log_of
from ..schedules import checks
from .argument import read
from .completion import complete_schedule, complete_shape
from .errors import Command, Group
from .text import echo

NAME = "control.txt"


@click.group(cls=Group, subcommand_metavar="ACT [SETTINGS]...")
@click.argument("run")
@click.pass_context
def control(context: click.Context, run: str) -> None:
    """Change the schedule of a RUN during training.

    RUN is the control file that the Scheduler watches, or the directory of a control.txt. The command is applied
    within about a second, from the next update on, and the result is logged beside the file.

    \b
      lehr control runs/7 cooldown --steps 2000 --why "loss is flat"
      lehr control runs/7 extend --training-steps 200k --policy hold
      lehr control runs/7 dip --factor 0.5 --recover 500
    """
    context.obj = run


def control_file(run: str) -> Path:
    """The control file that an argument names.

    Raises:
        ValueError: There is no such file or directory, or no run watches it.
    """
    path = Path(run) / NAME if Path(run).is_dir() else Path(run)
    if not path.parent.is_dir():
        raise ValueError(f"{checks.shown(run)} is neither a control file nor a directory with one")
    if not log_of(path).exists():
        raise ValueError(
            f"no run watches {checks.shown(str(path))}: a run that does writes {log_of(path).name} beside it at its "
            f"first update; give the Scheduler control_file={str(path)!r}"
        )
    return path


def _command(name: str, act: type[Act]) -> click.Command:
    def apply(context: click.Context, why: str, schedule: str | None = None, **values: str | float | None) -> None:
        path = control_file(context.obj)
        settings: dict[str, object] = {setting: value for setting, value in values.items() if value is not None}
        if schedule is not None:
            settings["schedule"] = read(schedule)
        append(path, act(**settings), why)
        echo(f"command queued; the result will be logged to {log_of(path)}")

    parameters: list[click.Parameter] = [_option(act, setting) for setting in act.options()]
    parameters.append(click.Option(["--why"], default="", metavar="TEXT", help="The reason, for the history."))
    summary = re.sub(r"``(\w+)``", r"--\1", (act.__doc__ or "").partition("\n")[0])
    return Command(name, callback=click.pass_context(apply), params=parameters, help=summary)


def _option(act: type[Act], setting: str) -> click.Option:
    kind, description = act.options()[setting]
    is_number = kind is float or (float in get_args(kind) and str not in get_args(kind))
    metavar = "NUMBER" if is_number else setting.rpartition("_")[2].upper()
    return click.Option(
        [f"--{setting.replace('_', '-')}"],
        type=click.FLOAT if is_number else click.STRING,
        required=act.is_required(setting),
        metavar=metavar,
        shell_complete={"SHAPE": complete_shape, "SCHEDULE": complete_schedule}.get(metavar),
        help=description,
    )


for _name, _act in ACTS.items():
    control.add_command(_command(_name, _act))
