"""The settings and the counters of what watches a metric, to and from the plain data of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from ..schedules import checks
from .acts import GroupKey
from .watching import Counters, Settings

Kind = TypeVar("Kind", bound=Settings[Any])

LATER: dict[str, Any] = {"eps": 0.0, "groups": None}
"""Settings that the first states did not have, and what their absence means."""


def to_plain(settings: Settings[Any]) -> dict[str, Any]:
    """Every setting as JSON can hold it: a bound for each group as pairs, since JSON's keys are texts."""
    values = settings.by_name()
    for name in settings.bounds:
        if isinstance(values[name], Mapping):
            values[name] = [[group, bound] for group, bound in values[name].items()]
    return values


def from_plain(kind: type[Kind], state: object) -> tuple[Kind, Counters]:
    """The settings and the counters of a state, both of the same kind.

    Raises:
        ValueError: No `state_dict` returned it.
    """
    owner = f"the state of a {kind.owner}"
    values = _with_keys({"settings", *(f.name for f in fields(kind.counters))}, state, owner)
    settings = _settings(kind, values.pop("settings"), owner)
    best, recent = values.pop("best"), values.pop("recent")
    if not isinstance(recent, list) or len(recent) > settings.keeps:
        raise ValueError(
            f"{owner} needs a list of at most {settings.keeps} metrics for `recent`, got {checks.shown(recent)}"
        )
    counters = kind.counters(
        best=None if best is None else checks.real("best", best, owner=owner),
        recent=tuple(checks.real("recent", metric, owner=owner) for metric in recent),
        **{name: checks.integer(name, value, owner=owner, least=0) for name, value in values.items()},
    )
    return settings, counters


def _settings(kind: type[Kind], plain: object, owner: str) -> Kind:
    if isinstance(plain, Mapping):
        plain = LATER | dict(plain)
    values = _with_keys({f.name for f in fields(kind)}, plain, f"`settings` in {owner}")
    for name in kind.bounds:
        if isinstance(values[name], list) and all(isinstance(p, list) and len(p) == 2 for p in values[name]):
            values[name] = {_group(group, owner): bound for group, bound in values[name]}
    groups = values["groups"]
    if groups is not None and (not isinstance(groups, list) or not groups):
        raise ValueError(f"{owner} needs a list of param groups for `groups`, got {checks.shown(groups)}")
    return kind(**values | {"groups": groups and tuple(_group(group, owner) for group in groups)})


def _group(key: object, owner: str) -> GroupKey:
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise ValueError(f"{owner} needs the index or the name of each param group, got {checks.shown(key)}")
    return key


def _with_keys(keys: set[str], value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != keys:
        raise ValueError(f"{what} must have the keys {', '.join(sorted(keys))}; got {checks.shown(value)}")
    return dict(value)
