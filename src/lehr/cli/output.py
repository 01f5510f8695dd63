"""Pictures and other files, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """`whole_file`, whose errors name the path that was asked for.

    Raises:
        ClickException: The file cannot be written.
    """
    try:
        with whole_file(path) as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None


def save(ax: Axes, path: str | os.PathLike[str]) -> None:
    """Write the picture that ``ax`` is on, in the format of the path's suffix.

    Raises:
        ValueError: The path has no suffix, or matplotlib writes no such format.
        ClickException: The file cannot be written.
    """
    suffix = Path(path).suffix
    if not suffix:
        raise ValueError(f"a picture's file ends in .png, .svg or .pdf, got {str(path)!r}")
    picture = BytesIO()
    ax.figure.savefig(picture, format=suffix[1:])  # type: ignore[union-attr]  # it is no subfigure
    with writing(path) as file:
        file.write(picture.getvalue())
