"""``lehr suggest`` and ``lehr range-test``: which peak rate to start with, before any run and after a short one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .argument import as_steps, as_tokens, json_option, read
from .errors import Command
from .output import save, wrote
from .terminal import draw
from .text import bullets, echo, echo_json, table

if TYPE_CHECKING:
    from ..peak import PeakSuggestion, RangeTest


def _as_params(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    return as_steps(context, parameter, text, what="parameters")


@click.command(cls=Command)
@click.option(
    "--params", callback=_as_params, required=True, metavar="PARAMETERS",
    help="Parameters of the model without embeddings: 124M.",
)  # fmt: skip
@click.option("--tokens", callback=as_tokens, required=True, metavar="TOKENS", help="Tokens of the run: 2.5B.")
@click.option(
    "--batch-tokens", callback=as_tokens, required=True, metavar="TOKENS",
    help="Tokens of one update, over all processes and accumulated gradients: 100k.",
)  # fmt: skip
@click.option("-o", "--out", metavar="FILE", help="Write the schedule: .json, .yaml, .toml, .txt.")
@json_option
def suggest(params: int, tokens: int, batch_tokens: int, out: str | None, as_json: bool) -> None:
    """Name a peak rate for a language model before any run.

    The table has the peak that each published law names, and what of this run lies outside the range that the law was
    fitted to. Their spread is how little is known: settle it with the range test that is printed below.

    \b
      lehr suggest --params 124M --tokens 2.5B --batch-tokens 100k
    """
    from .. import peak, spec

    suggestion = peak.suggest(params=params, tokens=tokens, batch_tokens=batch_tokens)
    if out:
        spec.write(suggestion.schedule, out)
    if as_json:
        echo_json(_as_dict(suggestion))
        return
    advice = [
        f"Start with a peak of {suggestion.max_lr:g}; the laws name {suggestion.low:.2g} to {suggestion.high:.2g}.",
        f"A schedule to start with: {spec.to_text(suggestion.schedule)}",
        f"To settle it, train with {spec.to_text(suggestion.range_test)} and read its log: lehr range-test LOG",
    ]
    picture = draw({"": suggestion.schedule}, stop=None, log=False, share=False)
    parts = [bullets(advice), _table(suggestion), picture, bullets(suggestion.notes)]
    echo("\n\n".join([*parts, *([wrote(out)] if out else [])]))


def _table(suggestion: PeakSuggestion) -> str:
    rows = [("law", "peak", "its batch", "outside its range", "source")]
    rows += [
        (
            named.law, f"{named.max_lr:.2g}", f"{named.batch_tokens:,}" if named.batch_tokens else "",
            "; ".join(named.outside) or "nothing", named.source,
        )
        for named in suggestion.peaks
    ]  # fmt: skip
    return table(rows)


def _as_dict(suggestion: PeakSuggestion) -> dict[str, object]:
    from .. import spec

    keys = ("max_lr", "low", "high", "training_steps", "warmup_steps")
    return {
        **{key: getattr(suggestion, key) for key in keys},
        "schedule": spec.to_text(suggestion.schedule),
        "range_test": spec.to_text(suggestion.range_test),
        "peaks": [asdict(named) for named in suggestion.peaks],
        "notes": suggestion.notes,
    }


@click.command("range-test", cls=Command)
@click.argument("log", metavar="LOG")
@click.option("--schedule", metavar="SCHEDULE", help="What the run followed; by default the logged rates.")
@click.option("--step", metavar="COLUMN", help="The column of positions.")
@click.option("--loss", metavar="COLUMN", help="The column of losses; by default the training loss.")
@click.option("--lr", metavar="COLUMN", help="The column of rates.")
@click.option("-o", "--out", metavar="FILE", help="Write a picture, too: .png, .svg, .pdf.")
@json_option
def range_test(
    log: str, schedule: str | None, step: str | None, loss: str | None, lr: str | None, out: str | None, as_json: bool
) -> None:
    """Read a range test: a short run whose rate rises from too low to too high.

    LOG is a log as lehr fit reads it, with the loss of each update or of every few.

    \b
      lehr range-test run.csv --schedule "range_test(500, max_lr=0.2, min_lr=1e-6)"
    """
    from .. import peak

    found = peak.read_range_test(log, read(schedule) if schedule else None, step=step, loss=loss, lr=lr)
    if out:
        save(found.plot(), out)
    if as_json:
        echo_json({key: getattr(found, key) for key in ("max_lr", "steepest", "lowest")})
        return
    echo("\n\n".join([bullets(_verdict(found)), *([wrote(out)] if out else [])]))


def _verdict(found: RangeTest) -> list[str]:
    return [
        f"Start with a peak of {found.max_lr:g}: half of the rate at which the loss is lowest, {found.lowest:.2g}.",
        f"If you can afford runs, try peaks from {found.lowest / 4:.2g} to {found.lowest:.2g}, a factor of two apart.",
    ]
