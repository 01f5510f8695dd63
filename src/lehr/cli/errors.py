"""Errors of the command line: one line on stderr, and exit code 2."""

from __future__ import annotations

import sys
import traceback
from io import TextIOWrapper
from typing import Any, NoReturn

import click

from ..schedules.checks import escaped
from ..schedules.recipes.aliases import setting_meant
from .help import HelpContext, write_options
from .text import columns

_DEBUG = "lehr.debug"


class Command(click.Command):
    """A click command that prints neither usage nor a traceback when it fails."""

    context_class = HelpContext

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks
        settings = {"standalone_mode": False, "terminal_width": min(columns(otherwise=80), 80) - 2}
        try:
            return super().main(*args, **{**kwargs, **settings})
        except click.Abort:
            sys.exit(130)
        except Exception as error:
            _fail(_message(error))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            if ctx.parent is None and ctx.meta.get(_DEBUG):
                traceback.print_exc()
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _with_our_word(error, self.get_params(ctx)) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter)


def _with_our_word(error: click.NoSuchOption, params: list[click.Parameter]) -> click.UsageError:
    """The error, with the name of our option where the user typed another library's word for it."""
    options = {str(param.name): option for param in params for option in param.opts if option.startswith("--")}
    meant = setting_meant(error.option_name.lstrip("-"), options).split("`")
    if len(meant) == 1:
        return error
    return click.UsageError(f"No such option {error.option_name!r}. Did you mean {options[meant[1]]!r}?", error.ctx)


def _message(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"{error.filename or 'standard input or output'}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, ValueError | ImportError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}; please report it with the trace that `lehr --debug ...` prints"


def _fail(message: str) -> NoReturn:
    click.echo(f"lehr: {escaped(' '.join(message.split()))}", err=True)
    sys.exit(2)


def _store(context: click.Context, _: click.Parameter, debug: bool) -> None:
    context.meta[_DEBUG] = debug


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_store, help="Show the trace of an error."
)


class Group(Command, click.Group):
    """A command that has commands."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)
