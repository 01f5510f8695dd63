"""The settings of a foreign scheduler: each is read under the name and the type that it has there, or refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..schedules import checks

T = TypeVar("T")


class Settings:
    """Settings of one scheduler, by name. A setting of None counts as not given.

    Args:
        owner: The scheduler, for messages.
        values: What its config says.
        known: The settings that it takes; None if the mapping holds other things too.
        hints: Setting -> what to do where it is missing or ``"auto"``.

    Raises:
        ValueError: A setting is unknown, or the values are no mapping.
    """

    def __init__(
        self,
        owner: str,
        values: Mapping[str, Any],
        known: Iterable[str] | None = None,
        hints: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"{owner} must be a mapping, got {checks.shown(values)}")
        self.owner, self.values, self.hints = owner, values, hints or {}
        if known is not None:
            self._check_names(list(known))

    def _check_names(self, known: list[str]) -> None:
        for word, value in self.values.items():
            if word in known:
                continue
            if known:
                raise ValueError(checks.unknown(f"setting of {self.owner}", word, known))
            got = f"{checks.named(word)}={checks.shown(value)}"
            raise ValueError(f"{self.owner} has no settings of its own, got {got}; leave it out")

    def given(self, name: str) -> bool:
        """Whether the config says something of this setting."""
        return self.values.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """The value as it stands, or the default.

        Raises:
            ValueError: There is neither, or the value is ``"auto"``.
        """
        value = self.values.get(name)
        value = default if value is None else value
        hint = self.hints.get(name, "")
        if value is None:
            raise ValueError(f"{self.owner} needs `{name}`, which is not given{hint and f': {hint}'}")
        if is_auto(value):
            raise ValueError(f'{self.owner} needs a number for `{name}`, got "auto": {hint or "write the number"}')
        return value

    def number(self, name: str, default: float | None = None, above: float | None = None) -> float:
        """A finite number of at least 0, or above ``above``."""
        return checks.number(name, self.get(name, default), owner=self.owner, above=above)

    def integer(self, name: str, default: int | None = None, least: int = 0) -> int:
        """An integer of at least ``least``."""
        return checks.integer(name, self.get(name, default), owner=self.owner, least=least)

    def boolean(self, name: str, default: bool) -> bool:
        """True or False."""
        return checks.boolean(name, self.get(name, default), owner=self.owner)

    def choice(self, name: str, known: Iterable[str], default: str | None = None) -> str:
        """One of the known words."""
        return checks.one_of(f"`{name}` of {self.owner}", self.get(name, default), known)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A mapping; an empty one if it is not given."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"{self.owner} needs a mapping for `{name}`, got {checks.shown(value)}")
        return value or {}

    def sequence(self, name: str, default: Any = None, least: int = 1) -> list[Any]:
        """A list of at least so many values; a single value counts as a list of one."""
        value = self.get(name, default)
        values = list(value) if isinstance(value, list | tuple) else [value]
        if len(values) < least:
            raise ValueError(f"{self.owner} needs at least one value for `{name}`, got {checks.shown(value)}")
        return values


def is_auto(value: object) -> bool:
    """Whether a value is left to the framework, as in a DeepSpeed config."""
    return isinstance(value, str) and value == "auto"


def call(build: Callable[..., T], values: Mapping[str, Any], *args: Any, owner: str) -> T:
    """Call ``build`` with settings, whose names and types are those of its keyword-only parameters.

    A parameter that is annotated as a number, a bool, a sequence or a mapping gets one.

    Args:
        build: The function.
        values: The settings of the original, by name.
        *args: What ``build`` gets beside them.
        owner: The original, for messages.

    Raises:
        ValueError: The original knows no such setting, one that it needs is missing, or one is not of its type.

    >>> def decay(*, steps: int, power: float = 1.0) -> float:
    ...     return steps**power
    >>> call(decay, {"steps": 3}, owner="decay")
    3.0
    """
    known = parameters(build)
    settings = Settings(owner, values, known)
    missing = [name for name, p in known.items() if p.default is p.empty and name not in values]
    if missing:
        needs = " and ".join(f"`{name}`" for name in missing)
        raise ValueError(f"{owner} needs {needs}. It takes {', '.join(known)}")
    typed = {name: _of_type(settings, name, str(known[name].annotation)) for name in values}
    return build(*args, **typed)


def parameters(build: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a function, by name."""
    return {p.name: p for p in inspect.signature(build).parameters.values() if p.kind is p.KEYWORD_ONLY}


def _of_type(settings: Settings, name: str, annotation: str) -> object:
    value, owner = settings.values[name], settings.owner
    if value is None and "None" in annotation:
        return None
    kind = annotation.partition(" ")[0].partition("[")[0]
    if kind in ("int", "float"):
        number = checks.real(name, value, owner=owner)
        whole = checks.whole(value) if kind == "int" else None
        return number if whole is None else whole
    if kind == "bool":
        return checks.boolean(name, value, owner=owner)
    if kind in _CONTAINERS and (not isinstance(value, _CONTAINERS[kind]) or isinstance(value, str)):
        raise ValueError(f"{owner} needs a {kind.lower()} for `{name}`, got {checks.shown(value)}")
    return value


_CONTAINERS = {"Mapping": Mapping, "Sequence": Sequence}


def arguments(owner: str, args: object) -> Mapping[str, Any]:
    """Command-line arguments as a mapping: from one, or from an `argparse.Namespace`. ``-`` in a name is ``_``.

    Raises:
        ValueError: They are neither.
    """
    if not isinstance(args, Mapping) and not hasattr(args, "__dict__"):
        raise ValueError(f"{owner} needs a mapping or an argparse.Namespace, got {checks.shown(args)}")
    values = args if isinstance(args, Mapping) else vars(args)
    return {plain(name): value for name, value in values.items()}


def plain(name: object) -> str:
    """The name of an argument as argparse keeps it: ``--lr-decay-style`` is ``lr_decay_style``."""
    return str(name).lstrip("-").replace("-", "_")


def refuse_strays(owner: str, values: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    """Refuse names that begin as settings of the schedule do and are none of them.

    For arguments of a whole run, most of which do not concern the schedule.
    """
    known = tuple(known)
    for name, value in values.items():
        if name.startswith(prefix) and name not in known and value is not None:
            raise ValueError(checks.unknown(f"argument of {owner}", name, known))
