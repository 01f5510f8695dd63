"""``lehr compare``: schedules side by side."""

from __future__ import annotations

from collections.abc import Mapping

import click

from .. import plot
from ..schedules import Schedule
from ..schedules.description import Summary, numbers
from .argument import json_option, read_all, schedules_argument, settings, view_options
from .errors import Command
from .output import save, wrote
from .terminal import draw
from .text import echo, echo_json, lettered, table


@click.command(cls=Command)
@schedules_argument
@settings
@click.option("-o", "--out", metavar="FILE", help="Draw into a picture instead: .png, .svg, .pdf.")
@view_options
@json_option
def compare(
    schedules: tuple[str, ...], out: str | None, stop: int | None, log: bool, share: bool, as_json: bool,
    **settings: str | None,
) -> None:  # fmt: skip
    """Print key numbers side by side, and draw.

    Each SCHEDULE has a row, with its first, highest and final rate, where the highest is, the sum of all
    rates and their mean; the letter names its line in the plot.

    The settings apply to every recipe that is named without a bracket and takes them:

    \b
      lehr compare cosine linear wsd --training-steps 100k --max-lr 1e-3 --decay-steps 20%
    """
    by_argument = read_all(schedules, settings)
    if as_json:
        return echo_json({name: numbers(schedule, stop) for name, schedule in by_argument.items()})
    rows = key_numbers(by_argument, stop)
    if out:
        save(plot.plot_schedules(by_argument, plot.new_axes(), stop=stop, log=log, share=share), out)
        echo(f"{rows}\n{wrote(out)}")
    else:
        echo(f"{rows}\n\n{draw(lettered(by_argument), stop, log, share)}")


def key_numbers(schedules: Mapping[str, Schedule], stop: int | None) -> str:
    """A row of key numbers for each schedule, under a letter; an endless one has no final rate.

    >>> from lehr import cosine, linear
    >>> print(key_numbers({"cosine": cosine(1000, 100, max_lr=1e-3), "short": linear(500, max_lr=1e-3)}, stop=None))
       steps  first   peak  at step  final     area      mean  schedule
    A  1,000  1e-05  0.001      100      0  0.50001    0.0005  cosine
    B    500  0.001  0.001        0      0   0.2505  0.000501  short
    """
    from ..plot.curves import stops

    names = lettered(dict(zip(schedules, schedules, strict=True)))
    until = stops(schedules, stop)
    heading = ("", "steps", "first", "peak", "at step", "final", "area", "mean", "schedule")
    return table([heading, *((letter, *_numbers(schedules[n], until[n]), n) for letter, n in names.items())])


def _numbers(schedule: Schedule, stop: float) -> tuple[str, ...]:
    summary, end = Summary(schedule, stop), schedule.length
    (peak, at), area = summary.peak, summary.area
    length, final = ("endless", "") if end is None else (f"{end:,}", f"{schedule(end):.4g}")
    return length, f"{schedule(0):.4g}", f"{peak:.4g}", f"{at:,}", final, f"{area:.5g}", f"{area / stop:.4g}"
