"""``lehr import``: the schedule of another framework, from its config file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from .. import spec
from ..importers import comparing, config_file, reading
from ..importers.after import AFTER
from ..schedules import Schedule, Table
from ..schedules.checks import printable
from ..schedules.description import horizon, numbers
from .argument import as_steps, json_option, view_options
from .config_changes import changed, without_effect
from .errors import Command
from .output import wrote
from .terminal import draw
from .text import columns, echo, echo_json, fitted

MOST_COMPARED = 100_000
LONGEST_LINE = 2_000


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("-o", "--out", metavar="FILE", help="Write the spec: .json, .yaml, .toml, .txt.")
@click.option("--after", type=click.Choice(AFTER), default="hold", help="After the end: hold, or as the original does.")
@click.option("--framework", metavar="NAME", help="Whose config it is, where several would read it.")
@click.option("--group", metavar="GROUP", help="Param group of a checkpoint, by index or name.")
@click.option("--scheduler", "place", metavar="PLACE", help="Scheduler of a checkpoint: lr_schedulers.1.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Another value for a key: max_steps=20000.")
@click.option("--tabulate", callback=as_steps, metavar="STEPS", help="Keep the rates that no formula says.")
@click.option("--check/--no-check", default=True, help="Step the original beside it, if it is installed.")
@json_option
@view_options
def import_(
    file: Path, out: str | None, after: str, framework: str | None, group: str | None, place: str | None,
    changes: tuple[str, ...], tabulate: int | None, check: bool, stop: int | None, log: bool, share: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Print the schedule that a config FILE of another framework asks for.

    FILE is the JSON of transformers' TrainingArguments or of DeepSpeed, a schedule of Keras, the TOML of torchtitan,
    the YAML of Composer or OLMo, the arguments of Megatron-LM, fairseq or timm, a config of nanoGPT (which is read, not
    executed), or a torch checkpoint with the state of a scheduler. optax and pytorch_optimizer have no file of their
    own: a JSON, YAML or TOML with the `name` of a schedule there and its arguments is read. ignite has none either:
    call lehr.importers.from_ignite(scheduler).

    Prints its framework, the spec in one line, the picture, and how far the schedule is from the original, stepped
    beside it where the framework is installed.

    \b
      lehr import training_args.json --set max_steps=20000
      lehr import ds_config.json --set scheduler.params.total_num_steps=20000 --out schedule.yaml
    """
    given = config_file.read(file)
    config = changed(given, changes)
    framework = framework or ("torch" if file.suffix in config_file.CHECKPOINTS else _framework_of(config))
    options = _options(framework, group=int(group) if group and group.isdecimal() else group, place=place)
    schedule = _schedule(framework, config, after, tabulate, options)
    for note in without_effect(given, changes, schedule, lambda config: _read(framework, config, after, options)[0]):
        _note(note)
    if out:
        spec.write(schedule, out)
    if as_json:
        return echo_json({"framework": framework, "schedule": spec.to_dict(schedule), **numbers(schedule, stop)})
    echo(f"{framework}\n{_line(schedule)}\n\n{draw({'': schedule}, stop, log, share)}")
    if check:
        echo(fitted(f"\n{_checked(framework, config, schedule, stop, options)}", columns()))
    if out:
        echo(wrote(out))


def _line(schedule: Schedule) -> str:
    """The spec in one line; of a long one the beginning."""
    text = spec.to_text(schedule)
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]}... ({len(text):,} characters; --out FILE writes all)"


def _options(framework: str, **given: object) -> dict[str, Any]:
    """What the framework's importer takes beside the config.

    Raises:
        ValueError: The framework is unknown, or its configs have no such thing.
    """
    reading.importer(framework)
    options = {name: value for name, value in given.items() if value is not None}
    if any(name not in reading.FRAMEWORKS[framework].options for name in options):
        raise click.BadParameter(f"--group and --scheduler are for a torch checkpoint, not for a config of {framework}")
    return options


def _schedule(
    framework: str, config: Mapping[str, Any], after: str, tabulate: int | None, options: Mapping[str, Any]
) -> Schedule:
    """The schedule, with what the importer warns of on stderr."""
    try:
        schedule, notes = _read(framework, config, after, options)
    except ValueError as error:
        rates = reading.importer(framework).original(config, tabulate, **options) if tabulate else None
        if rates is None:
            raise ValueError(_in_options(str(error))) from None
        return Table(tuple(rates))
    for note in notes:
        _note(note)
    return schedule


def _framework_of(config: Mapping[str, Any]) -> str:
    try:
        return reading.framework_of(config)
    except ValueError as error:
        raise ValueError(f"{error}; --framework NAME says whose it is") from None


_OPTIONS = {
    r"give num_training_steps=, which lehr\.lengths\.updates\(\.\.\.\) computes from the samples": (
        "give its updates, --set max_steps=20k"
    ),
    r"give tabulate=N": "give --tabulate N",
    r"give (\w+)=": r"give --set \1=",
}
"""What a caller in Python is told to give, and the options that say the same."""


def _in_options(message: str) -> str:
    for pattern, words in _OPTIONS.items():
        message = re.sub(pattern, words, message)
    return message


def _read(
    framework: str, config: Mapping[str, Any], after: str, options: Mapping[str, Any]
) -> tuple[Schedule, list[str]]:
    """The schedule of a config, and what the importer warns of."""
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        schedule = reading.importer(framework).from_config(config, after=after, **options)
    return schedule, list(dict.fromkeys(str(note.message) for note in notes))


def _note(text: str) -> None:
    click.echo(f"lehr: note: {printable(text, longest=1000)}", err=True)


def _checked(
    framework: str, config: Mapping[str, Any], schedule: Schedule, stop: int | None, options: Mapping[str, Any]
) -> str:
    """What a comparison with the original says."""
    steps = min(stop or int(schedule.length or horizon(schedule)) or 1, MOST_COMPARED)
    rates = reading.importer(framework).original(config, steps, **options)
    about = reading.FRAMEWORKS[framework]
    if rates:
        found = comparing.difference(schedule, rates)
        where = f", at step {found.at:,}" if found.largest else ""
        return (
            f"compared with {framework} itself, which computes in {about.precision}, over {found.steps:,} steps: the "
            f"largest relative difference is {found.largest:.1e}{where}"
        )
    if about.module is None or about.is_installed:
        return f"not compared: {framework} cannot be run from this config alone"
    return f"not compared: {framework} is not installed; `pip install {about.package}` allows it"
