"""What a shell completes: recipes, files and shapes."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ..schedules.recipes import RECIPES
from ..schedules.shapes import SHAPES
from .catalogue import summary


def complete_recipe(_: click.Context, __: click.Parameter, start: str) -> list[CompletionItem]:
    """The recipes that begin so, with what each is."""
    return [CompletionItem(name, help=summary(name)) for name in RECIPES if name.startswith(start)]


def complete_schedule(context: click.Context, parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """The recipes that begin so, and files."""
    return [*complete_recipe(context, parameter, start), CompletionItem(start, type="file")]


def complete_shape(_: click.Context, __: click.Parameter, start: str) -> list[CompletionItem]:
    """The shapes that begin so."""
    return [CompletionItem(name) for name in SHAPES if name.startswith(start)]
