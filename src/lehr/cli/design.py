"""``lehr design``: the local page on which a schedule is shaped."""

from __future__ import annotations

from pathlib import Path

import click

from ..schedules.checks import named
from .argument import read, settings
from .errors import Command
from .text import echo


@click.command(cls=Command)
@click.argument("schedule", required=False, metavar="[SCHEDULE]")
@settings
@click.option("--law", metavar="LAW", help="A file of lehr fit: shows the forecast loss beside the curve.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="By default a free one.")
@click.option("--open/--no-open", "show", default=True, help="Open the browser.")
def design(schedule: str | None, law: str | None, port: int, show: bool, **options: str | None) -> None:
    """Shape a SCHEDULE on a local page, with the mouse or the keyboard, and copy it out.

    Only this machine can reach the page, and nothing that is typed there is evaluated. Ctrl-C ends it.

    \b
      lehr design
      lehr design wsd --training-steps 100k --max-lr 3e-4 --law law.json
    """
    from .. import spec
    from ..design import serve

    start = spec.to_text(read(schedule, **options)) if schedule else "wsd(10k, 2%, max_lr=1e-3)"
    text = None
    if law:
        try:
            text = Path(law).read_text("utf-8")
        except OSError as error:
            raise ValueError(f"{named(law)} cannot be read: {error.strerror}") from None
    serve(start, law=text, port=port, show=show, say=lambda address: echo(f"{address}  (Ctrl-C ends it)"))
