"""``lehr fit``: logs into a law file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .argument import as_steps_or_none, pairs, read
from .errors import Command
from .text import bullets, table

if TYPE_CHECKING:
    from ..forecast import Law, Run


@click.command(cls=Command)
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--out", required=True, metavar="FILE", help="The law file to write: law.json.")
@click.option(
    "--schedule", "schedules", multiple=True, metavar="[LOG=]SCHEDULE",
    help="The schedule of one log, or of all; by default the rates that they hold.",
)  # fmt: skip
@click.option("--step", metavar="COLUMN", help="The column of positions.")
@click.option("--loss", metavar="COLUMN", help="The column of losses, of one evaluation set.")
@click.option("--lr", metavar="COLUMN", help="The column of rates.")
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only rows that have this: split=val.")
@click.option(
    "--step-counts", type=click.Choice(["index", "updates"]),
    help="What a position is: the index of an update from 0, or the number of updates done.",
)  # fmt: skip
@click.option("--warmup", callback=as_steps_or_none, metavar="STEPS", help="Updates of the warmup; 0 for none.")
@click.option("--ema", type=float, default=0.0, metavar="NUMBER", help="The smoothing of the losses, 0 to 1.")
@click.option("--noise", type=float, metavar="NUMBER", help="Relative standard deviation of one loss: 1e-3.")
@click.option("--law", default="kww", metavar="NAME", help="The formula: kww (the default), mpl or momentum.")
@click.option("--prior", metavar="FILE", help="What is believed before; by default lehr's own.")
def fit(
    logs: tuple[str, ...],
    out: str,
    schedules: tuple[str, ...],
    where: tuple[str, ...],
    law: str,
    prior: str | None,
    **columns: Any,
) -> None:
    """Fit a law of the loss to logged runs.

    A LOG is a CSV, TSV or JSONL file, a trainer_state.json, a TensorBoard event file or its directory,
    or mlflow:RUN_ID. All are of one model, data set, optimizer and batch size; schedules differ. What
    is known of each run is printed, and what is wrong in its log; then what these runs cannot tell.

    \b
      lehr fit runs/*.csv --out law.json
      lehr fit a.csv b.csv --schedule b.csv="wsd(20k, 500, max_lr=1e-3)" --out law.json
    """
    _check_out(out)
    said = _schedules(logs, schedules)
    runs = _read(logs, said, where=pairs("--where", "split=val", where) or None, **columns)

    from ..forecast import fit as fit_law
    from .output import writing

    fitted = fit_law(runs, law=law, prior=prior)
    with writing(out) as file:
        file.write(f"{fitted.to_json()}\n".encode())
    click.echo("\n\n".join([_runs(runs, said, fitted), *_about(fitted, runs), f"wrote {out}"]))


def _check_out(out: str) -> None:
    """Refuse to write a law over a log: ``--out *.json`` is soon typed."""
    path = Path(out)
    if path.suffix != ".json":
        raise ValueError(f"--out is {out!r}, and a law file ends in .json")
    if path.is_file() and (start := path.read_bytes()[:100]) and b'"lehr law"' not in start:
        raise ValueError(f"--out is {out!r}, which is there and is no law file; name another")


def _schedules(logs: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """The text of each log's schedule, by log; a log that takes its own rates is not in it.

    Raises:
        ValueError: A log is given twice, has two schedules, or none is meant.
    """
    if twice := {log for log in logs if logs.count(log) > 1}:
        raise ValueError(f"{twice.pop()} is given twice; each log counts once")
    of_one: dict[str, str] = {}
    of_all: list[str] = []
    for text in texts:
        # A path may hold an equals sign, and so do settings: only a log that was given is one's name.
        meant = [log for log in logs if text.startswith(f"{log}=")]
        if len(meant) > 1:
            raise ValueError(f"--schedule {text!r} may mean {' or '.join(meant)}; rename one")
        if not meant:
            of_all.append(_of_all(text, logs))
        elif meant[0] in of_one:
            raise ValueError(f"--schedule gives {meant[0]} two schedules; say one")
        else:
            of_one[meant[0]] = text.removeprefix(f"{meant[0]}=")
    if len(of_all) > 1:
        raise ValueError(f"--schedule gives all logs {len(of_all)} schedules; say whose each is, LOG=SCHEDULE")
    return {log: text for log in logs if (text := of_one.get(log, *of_all)) is not None}


def _of_all(text: str, logs: Sequence[str]) -> str:
    name, equals, _ = text.partition("(")[0].partition("=")
    if equals and not Path(text).exists():
        raise ValueError(f"--schedule {text!r}: {name} is none of the logs, which are {', '.join(logs)}")
    return text


def _read(logs: Sequence[str], schedules: Mapping[str, str], **options: Any) -> list[Run]:
    from .progress import progress

    # The same text is one schedule, and standard input can be read once.
    found = {text: read(text) for text in dict.fromkeys(schedules.values())}

    from ..forecast import RunWarning, read_run

    runs = []
    with progress("reading") as done, warnings.catch_warnings():
        warnings.simplefilter("ignore", RunWarning)  # the run's notes say the same, and are printed
        for index, log in enumerate(logs, start=1):
            schedule = found[schedules[log]] if log in schedules else None
            try:
                runs.append(read_run(log, schedule, name=log, **options))
            except ValueError as error:
                raise ValueError(as_options(str(error))) from None
            done(index / len(logs))
    return runs


def as_options(message: str) -> str:
    """A message of `read_run` in the words of the command line.

    >>> as_options("say which, where={'split': 'val'} or loss='val_loss'; or lr=...")
    "say which, --where split=val or --loss 'val_loss'; or --lr ..."
    """
    message = re.sub(r"where=\{'([^']*)': '([^']*)'\}", r"--where \1=\2", message)
    return re.sub(r"(?<![\w-])(step|loss|lr|warmup)=(?=['.])", r"--\1 ", message)


def _runs(runs: Sequence[Run], schedules: Mapping[str, str], law: Law) -> str:
    rows = [("log", "losses", "updates", "peak", "warmup", "last loss", "misfit", "rates")]
    rows += [
        (
            run.name, f"{len(run.at):,}", f"{run.updates:,}", f"{run.peak:.4g}", f"{run.warmup:,}",
            f"{run.loss[-1]:.4f}", _misfit(law, run), schedules.get(run.name, "logged"),
        )
        for run in runs
    ]  # fmt: skip
    return table(rows)


def _misfit(law: Law, run: Run) -> str:
    try:
        return f"{law.misfit(run):.2%}"
    except ValueError:  # it ends before its warmup does, and was left out
        return ""


def _about(law: Law, runs: Sequence[Run]) -> Iterator[str]:
    if logs := _about_logs(runs):
        yield f"In the logs:\n{bullets(logs)}"
    constants = ", ".join(f"{name} {value:.4g}" for name, value in law.constants.items())
    yield f"{law.formula.name} law: {constants}"
    yield f"What these runs cannot tell:\n{bullets(note for note in law.notes if note not in _notes(runs))}"
    more = law.experiment()
    advice = f"{more.words} It would leave {more.shrinks:.0%} of what is uncertain about final losses."
    yield f"The one more run that would tell most:\n{bullets([advice])}\n  {more.schedule!r}"


def _notes(runs: Sequence[Run]) -> list[str]:
    return [note for run in runs for note in run.notes]


def _about_logs(runs: Sequence[Run]) -> list[str]:
    """What was found in each log, and once what was found in several."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for note in run.notes:
            found.setdefault(note.removeprefix(f"{run.name}: "), []).append(run.name)
    everywhere = len(runs) if len(runs) > 1 else 0
    return [f"{'All' if len(names) == everywhere else ', '.join(names)}: {note}" for note, names in found.items()]
