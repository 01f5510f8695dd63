"""A progress bar for work that takes more than a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import click

PATIENCE = 1.0
"""Seconds before the bar appears."""


@contextmanager
def progress(label: str) -> Iterator[Callable[[float], None]]:
    """A function that takes the share done so far, and draws a bar on stderr if that is a terminal."""
    bar: Any = click.progressbar(length=100, label=label, show_eta=False, file=sys.stderr)
    start = monotonic()

    def done(share: float) -> None:
        if sys.stderr.isatty() and monotonic() - start > PATIENCE:
            bar.update(int(100 * share) - bar.pos)

    try:
        yield done
    finally:
        if bar.pos:
            bar.render_finish()
