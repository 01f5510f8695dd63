"""The recipes and their settings, as signatures and docstrings say them."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args, get_origin, get_type_hints

from ..schedules.checks import shown
from ..schedules.recipes import RECIPES
from ..schedules.recipes.settings import is_required

Value = str | int | float | list[str] | list[float]


@dataclass(frozen=True)
class Setting:
    """A setting of a recipe."""

    name: str
    hint: object
    default: object
    required: bool
    meaning: str

    @property
    def option(self) -> str:
        """Its name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def metavar(self) -> str:
        if self._is_list:
            return "RATE,..." if self._of_numbers else "STEPS,..."
        if self.name.endswith("shape"):
            return "SHAPE"
        return "STEPS" if self._is_text else "RATE" if self.name.endswith("lr") else "NUMBER"

    def value(self, text: str) -> Value:
        """The value that ``text`` says; a length stays text, for the recipe to read.

        Raises:
            ValueError: It must be a number and is not.
        """
        if self._is_list:
            items = text.strip(" []()").split(",")
            return [self._number(item) for item in items] if self._of_numbers else items
        return text if self._is_text else self._number(text)

    def _number(self, text: str) -> float:
        number, kind = (int, "an integer") if self.hint is int else (float, "a number")
        try:
            return number(text)
        except ValueError:
            raise ValueError(f"{self.option} must be {kind}, got {shown(text)}") from None

    @property
    def _is_list(self) -> bool:
        return get_origin(self.hint) is tuple

    @property
    def _of_numbers(self) -> bool:
        return str not in get_args(get_args(self.hint)[0])

    @property
    def _is_text(self) -> bool:
        return str in (self.hint, *get_args(self.hint))


@lru_cache
def settings_of(recipe: str) -> dict[str, Setting]:
    """The settings of a recipe by their names, in the order of its signature."""
    build, meanings = RECIPES[recipe], _meanings(recipe)
    hints, parameters = get_type_hints(build), inspect.signature(build).parameters.values()
    return {
        p.name: Setting(p.name, hints[p.name], p.default, is_required(p), meanings.get(p.name, "")) for p in parameters
    }


@lru_cache
def all_settings() -> dict[str, tuple[Setting, tuple[str, ...]]]:
    """Every setting, with the recipes that take it; the settings that most recipes take come first."""
    takers: dict[str, list[str]] = {}
    for recipe in RECIPES:
        for name in settings_of(recipe):
            takers.setdefault(name, []).append(recipe)
    by_number = sorted(takers, key=lambda name: -len(takers[name]))
    return {name: (settings_of(takers[name][0])[name], tuple(takers[name])) for name in by_number}


def summary(recipe: str) -> str:
    """The first line of a recipe's documentation, without its markup."""
    return _plain(_documentation(recipe).partition("\n")[0])


def _documentation(recipe: str) -> str:
    return inspect.getdoc(RECIPES[recipe]) or ""


def _meanings(recipe: str) -> dict[str, str]:
    """The entries of the docstring's ``Args:`` by name, without their markup."""
    section = re.search(r"^Args:\n((?: +.*\n?)+)", _documentation(recipe), re.MULTILINE)
    entries = re.split(r"^ {4}(?=\w)", section[1] if section else "", flags=re.MULTILINE)[1:]
    return {name: _plain(" ".join(meaning.split())) for name, _, meaning in (e.partition(":") for e in entries)}


def _plain(text: str) -> str:
    return re.sub(r"[,:]? ?:math:`[^`]*`", "", text).replace("`", "")
