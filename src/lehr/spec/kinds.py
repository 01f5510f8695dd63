"""Every name that a spec may use, with the settings that it takes and their types."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, get_type_hints

import msgspec

from ..schedules import Schedule
from ..schedules.base import KINDS
from ..schedules.combinators import sequence
from ..schedules.recipes import RECIPES
from ..schedules.recipes.aliases import unknown_schedule
from ..schedules.recipes.settings import is_required
from .errors import SpecError

TAG = "schedule"
"""The key whose value names the schedule that a mapping describes; the other keys are its settings."""


@dataclass(frozen=True)
class Kind:
    """A class of schedules, a recipe or a method of schedules: what builds it, and from which settings."""

    name: str
    build: Callable[..., Schedule]

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.build).parameters)

    @cached_property
    def positional(self) -> list[str]:
        return [name for name, parameter in self.parameters.items() if parameter.kind is not parameter.KEYWORD_ONLY]

    @cached_property
    def required(self) -> list[str]:
        return [name for name, parameter in self.parameters.items() if is_required(parameter)]

    @cached_property
    def hints(self) -> dict[str, object]:
        return {"self": Schedule, **get_type_hints(self.build)}

    @cached_property
    def struct(self) -> type[msgspec.Struct]:
        """The settings and their types, from which msgspec validates data and writes a JSON Schema."""
        fields: list[Any] = [
            (name, self.hints[name], *(() if name in self.required else (parameter.default,)))
            for name, parameter in self.parameters.items()
        ]
        return msgspec.defstruct(
            self.name, fields, tag_field=TAG, tag=self.name, kw_only=True, forbid_unknown_fields=True
        )


def names() -> list[str]:
    """The names of all recipes and classes of schedules."""
    return [*RECIPES, *(name for name in KINDS if name != "Recipe")]


def kind(name: object, path: str) -> Kind:
    """Look up the recipe or class of that name, which stands at ``path``.

    Raises:
        SpecError: There is none.
    """
    if not isinstance(name, str) or name == "Recipe" or not (build := RECIPES.get(name) or KINDS.get(name)):
        raise SpecError(path, unknown_schedule(name, names()))
    return _kind(name, build)


@lru_cache(maxsize=256)
def _kind(name: str, build: Callable[..., Schedule]) -> Kind:
    return Kind(name, build)


def _then(parts: tuple[Schedule, ...]) -> Schedule:
    return sequence(*parts)


THEN = Kind("then", _then)
METHODS = {"then": THEN} | {
    name: Kind(name, getattr(Schedule, name)) for name in ("repeat", "clip", "cut", "stretch", "shift", "stairs")
}
"""The methods that a schedule in one line of text may call."""
