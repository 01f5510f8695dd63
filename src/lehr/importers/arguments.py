"""The settings of an original, held against the names and types that it has for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..schedules import checks

T = TypeVar("T")


def call(build: Callable[..., T], settings: Mapping[str, Any], *args: Any, owner: str) -> T:
    """Call ``build`` with settings, whose names are those of its keyword-only parameters.

    A parameter that is annotated as a number, a bool, a sequence or a mapping gets one.

    Args:
        build: The function.
        settings: The settings of the original, by name.
        *args: What ``build`` gets beside them.
        owner: The original, for messages.

    Raises:
        ValueError: The original knows no such setting, one that it needs is missing, or one is not of its type.

    >>> def decay(*, steps: int, power: float = 1.0) -> float:
    ...     return steps**power
    >>> call(decay, {"steps": 3}, owner="decay")
    3.0
    """
    parameters = {p.name: p for p in inspect.signature(build).parameters.values() if p.kind is p.KEYWORD_ONLY}
    for name, value in settings.items():
        if name not in parameters:
            raise ValueError(_unknown(owner, name, value, list(parameters)))
        _check_type(owner, name, value, str(parameters[name].annotation))
    missing = [name for name, p in parameters.items() if p.default is p.empty and name not in settings]
    if missing:
        needs = " and ".join(f"`{name}`" for name in missing)
        raise ValueError(f"{owner} needs {needs}. It takes {', '.join(parameters)}")
    return build(*args, **settings)


def _unknown(owner: str, name: object, value: object, known: list[str]) -> str:
    if known:
        return checks.unknown(f"setting of {owner}", name, known)
    return f"{owner} has no settings of its own, got {checks.named(name)}={checks.shown(value)}; leave it out"


def _check_type(owner: str, name: str, value: object, annotation: str) -> None:
    if value is None and "None" in annotation:
        return
    kind = annotation.partition(" ")[0].partition("[")[0]
    if kind in ("int", "float"):
        checks.real(name, value, owner=owner)
    elif kind == "bool":
        checks.boolean(name, value, owner=owner)
    elif kind in _CONTAINERS and (not isinstance(value, _CONTAINERS[kind]) or isinstance(value, str)):
        raise ValueError(f"{owner} needs a {kind.lower()} for `{name}`, got {checks.shown(value)}")


_CONTAINERS = {"Mapping": Mapping, "Sequence": Sequence}
