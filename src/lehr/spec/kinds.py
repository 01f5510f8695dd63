"""Every name that a spec may say, with the fields it takes and their types."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, get_type_hints

import msgspec

from ..schedules import Schedule
from ..schedules.base import KINDS
from ..schedules.recipes import RECIPES

TAG = "schedule"
"""The key that says which schedule a mapping is; the others are its settings."""


@dataclass(frozen=True)
class Kind:
    """A class of schedules, or a recipe: what builds it, and what it is built from."""

    name: str
    build: Callable[..., Schedule]

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.build).parameters)

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.build)

    @cached_property
    def struct(self) -> type[msgspec.Struct]:
        """The fields and their types, for msgspec to validate and to write a JSON Schema of."""
        fields: list[Any] = []
        for name, parameter in self.parameters.items():
            required = parameter.default is parameter.empty
            fields.append((name, self.hints[name], *(() if required else (parameter.default,))))
        return msgspec.defstruct(
            self.name, fields, tag_field=TAG, tag=self.name, kw_only=True, forbid_unknown_fields=True
        )


def names() -> list[str]:
    """The names of all recipes and kinds."""
    return [*RECIPES, *(name for name in KINDS if name != "Recipe")]


def kind(name: object) -> Kind | None:
    """The kind of that name, or None."""
    return _kind(name) if isinstance(name, str) and name in names() else None


@lru_cache
def _kind(name: str) -> Kind:
    return Kind(name, RECIPES.get(name) or KINDS[name])


def nearest(word: object, known: Iterable[str]) -> str:
    """``did you mean ...? `` for the known word that is most like this one, or nothing."""
    found = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]!r}? " if found else ""
