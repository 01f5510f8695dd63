"""``lehr recipes``: the schedules that have a name, and their settings."""

from __future__ import annotations

import click

from ..schedules.recipes import RECIPES, get
from .argument import json_option
from .catalogue import Setting, settings_of, summary
from .completion import complete_recipe
from .errors import Command
from .text import columns, echo, echo_json, fitted


@click.command(cls=Command)
@click.argument("name", required=False, metavar="[RECIPE]", shell_complete=complete_recipe)
@json_option
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes, or explain the settings of one.

    \b
      lehr recipes
      lehr recipes wsd
    """
    if name is not None:
        get(name)  # its error says which recipes there are
    if as_json:
        entries = [_entry(recipe) for recipe in RECIPES if name in (None, recipe)]
        echo_json(entries[0] if name else entries)
    else:
        echo(fitted(_page(name) if name else "\n".join(map(_lines, RECIPES)), columns()))


def _lines(recipe: str) -> str:
    """What a recipe is, and its settings, in a line each.

    >>> print(_lines("cosine").splitlines()[0])
    cosine: Linear warmup, then half a cosine down.
    """
    settings = " ".join(f"[{s.option}]" if not s.required else s.option for s in settings_of(recipe).values())
    return f"{recipe}: {summary(recipe)}\n    {settings}"


def _page(recipe: str) -> str:
    """What a recipe is, and what each of its settings means."""
    lines = [f"  {s.option} {s.metavar}  ({_default(s)})\n      {s.meaning}" for s in settings_of(recipe).values()]
    return "\n".join([f"{recipe}: {summary(recipe)}", "", *lines])


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    return "optional" if setting.default is None else f"default {setting.default}"


def _entry(recipe: str) -> dict[str, object]:
    settings = [
        {
            **{name: getattr(setting, name) for name in ("name", "option", "required", "meaning")},
            "default": None if setting.required else setting.default,
        }
        for setting in settings_of(recipe).values()
    ]
    return {"name": recipe, "summary": summary(recipe), "settings": settings}
