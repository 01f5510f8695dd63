"""A schedule to a plain dict, and two of them compared."""

from __future__ import annotations

from typing import Any

from ..schedules import Schedule, checks
from .kinds import TAG
from .limits import check


def to_dict(schedule: Schedule) -> dict[str, Any]:
    """Describe a schedule by a dict of plain values: its name under ``"schedule"``, and its settings.

    Settings left at their defaults are left out.

    Raises:
        SpecError: The schedule is too large to be read again; see `check`.

    >>> from lehr import linear
    >>> to_dict(linear(100, 10, max_lr=0.1))
    {'schedule': 'linear', 'training_steps': 100, 'warmup_steps': 10, 'max_lr': 0.1, 'min_lr': 0.0}
    """
    check(schedule)
    return _described(schedule)


def _described(schedule: Schedule) -> dict[str, object]:
    return {TAG: schedule._name, **{word: _plain(value) for word, value in schedule.settings().items()}}


def _plain(value: object) -> object:
    if isinstance(value, Schedule):
        return _described(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def differences(a: Schedule, b: Schedule, names: tuple[str, str]) -> list[str]:
    """List the settings in which two schedules differ: a line for each, with both values.

    >>> from lehr import linear
    >>> differences(linear(100, 10, max_lr=0.1), linear(400, 10, max_lr=0.1), names=("checkpoint", "code"))
    ['training_steps: checkpoint 100, code 400']
    """
    if a == b:
        return []
    first, second = _flat(to_dict(a)), _flat(to_dict(b))
    return [
        f"{path}: {names[0]} {_shown(first, path)}, {names[1]} {_shown(second, path)}"
        for path in {**first, **second}
        if _shown(first, path) != _shown(second, path) or first[path] != second[path]
    ]


def _shown(settings: dict[str, object], path: str) -> str:
    return checks.shown(settings[path]) if path in settings else "(not given)"


def _flat(value: object, path: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return {path: value}
    return {p: v for where, item in items for p, v in _flat(item, where).items()}
