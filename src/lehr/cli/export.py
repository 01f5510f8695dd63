"""``lehr export``: the rates of a schedule as CSV or JSON, or a function that gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import click

from ..schedules import Schedule
from ..schedules.source import to_python
from .argument import as_steps, read, schedule_argument, settings
from .errors import Command
from .output import writing, wrote
from .text import echo

MOST_ROWS = 10_000_000


@click.command(cls=Command)
@schedule_argument
@settings
@click.option("--format", "language", type=click.Choice(["csv", "json"]), help="What to write; by default csv.")
@click.option("--steps", callback=as_steps, metavar="STEPS", help="Steps to write, from 0; by default the whole run.")
@click.option("--every", callback=as_steps, metavar="STEPS", help="Write one step of every so many.")
@click.option("--python", is_flag=True, help="Write a function of the step that needs only Python.")
@click.option("--name", metavar="NAME", help="The name of the function; by default learning_rate.")
@click.option("-o", "--out", metavar="FILE", help="Where to write; by default standard output.")
def export(
    schedule: str, language: str | None, steps: int | None, every: int | None, python: bool, name: str | None,
    out: str | None, **settings: str | None,
) -> None:  # fmt: skip
    """Write the rates as CSV, JSON or Python.

    A row for each update of a SCHEDULE: its step, from 0, and its rate.
    """
    if python and (language or steps or every):
        raise ValueError("--python writes a function and cannot be combined with --format, --steps or --every")
    if name and not python:
        raise ValueError("--name is the name of the function that --python writes: add --python")
    value = read(schedule, **settings)
    if python:
        _write([to_python(value, name or "learning_rate")], out)
    else:
        _write((_json if language == "json" else _csv)(rates(value, steps, every or 1)), out)


def rates(schedule: Schedule, steps: int | None, every: int) -> Iterator[tuple[int, float]]:
    """Step and rate of each update, or of one in ``every`` updates.

    Raises:
        ValueError: The schedule never ends and ``steps`` is None, or there are too many rows.

    >>> from lehr import linear
    >>> list(rates(linear(10, max_lr=1.0), steps=None, every=5))
    [(0, 1.0), (5, 0.5)]
    """
    if steps is None and schedule.length is None:
        raise ValueError("the schedule never ends: give the number of steps to write, such as --steps 100k")
    stop = math.ceil(schedule.length or 0) if steps is None else steps
    if stop > MOST_ROWS * every:
        raise ValueError(f"{stop:,} steps are too many rows: write fewer with --every {-(-stop // MOST_ROWS)}")
    return ((step, schedule(step)) for step in range(0, stop, every))


def _csv(rows: Iterable[tuple[int, float]]) -> Iterator[str]:
    yield "step,lr\n"
    yield from (f"{step},{rate!r}\n" for step, rate in rows)


def _json(rows: Iterable[tuple[int, float]]) -> Iterator[str]:
    yield "["
    for index, (step, rate) in enumerate(rows):
        yield f'{"," if index else ""}\n{{"step": {step}, "lr": {rate!r}}}'
    yield "\n]\n"


def _write(lines: Iterable[str], out: str | None) -> None:
    remaining = iter(lines)
    chunks = iter(lambda: "".join(islice(remaining, 10_000)), "")
    if out is None:
        for chunk in chunks:
            click.echo(chunk, nl=False)
    else:
        with writing(out) as file:
            file.writelines(chunk.encode() for chunk in chunks)
        echo(wrote(out))
