"""Every error of a command line is one line on stderr and exit code 2."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any, NoReturn

import click


class _OneLine:
    """What a click command does instead of printing usage or a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # the dots of a plot, where they cannot be written
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})  # type: ignore[misc]
        except click.Abort:
            sys.exit(130)
        except click.ClickException as error:
            _fail(error.format_message())
        except OSError as error:
            _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except (ValueError, ArithmeticError, ImportError, MemoryError, RecursionError) as error:
            _fail(str(error) or type(error).__name__)


def _fail(message: str) -> NoReturn:
    click.echo(f"lehr: {' '.join(message.split())}", err=True)
    sys.exit(2)


class Command(_OneLine, click.Command):
    """A command that stands alone."""


class Group(_OneLine, click.Group):
    """A command with commands of its own."""
