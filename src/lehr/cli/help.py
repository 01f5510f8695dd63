"""Help texts: as wide as the terminal, with the settings of the recipes in a separate section."""

from __future__ import annotations

import click

from .text import fitted


class RecipeOption(click.Option):
    """An option that is a setting of a recipe."""


class _Formatter(click.HelpFormatter):
    """Click's formatter, for terminals of 40 columns too."""

    def write_dl(  # type: ignore[override]  # click takes any sequence
        self, rows: list[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        super().write_dl(rows, min(col_max, self.width // 2), col_spacing)

    def getvalue(self) -> str:
        return fitted(super().getvalue(), self.width)


class HelpContext(click.Context):
    """A context whose help text fits the terminal."""

    formatter_class = _Formatter


def write_options(command: click.Command, context: click.Context, formatter: click.HelpFormatter) -> None:
    """Write a section of the settings of recipes, if there are any, and a section of the rest."""
    options = [option for option in command.get_params(context) if isinstance(option, click.Option)]
    for title, of_recipes in (("Settings of a recipe", True), ("Options", False)):
        chosen = (option for option in options if isinstance(option, RecipeOption) is of_recipes)
        records = [record for option in chosen if (record := option.get_help_record(context))]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
