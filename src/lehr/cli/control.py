"""``lehr control``: changes the schedule of a running job through its control file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..control import ACTS, Act, append
from ..control.commands import log_of
from ..schedules import checks
from .argument import read
from .errors import Group

NAME = "control.txt"


@click.group(cls=Group, subcommand_metavar="ACT [SETTINGS]...")
@click.argument("run")
@click.pass_context
def control(context: click.Context, run: str) -> None:
    """Change the schedule of a RUN during training.

    RUN is the control file that its Scheduler was given, or the directory in which control.txt is it. The command is
    applied within a second or so, from the next update on, and the log beside the file says what became of it.

    \b
      lehr control runs/7 cooldown --steps 2000 --why "loss is flat"
      lehr control runs/7 extend --training-steps 200k --policy hold
      lehr control runs/7 dip --factor 0.5 --recover 500
    """
    context.obj = run


def control_file(run: str) -> Path:
    """The control file that an argument names, if a run watches it.

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
    def apply(context: click.Context, why: str, **settings: Any) -> None:
        path = control_file(context.obj)
        given = {word: value for word, value in settings.items() if value is not None}
        if "schedule" in given:
            given["schedule"] = read(given["schedule"])
        append(path, act(**given), why)
        click.echo(f"command queued; the result will be logged to {log_of(path)}")

    parameters: list[click.Parameter] = [_option(act, word) for word in act.options()]
    parameters.append(click.Option(["--why"], default="", metavar="TEXT", help="The reason, for the history."))
    summary = (act.__doc__ or "").partition("\n")[0]
    return click.Command(name, callback=click.pass_context(apply), params=parameters, help=summary)


def _option(act: type[Act], word: str) -> click.Option:
    kind, description = act.options()[word]
    is_number = kind is float
    return click.Option(
        [f"--{word.replace('_', '-')}"],
        type=click.FLOAT if is_number else click.STRING,
        required=act.is_required(word),
        metavar="NUMBER" if is_number else word.rpartition("_")[2].upper(),
        help=description,
    )


for _name, _act in ACTS.items():
    control.add_command(_command(_name, _act))
