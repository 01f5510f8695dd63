"""``lehr when-to-cool-down`` and ``lehr extend-or-stop``: what to do with a run that goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..schedules import Schedule
from ..schedules.recipes import constant_with_warmup
from .argument import as_positions, as_steps, json_option, read
from .errors import Command
from .forecast import read_law
from .terminal import draw
from .text import bullets, echo, echo_json, table

if TYPE_CHECKING:
    from ..forecast import Law
    from ..forecast.continuation import Continuations


def _run_so_far(command: Callable[..., None]) -> Callable[..., None]:
    """The law, and the options that say what the run has done and how it cools down."""
    for decorate in reversed((
        click.argument("law", metavar="LAW"),
        click.option("--done", callback=as_steps, required=True, metavar="STEPS", help="Updates done so far."),
        click.option("--schedule", metavar="SCHEDULE", help="Its schedule so far; by default a constant rate."),
        click.option("--shape", default="1-sqrt", show_default=True, metavar="NAME", help="Shape of the cooldown."),
        click.option("--min-lr", type=float, default=0.0, metavar="RATE", help="Rate at its end; by default 0."),
        json_option,
    )):  # fmt: skip
        command = decorate(command)
    return command


@click.command("when-to-cool-down", cls=Command)
@_run_so_far
@click.option("--budget", callback=as_steps, required=True, metavar="STEPS", help="Updates of the whole run.")
def when_to_cool_down(
    law: str, done: int, schedule: str | None, shape: str, min_lr: float, budget: int, as_json: bool
) -> None:  # fmt: skip
    """Forecast the last loss of a run that goes on, by where its cooldown starts.

    LAW is a file that lehr fit wrote. Until its cooldown the run keeps the rate that it has now.

    \b
      lehr when-to-cool-down law.json --done 6k --budget 10k
    """
    from ..forecast.continuation import cooldowns_from

    fitted = read_law(law)
    ways = cooldowns_from(_past(fitted, schedule), done, budget, fitted, shape, min_lr, choices=9)
    _print(fitted, ways, f"Start the cooldown after {int(ways.start[ways.best]):,} updates.", as_json)


@click.command("extend-or-stop", cls=Command)
@_run_so_far
@click.option(
    "--more", callback=as_positions, metavar="STEPS,...", help="Further updates: 2k,5k; by default 7 choices."
)
@click.option("--share", type=float, default=0.2, show_default=True, metavar="SHARE", help="Of the cooldown.")
def extend_or_stop(
    law: str,
    done: int,
    schedule: str | None,
    shape: str,
    min_lr: float,
    more: tuple[int, ...] | None,
    share: float,
    as_json: bool,
) -> None:
    """Forecast the last loss of a run that goes on, by how long it goes on.

    LAW is a file that lehr fit wrote. Each row ends with a cooldown.

    \b
      lehr extend-or-stop law.json --done 6k --more 2k,6k,12k
    """
    from ..forecast.continuation import lengths_from

    fitted = read_law(law)
    ways = lengths_from(_past(fitted, schedule), done, more, fitted, share, shape, min_lr)
    first, last = float(ways.loss[0]), float(ways.loss[-1])
    gain = f"From {int(ways.total[0]):,} to {int(ways.total[-1]):,} updates the last loss falls by {first - last:.4f}."
    _print(fitted, ways, gain, as_json)


def _past(law: Law, schedule: str | None) -> Schedule:
    """What the run has followed."""
    return read(schedule) if schedule else constant_with_warmup(law.updates, law.warmup, max_lr=law.peaks[1])


def _print(law: Law, ways: Continuations, verdict: str, as_json: bool) -> None:
    if as_json:
        found = {name: getattr(ways, name).tolist() for name in ("start", "total", "loss", "low", "high")}
        return echo_json({**found, "best": ways.best, "notes": [*law.warnings, *ways.notes]})
    rows: list[tuple[Any, ...]] = [("", "cooldown from", "until", "last loss", "90 % band")]
    for i, (start, total, loss, low, high) in enumerate(
        zip(ways.start, ways.total, ways.loss, ways.low, ways.high, strict=True)
    ):
        best = "best" if i == ways.best else ""
        rows.append((best, f"{int(start):,}", f"{int(total):,}", f"{loss:.4f}", f"{low:.4f} to {high:.4f}"))
    picture = draw({"A": ways.schedules[ways.best]}, stop=None, log=False, share=False)
    parts = [bullets(law.warnings), table(rows), bullets([verdict, *ways.notes]), picture]
    echo("\n\n".join(part for part in parts if part))
