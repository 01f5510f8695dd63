"""``lehr fit``: from logs to a law file."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from ..schedules.checks import named, shown
from .argument import as_samples, as_steps_or_none, as_tokens, read
from .errors import Command
from .output import writing, wrote
from .progress import progress
from .text import bullets, echo, table

if TYPE_CHECKING:
    from ..forecast import Law, Run

WORTHWHILE = 0.1  # share of the uncertainty that a run must remove to be worth its cost


class Columns(TypedDict):
    """The options that say how each log is read; see `lehr.forecast.read_run`."""

    step: str | None
    loss: str | None
    lr: str | None
    step_counts: Literal["index", "updates"] | None
    batch_tokens: int | None
    batch_samples: int | None
    warmup_steps: int | None
    ema: float
    noise: float | None


@click.command(cls=Command)
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--out", required=True, metavar="FILE", help="The law file to write: law.json.")
@click.option(
    "--schedule", "schedules", multiple=True, metavar="[LOG=]SCHEDULE",
    help="The schedule of a log, or of all logs; by default the logged rates.",
)  # fmt: skip
@click.option("--step", metavar="COLUMN", help="The column of positions.")
@click.option("--loss", metavar="COLUMN", help="The column of losses, of one evaluation set.")
@click.option("--lr", metavar="COLUMN", help="The column of rates.")
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only rows with this value: split=val.")
@click.option(
    "--step-counts", type=click.Choice(["index", "updates"]),
    help="What a position counts: the index of an update from 0, or the number of updates done.",
)  # fmt: skip
@click.option(
    "--batch-tokens",
    callback=as_tokens,
    metavar="TOKENS",
    help="Tokens of an update, where positions count tokens: 100k.",
)
@click.option(
    "--batch-samples",
    callback=as_samples,
    metavar="SAMPLES",
    help="Samples of an update, where positions count samples: 512.",
)
@click.option("--warmup-steps", callback=as_steps_or_none, metavar="STEPS", help="Steps of the warmup; 0 for none.")
@click.option("--ema", type=float, default=0.0, metavar="NUMBER", help="The smoothing of the losses, 0 to 1.")
@click.option("--noise", type=float, metavar="NUMBER", help="Relative standard deviation of one loss: 1e-3.")
@click.option("--law", default="kww", metavar="NAME", help="The formula: kww (the default), mpl or momentum.")
@click.option("--prior", metavar="FILE", help="A file of priors; by default the prior that lehr ships.")
@click.option("-v", "--verbose", is_flag=True, help="Print the constants of the law, too.")
def fit(
    logs: tuple[str, ...], out: str, schedules: tuple[str, ...], where: tuple[str, ...], law: str, prior: str | None,
    verbose: bool, **columns: Unpack[Columns],
) -> None:  # fmt: skip
    """Fit a law of the loss to logged runs, for lehr forecast and lehr optimise.

    A LOG is a CSV, TSV or JSONL file, a trainer_state.json, a TensorBoard event file or its directory, or
    mlflow:RUN_ID. All runs have the same model, data set, optimizer and batch size, but different schedules. The
    output says how well the law describes each run, what was wrong in the logs, what these runs do not show, and
    which run to do next.

    Example: the log run.csv has columns tokens, train_loss and val_loss; an update has 100,000 tokens, and the run was
    a cosine of 20,000 updates.

    \b
      lehr fit run.csv --loss val_loss --batch-tokens 100k \\
        --schedule "cosine(20k, 500, max_lr=1e-3)" --out law.json
    """
    _check_out(out)
    texts = _schedules(logs, schedules)
    runs = _read(logs, texts, _values(where), columns)

    from ..forecast import fit as fit_law

    fitted = fit_law(runs, law=law, prior=prior)
    errors = [_misfit(fitted, run) for run in runs]
    parts = [
        *([bullets(fitted.warnings)] if fitted.warnings else []),  # first, since they may say that numbers mean nothing
        *_about_logs(runs),
        _table(runs, errors, [texts.get(log, "logged") for log in logs]),
        _quality(fitted, runs, errors),
        *([_constants(fitted)] if verbose else []),
        *_about_law(fitted, runs),
    ]
    with writing(out) as file:  # last, so that an error leaves the old law as it was
        file.write(f"{fitted.to_json()}\n".encode())
    echo("\n\n".join([*parts, wrote(out)]))


def _check_out(out: str) -> None:
    """Refuse to overwrite a log: ``--out *.json`` is easily typed."""
    path = Path(out)
    if path.suffix != ".json":
        raise ValueError(f"--out must be a law file, which ends in .json, got {shown(out)}")
    try:
        if path.is_file() or path.is_symlink():
            with path.open("rb") as file:
                if (start := file.read(100)) and b'"lehr law"' not in start:
                    raise ValueError(f"--out is {shown(out)}, which exists and is not a law file; choose another name")
    except OSError as error:
        raise ValueError(f"--out {shown(out)} cannot be written: {error.strerror or error}") from None


def _schedules(logs: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """The text of the schedule of each log, by log; without the logs whose logged rates are used.

    Raises:
        ValueError: A log is given twice, has two schedules, or the log of a schedule is not given.
    """
    if repeated := [log for log in logs if logs.count(log) > 1]:
        raise ValueError(f"{named(repeated[0])} is given twice; give each log once")
    by_log: dict[str, str] = {}
    for_all: list[str] = []
    for text in texts:
        # Paths and settings may have an equals sign, so only the names of the logs are looked for.
        matching = [log for log in logs if text.startswith(f"{log}=")]
        if len(matching) > 1:
            raise ValueError(f"--schedule {shown(text)} may mean {' or '.join(map(named, matching))}; rename one")
        if not matching:
            for_all.append(_of_all(text, logs))
        elif matching[0] in by_log:
            raise ValueError(f"--schedule gives {named(matching[0])} two schedules; give one")
        else:
            by_log[matching[0]] = text.removeprefix(f"{matching[0]}=")
    if len(for_all) > 1:
        raise ValueError(f"--schedule gives all logs {len(for_all)} schedules; name the log of each, LOG=SCHEDULE")
    return {log: text for log in logs if (text := by_log.get(log, *for_all)) is not None}


def _of_all(text: str, logs: Sequence[str]) -> str:
    name, equals, _ = text.partition("(")[0].partition("=")
    if equals and not Path(text).exists():
        raise ValueError(f"--schedule {shown(text)}: {named(name)} is not among the logs {', '.join(map(named, logs))}")
    return text


def _values(where: Sequence[str]) -> dict[str, str]:
    """The values of ``--where NAME=VALUE``, by the name.

    Raises:
        ValueError: A text has no name or no equals sign.
    """
    for text in where:
        if not text.partition("=")[0].strip() or "=" not in text:
            raise ValueError(f"--where takes NAME=VALUE, such as split=val; got {text!r}")
    return {name.strip(): value for name, _, value in (text.partition("=") for text in where)}


def _read(logs: Sequence[str], schedules: Mapping[str, str], where: Mapping[str, str], columns: Columns) -> list[Run]:
    # Equal texts are read once, because standard input can be read only once.
    by_text = {text: read(text) for text in dict.fromkeys(schedules.values())}

    from ..forecast import RunWarning, read_run

    runs = []
    with progress("reading") as done, warnings.catch_warnings():
        warnings.simplefilter("ignore", RunWarning)  # the notes of the run say the same, and are printed
        for index, log in enumerate(logs, start=1):
            schedule = by_text[schedules[log]] if log in schedules else None
            try:
                runs.append(read_run(log, schedule, name=log, where=where, **columns))
            except ValueError as error:
                raise ValueError(as_options(str(error))) from None
            done(index / len(logs))
    return runs


def as_options(message: str) -> str:
    """A message of `read_run` with the options of the command line.

    >>> as_options("say which, where={'split': 'val'} or loss='val_loss'; or batch_tokens=...")
    "say which, --where split=val or --loss 'val_loss'; or --batch-tokens ..."
    """
    message = re.sub(r"where=\{'([^']*)': '([^']*)'\}", r"--where \1=\2", message)
    words = "step|loss|lr|step_counts|batch_tokens|batch_samples|warmup_steps"
    return re.sub(rf"(?<![\w-])({words})=(?=['.])", lambda word: f"--{word[1].replace('_', '-')} ", message)


def _misfit(law: Law, run: Run) -> float | None:
    """The median error in falls, None for a run that was left out of the fit."""
    try:
        return law.misfit(run)
    except ValueError:
        return None


def _table(runs: Sequence[Run], errors: Sequence[float | None], schedules: Sequence[str]) -> str:
    rows = [("log", "losses", "updates", "peak", "warmup", "last loss", "median error", "rates")]
    for run, error, schedule in zip(runs, errors, schedules, strict=True):
        facts = f"{len(run.at):,}", f"{run.updates:,}", f"{run.peak:.4g}", f"{run.warmup:,}", f"{run.loss[-1]:.4f}"
        rows.append((run.name, *facts, "" if error is None else f"{error:.2%}", named(schedule)))
    return table(rows)


def _about_logs(runs: Sequence[Run]) -> Iterator[str]:
    """The notes on the logs; a note on several logs is printed once."""
    names: dict[str, list[str]] = {}
    for run in runs:
        for note in run.notes:
            names.setdefault(note.removeprefix(f"{run.name}: "), []).append(run.name)
    everywhere = len(runs) if len(runs) > 1 else 0
    lines = [
        f"{'All' if len(logs) == everywhere else ', '.join(logs)}: {as_options(note)}" for note, logs in names.items()
    ]
    if lines:
        yield f"Notes on the logs:\n{bullets(lines)}"


def _quality(law: Law, runs: Sequence[Run], errors: Sequence[float | None]) -> str:
    """Whether the law describes the runs, so that forecasts from it make sense."""
    from ..forecast.notes import is_misfit

    fitted = [(run, error) for run, error in zip(runs, errors, strict=True) if error is not None]
    missed = [run.name for run, error in fitted if is_misfit(run, error, law.model.fall)]
    if missed:
        return f"The law does not describe {', '.join(missed)}: do not rely on its forecasts before you know why."
    worst = max(error for error in errors if error is not None)
    return f"The law describes these runs: the median error is at most {worst:.1%} of what the loss fell."


def _constants(law: Law) -> str:
    deviations = [float(variance) ** 0.5 for variance in law.covariance.diagonal()]
    constants = zip(law.constants.items(), deviations, strict=True)
    values = ", ".join(f"{name} {value:.4g} ± {deviation:.2g}" for (name, value), deviation in constants)
    return f"{law.formula.name} law, prior from {law.prior or 'an unnamed source'}:\n{bullets([values])}"


def _about_law(law: Law, runs: Sequence[Run]) -> Iterator[str]:
    in_logs = {note for run in runs for note in run.notes}
    yield f"What these runs do not show:\n{bullets(note for note in law.notes if note not in in_logs)}"
    proposed = law.experiment()
    gain = 1 - proposed.remaining_uncertainty
    words = f"It would remove up to {gain:.0%} of the uncertainty of final losses"
    advice = f"{proposed.description} {words}{'.' if gain >= WORTHWHILE else ', so no short run is worth much.'}"
    yield f"The most informative next run:\n{bullets([advice])}\n  {proposed.schedule!r}"
