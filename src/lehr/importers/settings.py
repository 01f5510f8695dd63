"""The settings of a foreign scheduler: each is read under the name it has there, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..schedules import checks


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
        for word in () if known is None else values:
            if word not in (names := tuple(known or ())):
                raise ValueError(checks.unknown(f"setting of {owner}", word, names))

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
        if value == "auto":
            raise ValueError(f'{self.owner} needs a number for `{name}`, got "auto": {hint or "write the number"}')
        return value

    def rate(self, name: str, default: float | None = None) -> float:
        """A finite number of at least 0."""
        return self.number(name, default)

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
        word, known = self.get(name, default), tuple(known)
        if word not in known:
            raise ValueError(checks.unknown(f"`{name}` of {self.owner}", word, known))
        return str(word)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A mapping; an empty one if it is not given."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"{self.owner} needs a mapping for `{name}`, got {checks.shown(value)}")
        return value or {}

    def sequence(self, name: str, default: Any = None) -> list[Any]:
        """A list; a single value counts as a list of one."""
        value = self.get(name, default)
        return list(value) if isinstance(value, list | tuple) else [value]


def arguments(owner: str, args: object) -> Mapping[str, Any]:
    """Command-line arguments as a mapping: from one, or from an `argparse.Namespace`. ``-`` in a name is ``_``.

    Raises:
        ValueError: They are neither.
    """
    if not isinstance(args, Mapping) and not hasattr(args, "__dict__"):
        raise ValueError(f"{owner} needs a mapping or an argparse.Namespace, got {checks.shown(args)}")
    values = args if isinstance(args, Mapping) else vars(args)
    return {str(name).lstrip("-").replace("-", "_"): value for name, value in values.items()}


def refuse_strays(owner: str, values: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    """Refuse names that begin as settings of the schedule do and are none of them.

    For arguments of a whole run, most of which do not concern the schedule.
    """
    known = tuple(known)
    for name, value in values.items():
        if name.startswith(prefix) and name not in known and value is not None:
            raise ValueError(checks.unknown(f"argument of {owner}", name, known))
