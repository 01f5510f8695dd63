"""A schedule from plain data: every name is looked up, every setting checked, nothing is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import msgspec

from ..schedules import Constant, Schedule, checks
from ..schedules.recipes.aliases import unknown_setting
from ..schedules.recipes.settings import missing_settings
from .errors import SpecError
from .kinds import TAG, Kind, kind
from .limits import Size


@dataclass
class Call:
    """A schedule that is not built yet: what builds it, and its settings as they were written."""

    kind: Kind
    settings: Mapping[str, object]


def from_dict(data: object) -> Schedule:
    """Build the schedule that a dict describes; the reverse of `to_dict`.

    Raises:
        SpecError: A name is unknown; a setting is unknown, missing, of another type or impossible;
            or the dict has more than 10,000 parts or 100,000 numbers in lists, or is nested more
            than 50 deep.

    >>> from_dict({"schedule": "linear", "training_steps": "1k", "max_lr": 0.1})(500)
    0.05
    """
    try:
        return Reader().schedule(data, "spec", 0)
    except SpecError as error:
        if not isinstance(data, Mapping) or len(data) < 3 or not all(isinstance(value, str) for value in data.values()):
            raise
        reason = str(error).removeprefix(f"{error.path}: ")
        raise SpecError(
            error.path,
            f"{reason}. Every setting is a string, as MLflow gives its parameters back: log "
            f"lehr.spec.to_text(schedule) as one parameter, and read it with lehr.spec.from_text",
        ) from None


class Reader:
    """Reads one spec, and counts what it holds so that a small file cannot ask for much work."""

    def __init__(self) -> None:
        self._size = Size()

    def schedule(self, data: object, path: str, depth: int) -> Schedule:
        if isinstance(data, Schedule):
            return data
        self._size.add_part(path, depth)
        call = data if isinstance(data, Call) else _call(data, path)
        for word in call.settings:
            if word not in call.kind.parameters:
                reason = unknown_setting(call.kind.name, word, call.kind.parameters, call.settings)
                raise SpecError(f"{path}.{checks.named(word)}", reason)
        missing = [word for word in call.kind.required if word not in call.settings]
        if missing:
            raise SpecError(path, missing_settings(call.kind.name, missing, call.kind.parameters))
        settings = {
            word: self._setting(call.kind.hints[word], value, path if word == "self" else f"{path}.{word}", depth)
            for word, value in call.settings.items()
        }
        _check_types(call.kind, settings, path)
        return _built(call.kind, settings, path)

    def _setting(self, hint: object, value: object, path: str, depth: int) -> object:
        """``value``, in which what describes a schedule has become that schedule."""
        if hint is Schedule:
            return self.schedule(value, path, depth + 1)
        if hint != tuple[Schedule, ...]:
            if isinstance(value, list | tuple):
                self._size.add_numbers(path, len(value))
            return value
        if not isinstance(value, list | tuple) or not value:
            raise SpecError(path, f"must be a list of schedules, got {checks.shown(value)}")
        return tuple(self._part(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))

    def _part(self, item: object, path: str, depth: int) -> Schedule:
        if isinstance(item, int | float) and not isinstance(item, bool):
            self._size.add_part(path, depth)
            return _built(_CONSTANT, {"rate": item}, path)
        return self.schedule(item, path, depth)


_CONSTANT = Kind("Constant", Constant)


def _call(data: object, path: str) -> Call:
    if not isinstance(data, Mapping) or TAG not in data:
        keys = [*islice(data, 10)] if isinstance(data, Mapping) else None
        actual = f"got {checks.shown(data)}" if keys is None else f"it has the keys {checks.shown(keys)}"
        raise SpecError(path, f"must be a mapping with the key {TAG!r}, which names a schedule; {actual}")
    return Call(kind(data[TAG], f"{path}.{TAG}"), {word: value for word, value in data.items() if word != TAG})


def _check_types(kind: Kind, settings: dict[str, object], path: str) -> None:
    try:
        msgspec.convert({TAG: kind.name, **settings}, kind.struct)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        where = path + place.rstrip("`")
        name = place.lstrip(".").partition("[")[0].rstrip("`")
        raise SpecError(where, _better_reason(kind, settings, name) or f"{kind.name}: {reason}") from None


def _better_reason(kind: Kind, settings: dict[str, object], name: str) -> str:
    """What the schedule itself says against a setting of another type, which is more than its type."""
    try:
        kind.build(**settings)
    except (ValueError, TypeError, OverflowError) as error:
        return str(error) if f"`{name}" in str(error) else ""
    return ""


def _built(kind: Kind, settings: dict[str, object], path: str) -> Schedule:
    try:
        return kind.build(**settings)
    except (ValueError, ArithmeticError) as error:
        raise SpecError(path, str(error)) from None
