"""``--set KEY=VALUE`` of ``lehr import``: another setting in a config, and a word where it changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import click

from ..schedules import Schedule, lengths
from ..schedules.checks import shown

COUNT = re.compile(r"\d+(\.\d+)?[kMB]")
"""A number as other options take it: 20k, 1.5M."""

Config = Mapping[str, Any]


def changed(config: Config, changes: Sequence[str]) -> Config:
    """The config with other settings; a dot leads into a mapping.

    Raises:
        click.BadParameter: It is no assignment, or leads into what is no mapping.
    """
    for change in changes:
        path, sign, text = change.partition("=")
        if not sign or not path:
            raise click.BadParameter(f"--set takes KEY=VALUE, such as max_steps=20000; got {shown(change)}")
        config = _with(config, path.split("."), _value(text), change)
    return config


def without_effect(
    config: Config, changes: Sequence[str], schedule: Schedule, read: Callable[[Config], Schedule]
) -> Iterator[str]:
    """What to say of each change without which the schedule would be the same.

    Args:
        config: The config before all changes.
        changes: The changes.
        schedule: The schedule with all of them.
        read: From a config to its schedule.
    """
    for change in changes:
        others = changed(config, [other for other in changes if other is not change])
        if changed(others, [change]) == others:  # the config says so already
            continue
        try:
            same = read(others) == schedule
        except ValueError:  # it is needed
            continue
        if same:
            key = change.partition("=")[0]
            there = _like(key, list(_paths(config)))
            yield f"--set {change} changes nothing in the schedule{f'; did you mean {there}?' if there else ''}"


def _like(key: str, paths: list[str]) -> str:
    """The key of a config that a key may stand for: the same within a mapping, or one spelt alike."""
    within = [path for path in paths if path.endswith(f".{key}")]
    return next(iter(within or get_close_matches(key, [path for path in paths if path != key], 1)), "")


def _paths(config: Config, place: str = "") -> Iterator[str]:
    for key, value in config.items():
        yield f"{place}{key}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{place}{key}.")


def _with(config: object, path: list[str], value: object, change: str) -> Config:
    if not isinstance(config, Mapping):
        raise click.BadParameter(f"--set {shown(change)} leads into {shown(config)}, which is no mapping")
    key, *rest = path
    return {**config, key: _with(config.get(key, {}), rest, value, change) if rest else value}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        if COUNT.fullmatch(text):
            return lengths.steps(text, name="--set")
        return text
