"""``lehr compare``: schedules side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from .argument import read_all, schedules_argument, settings, view_options
from .errors import Command
from .text import echo, lettered, table

if TYPE_CHECKING:
    from ..schedules import Schedule


@click.command(cls=Command)
@schedules_argument
@settings
@click.option("-o", "--out", metavar="FILE", help="Draw into a picture instead: .png, .svg, .pdf.")
@view_options
def compare(
    schedules: tuple[str, ...], out: str | None, stop: int | None, log: bool, share: bool, **settings: str | None
) -> None:
    """Print key numbers side by side, and draw.

    Each SCHEDULE has a row, with its first, highest and final rate, where the highest is, the sum of all
    rates and their mean; the letter names its line in the plot.

    The settings apply to every recipe that is named without a bracket and takes them:

    \b
      lehr compare cosine linear wsd --training-steps 100k --max-lr 1e-3 --decay-steps 20%
    """
    by_argument = read_all(schedules, **settings)
    rows = key_numbers(by_argument, stop)
    if out:
        from ..plot import new_axes, plot_schedules
        from .output import save, wrote

        save(plot_schedules(by_argument, new_axes(), stop=stop, log=log, share=share), out)
        echo(f"{rows}\n{wrote(out)}")
    else:
        from .terminal import draw

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


def _numbers(schedule: Schedule, stop: float) -> Iterator[str]:
    from ..schedules.description import Summary

    summary, end = Summary(schedule, stop), schedule.length
    peak, at = summary.peak
    yield "endless" if end is None else f"{end:,}"
    yield f"{schedule(0):.4g}"
    yield f"{peak:.4g}"
    yield f"{at:,}"
    yield "" if end is None else f"{schedule(end):.4g}"
    yield f"{summary.area:.5g}"
    yield f"{summary.area / stop:.4g}"
