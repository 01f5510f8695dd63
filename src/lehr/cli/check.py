"""``lehr check``: what would go wrong in a run, found before it starts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..schedules.checks import printable
from .argument import as_samples, as_steps, json_option, read, schedules_argument, settings
from .errors import Command
from .text import columns, echo, echo_json, fitted

if TYPE_CHECKING:
    from ..check import Finding, RunFacts

_STEP_PER = ("update", "batch", "process", "epoch", "sample")


def _as_numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"it takes numbers, such as 1e-3,1e-4; got {text}", context, parameter) from None


def _as_ramp(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    numbers = _as_numbers(context, parameter, text)
    if numbers is None:
        return None
    if len(numbers) != 3 or any(number != int(number) for number in numbers):
        rule = "it takes three integers, as Megatron's --rampup-batch-size: first,increment,samples"
        raise click.BadParameter(f"{rule}; got {text}", context, parameter)
    return tuple(map(int, numbers))


_FACTS = (
    click.option("--updates", callback=as_steps, metavar="UPDATES", help="Updates of the run."),
    click.option("--samples", callback=as_samples, metavar="SAMPLES", help="Samples of the data set."),
    click.option("--batch", type=click.IntRange(1), metavar="SAMPLES", help="Samples of a batch, in one process."),
    click.option("--accumulate", type=click.IntRange(1), metavar="BATCHES", help="Batches per update."),
    click.option("--world", type=click.IntRange(1), metavar="PROCESSES", help="Processes that share the data."),
    click.option("--epochs", type=float, metavar="EPOCHS", help="Passes over the data."),
    click.option("--drop-last/--keep-last", default=None, help="Whether a last batch that is not full is dropped."),
    click.option(
        "--step-per", type=click.Choice(_STEP_PER),
        help="For what the loop moves the schedule by one: each update, as lehr; each micro-batch; each process, as a "
        "scheduler that Accelerate prepared; each epoch, as Lightning by default; or a sample.",
    ),
    click.option("--batch-ramp", callback=_as_ramp, metavar="FIRST,MORE,SAMPLES", help="A batch that grows."),
    click.option("--lr", type=float, metavar="RATE", help="The rate that the optimizer was given."),
    click.option("--group-lrs", callback=_as_numbers, metavar="RATE,...", help="The rates of its param groups."),
    click.option("--keeps-ratios", is_flag=True, default=None, help="The groups keep the ratios of these rates."),
    click.option("--weight-decay", type=float, metavar="DECAY", help="AdamW's weight decay."),
    click.option("--grad-scaler", is_flag=True, default=None, help="A gradient scaler skips updates (float16)."),
    click.option("--counts-skipped", is_flag=True, default=None, help="The loop counts skipped updates too."),
    click.option("--resumed-at", callback=as_steps, metavar="STEP", help="Where a checkpoint is resumed."),
    click.option("--resumed-samples", callback=as_samples, metavar="SAMPLES", help="Samples of an update before that."),
)  # fmt: skip


def _fact_options(function: Any) -> Any:
    for option in reversed(_FACTS):
        function = option(function)
    return function


@click.command(cls=Command)
@schedules_argument
@_fact_options
@click.option("--framework", metavar="NAME", help="Whose config the files are, where several would read them.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@json_option
@settings
def check(
    schedules: tuple[str, ...], framework: str | None, strict: bool, as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Find what would go wrong in a run before it starts.

    A SCHEDULE may also be the config of a framework, as `lehr import` reads it; those of transformers'
    TrainingArguments, DeepSpeed, torchtitan and LightningCLI say facts of the run, too. The exit code is 1 if there is
    an error (with --strict also a warning), and 0 otherwise.

    \b
      lehr check cosine --training-steps 10k --max-lr 1e-3 --samples 50k --batch 32 --world 8 --epochs 3
      lehr check training_args.json --samples 50k --world 8
    """
    from ..check import RunFacts

    names = RunFacts.__dataclass_fields__
    facts = RunFacts(**{name: given.pop(name) for name in names if given.get(name) is not None})
    settings = {name: value for name, value in given.items() if name not in names}
    found = {text: _findings(text, facts, framework, settings) for text in schedules}
    if as_json:
        echo_json({text: [asdict(one) for one in those] for text, those in found.items()})
    else:
        echo("\n\n".join(_report(text, those, several=len(found) > 1) for text, those in found.items()))
    if any(one.is_error or strict for those in found.values() for one in those):
        sys.exit(1)


def _findings(
    text: str, facts: RunFacts, framework: str | None, settings: dict[str, str | None]
) -> tuple[Finding, ...]:
    from .. import check

    config = _config(text)
    if config is None:
        return check.findings(read(text, **settings), facts)
    try:
        subject = check.of_config(config, facts, framework)
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None
    for note in subject.notes:
        click.echo(f"lehr: note: {printable(note, longest=1000)}", err=True)
    return subject.findings


def _config(text: str) -> Any:
    """The config of another framework in a file; None for a schedule of lehr."""
    from ..importers import config_file

    path = Path(text)
    if path.suffix not in config_file.SUFFIXES or not path.exists():
        return None
    config = config_file.read(path)
    return None if isinstance(config.get("schedule"), str) else config


def _report(text: str, found: Iterable[Finding], several: bool) -> str:
    lines = [line for one in found for line in _lines(one)] or ["nothing found"]
    return "\n".join([*([f"{text}:"] if several else []), fitted("\n".join(lines), min(columns(otherwise=100), 100))])


def _lines(one: Finding) -> list[str]:
    about = f" (pitfall {one.pitfall})" if one.pitfall else ""
    return [
        f"{one.level}: {one.what}",
        f"  where  {one.where}",
        f"  why    {one.why}",
        f"  fix    {one.fix}",
        f"  rule   {one.rule}{about}",
    ]
