"""A spec in JSON, YAML and TOML, and in files."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..files import whole_file
from ..schedules import Schedule
from .convert import SpecError, from_dict, to_dict
from .text import from_text, to_text


def to_json(schedule: Schedule) -> str:
    """The schedule as one line of JSON."""
    return json.dumps(to_dict(schedule), allow_nan=False)


def from_json(text: str) -> Schedule:
    """The schedule that JSON says.

    Raises:
        SpecError: It is no JSON, or no schedule.
    """
    return _parsed("JSON", lambda: json.loads(text, object_pairs_hook=_no_doubles))


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} stands twice")
    return dict(pairs)


def to_yaml(schedule: Schedule) -> str:
    """The schedule as YAML."""
    from io import StringIO

    stream = StringIO()
    _yaml().dump(to_dict(schedule), stream)
    return stream.getvalue()


def from_yaml(text: str) -> Schedule:
    """The schedule that YAML 1.2 says (so ``1e-3`` is a number).

    Raises:
        SpecError: It is no YAML, or no schedule.
    """
    return _parsed("YAML", lambda: _yaml().load(text))


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    return yaml


def to_toml(schedule: Schedule) -> str:
    """The schedule as TOML."""
    import tomli_w

    return tomli_w.dumps(to_dict(schedule))


def from_toml(text: str) -> Schedule:
    """The schedule that TOML says.

    Raises:
        SpecError: It is no TOML, or no schedule.
    """
    return _parsed("TOML", lambda: tomllib.loads(text))


def _parsed(language: str, parse: Callable[[], Any]) -> Schedule:
    try:
        data = parse()
    except (RecursionError, MemoryError):
        raise SpecError("spec", f"the {language} is nested too deeply") from None
    except Exception as error:  # each parser has its own
        raise SpecError("spec", f"this is no {language}: {' '.join(str(error).split())}") from None
    return from_dict(data)


FORMATS: dict[str, tuple[Callable[[Schedule], str], Callable[[str], Schedule]]] = {
    ".json": (to_json, from_json),
    ".yaml": (to_yaml, from_yaml),
    ".yml": (to_yaml, from_yaml),
    ".toml": (to_toml, from_toml),
    ".txt": (to_text, from_text),
}
"""File suffix -> how a schedule is written and read."""


def _format(path: Path) -> tuple[Callable[[Schedule], str], Callable[[str], Schedule]]:
    if path.suffix not in FORMATS:
        raise SpecError(str(path), f"a spec file ends in {', '.join(FORMATS)}; got {path.suffix!r}")
    return FORMATS[path.suffix]


def read(path: str | os.PathLike[str]) -> Schedule:
    """The schedule in a file: JSON, YAML, TOML or (``.txt``) one line of text, by its suffix.

    Raises:
        SpecError: The file cannot be read, or is no schedule.
    """
    path = Path(path)
    _, parse = _format(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(str(path), f"cannot be read: {error}") from None
    try:
        return parse(text)
    except SpecError as error:
        raise SpecError(str(path), str(error)) from None


def write(schedule: Schedule, path: str | os.PathLike[str]) -> None:
    """Write the schedule to a file, in the language of its suffix: whole, or not at all.

    Raises:
        SpecError: The file cannot be written; what was there is as before.
    """
    path = Path(path)
    render, _ = _format(path)
    text = render(schedule).rstrip("\n") + "\n"
    try:
        with whole_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise SpecError(str(path), f"cannot be written: {error}") from None
