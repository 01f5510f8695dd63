"""``lehr recipes``: the schedules that have a name, and their settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .completion import complete_recipe
from .errors import Command
from .text import columns, echo, fitted

if TYPE_CHECKING:
    from .catalogue import Setting


@click.command(cls=Command)
@click.argument("name", required=False, metavar="[RECIPE]", shell_complete=complete_recipe)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes, or explain the settings of one.

    \b
      lehr recipes
      lehr recipes wsd
    """
    from ..schedules.recipes import RECIPES, get

    if name is not None:
        get(name)  # its error says which recipes there are
    if as_json:
        entries = [_entry(recipe) for recipe in RECIPES if name in (None, recipe)]
        echo(json.dumps(entries[0] if name else entries, indent=1))
    else:
        echo(fitted(_page(name) if name else "\n".join(map(_lines, RECIPES)), columns()))


def _lines(recipe: str) -> str:
    """What a recipe is, and its settings, in a line each.

    >>> print(_lines("cosine").splitlines()[0])
    cosine: Linear warmup, then half a cosine down.
    """
    from .catalogue import settings_of, summary

    settings = " ".join(f"[{s.option}]" if not s.required else s.option for s in settings_of(recipe).values())
    return f"{recipe}: {summary(recipe)}\n    {settings}"


def _page(recipe: str) -> str:
    """What a recipe is, and what each of its settings means."""
    from .catalogue import summary

    return "\n".join([f"{recipe}: {summary(recipe)}", "", *_meanings(recipe)])


def _meanings(recipe: str) -> Iterator[str]:
    from .catalogue import meanings, settings_of

    meaning = meanings(recipe)
    for setting in settings_of(recipe).values():
        yield f"  {setting.option} {setting.metavar}  ({_default(setting)})"
        yield f"      {meaning.get(setting.name, '')}"


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    return "optional" if setting.default is None else f"default {setting.default}"


def _entry(recipe: str) -> dict[str, Any]:
    from .catalogue import meanings, settings_of, summary

    meaning = meanings(recipe)
    settings = [
        {
            "name": setting.name,
            "option": setting.option,
            "required": setting.required,
            "default": None if setting.required else setting.default,
            "meaning": meaning.get(setting.name, ""),
        }
        for setting in settings_of(recipe).values()
    ]
    return {"name": recipe, "summary": summary(recipe), "settings": settings}
