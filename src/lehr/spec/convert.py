"""A schedule to and from a plain dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..schedules import Constant, Schedule
from ..schedules.recipes import Recipe
from .kinds import TAG, Kind, kind, names, nearest

MOST_PARTS = 10_000
DEEPEST = 50


class SpecError(ValueError):
    """A spec is refused.

    Attributes:
        path: Where in the spec the culprit stands, such as ``spec.parts[1].length``.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


def to_dict(schedule: Schedule) -> dict[str, Any]:
    """The schedule as a dict of plain values: its name under ``"schedule"``, and its settings.

    Settings left at their defaults are left out.

    >>> from lehr import linear
    >>> to_dict(linear(100, 10, 0.1))
    {'schedule': 'linear', 'training_steps': 100, 'warmup_steps': 10, 'max_lr': 0.1, 'min_lr': 0.0}
    """
    name = schedule.name if isinstance(schedule, Recipe) else type(schedule).__name__
    return {TAG: name, **{word: _plain(value) for word, value in schedule.settings().items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return to_dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SpecError("spec", f"{value!r} cannot be written down: a schedule's settings are numbers, words and schedules")


def from_dict(data: Any) -> Schedule:
    """The schedule that a dict says; the reverse of `to_dict`.

    Raises:
        SpecError: A name is unknown, a setting is unknown, missing, of another type or impossible.

    >>> from_dict({"schedule": "linear", "training_steps": "1k", "max_lr": 0.1})(500)
    0.05
    """
    return _Reader().schedule(data, "spec", 0)


class _Reader:
    """Reads one spec, and counts its parts so that a small file cannot ask for endless work."""

    def __init__(self) -> None:
        self._parts = 0

    def schedule(self, data: Any, path: str, depth: int) -> Schedule:
        if isinstance(data, Schedule):
            return data
        self._parts += 1
        if self._parts > MOST_PARTS or depth > DEEPEST:
            raise SpecError(path, f"a spec has at most {MOST_PARTS} parts, {DEEPEST} deep")
        if not isinstance(data, Mapping) or TAG not in data:
            has = f"it has {', '.join(map(repr, data))}" if isinstance(data, Mapping) else f"got {data!r:.80}"
            raise SpecError(path, f"must be a mapping with the key {TAG!r}, which names a schedule; {has}")
        found = kind(data[TAG])
        if found is None:
            hint = nearest(data[TAG], names())
            raise SpecError(
                f"{path}.{TAG}", f"there is no schedule {data[TAG]!r}; {hint}There are {', '.join(names())}"
            )
        return self._build(found, {k: v for k, v in data.items() if k != TAG}, path, depth)

    def _build(self, found: Kind, given: dict[str, Any], path: str, depth: int) -> Schedule:
        for word in given:
            if word not in found.parameters:
                hint = nearest(word, found.parameters)
                takes = ", ".join(found.parameters)
                raise SpecError(f"{path}.{word}", f"{found.name} has no setting {word!r}; {hint}It takes {takes}")
        ready = {word: self._nested(found.hints[word], value, f"{path}.{word}", depth) for word, value in given.items()}
        try:
            msgspec.convert({TAG: found.name, **ready}, found.struct)
        except msgspec.ValidationError as error:
            reason, _, where = str(error).partition(" - at `$")
            raise SpecError(path + where.rstrip("`"), f"{found.name}: {reason}") from None
        try:
            return found.build(**ready)
        except (ValueError, OverflowError) as error:
            raise SpecError(path, str(error)) from None

    def _nested(self, hint: Any, value: Any, path: str, depth: int) -> Any:
        """``value``, with the mappings in it that are schedules made into schedules."""
        if hint is Schedule:
            return self.schedule(value, path, depth + 1)
        if hint != tuple[Schedule, ...]:
            return value
        if not isinstance(value, list | tuple) or not value:
            raise SpecError(path, f"must be a list of schedules, got {value!r:.80}")
        return tuple(
            Constant(item)
            if type(item) in (int, float) and item >= 0
            else self.schedule(item, f"{path}[{i}]", depth + 1)
            for i, item in enumerate(value)
        )


def differences(a: Schedule, b: Schedule, names: tuple[str, str]) -> list[str]:
    """What two schedules say differently: a line for each setting, with both values.

    >>> from lehr import linear
    >>> differences(linear(100, 10, 0.1), linear(400, 10, 0.1), names=("checkpoint", "code"))
    ['training_steps: checkpoint 100, code 400']
    """
    if a == b:
        return []
    one, other = _flat(to_dict(a)), _flat(to_dict(b))
    nothing = "(not given)"
    rows = [(path, one.get(path, nothing), other.get(path, nothing)) for path in {**one, **other}]
    return [f"{path}: {names[0]} {x!r}, {names[1]} {y!r}" for path, x, y in rows if x != y]


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return {path: value}
    return {p: v for where, item in items for p, v in _flat(item, where).items()}
