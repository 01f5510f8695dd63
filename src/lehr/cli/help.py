"""Help texts: as wide as the terminal, with the settings of the recipes in a section of their own."""

from __future__ import annotations

import click

from .text import fitted


class RecipeOption(click.Option):
    """An option that is a setting of a recipe."""


class _Formatter(click.HelpFormatter):
    """Click's formatter, for terminals of 40 columns too."""

    def write_dl(self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:  # type: ignore[override]
        super().write_dl(rows, min(col_max, self.width // 2), col_spacing)

    def getvalue(self) -> str:
        return fitted(super().getvalue(), self.width)


class HelpContext(click.Context):
    """A context whose help text fits the terminal."""

    formatter_class = _Formatter


def write_options(command: click.Command, context: click.Context, formatter: click.HelpFormatter) -> None:
    """Write a section of the settings of recipes, if there are any, and one of the other options."""
    sections: dict[str, list[tuple[str, str]]] = {"Settings of a recipe": [], "Options": []}
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record is not None and isinstance(option, click.Option):
            sections["Settings of a recipe" if isinstance(option, RecipeOption) else "Options"].append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
