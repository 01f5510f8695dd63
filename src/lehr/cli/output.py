"""What commands write: pictures and other files, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import click

from .. import plot
from ..files import whole_file
from ..schedules.checks import escaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def wrote(path: str | os.PathLike[str]) -> str:
    """The line that says that a file was written."""
    return f"wrote {escaped(os.fspath(path))}"


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an error of writing into one that names the path of the user.

    Raises:
        ClickException: The file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """`whole_file` with the errors of `naming`."""
    with naming(path), whole_file(path) as file:
        yield file


def save(ax: Axes, path: str | os.PathLike[str]) -> None:
    """`lehr.plot.save` with the errors of `naming`."""
    with naming(path):
        plot.save(ax, path)
