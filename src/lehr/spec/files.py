"""A spec in JSON, YAML and TOML, and in files."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ..files import whole_file
from ..schedules import Schedule, checks
from .convert import to_dict
from .errors import SpecError
from .limits import DEEPEST, LONGEST_TEXT, check_text
from .reader import from_dict
from .text import from_text, to_text


def to_json(schedule: Schedule) -> str:
    """Write a schedule as one line of JSON.

    Raises:
        SpecError: The schedule is too large to be read again; see `check`.
    """
    return _rendered("JSON", schedule, json.dumps)


def from_json(text: str) -> Schedule:
    """Build the schedule that JSON describes.

    Raises:
        SpecError: The text is not valid JSON, has a key twice, or does not describe a schedule.
    """
    return _parsed("JSON", text, lambda: json.loads(text, object_pairs_hook=_without_doubles))


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        [(double, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {checks.shown(double)} appears twice")
    return result


def to_yaml(schedule: Schedule) -> str:
    """Write a schedule as YAML.

    Raises:
        SpecError: The schedule is too large to be read again; see `check`.
    """
    from .yaml import dump

    return _rendered("YAML", schedule, dump)


def from_yaml(text: str) -> Schedule:
    """Build the schedule that YAML 1.2 describes, in which ``1e-3`` is a number.

    Raises:
        SpecError: The text is not valid YAML, has an alias, an anchor or a key twice, or does not
            describe a schedule.
    """
    from .yaml import load

    return _parsed("YAML", text, lambda: load(text))


def to_toml(schedule: Schedule) -> str:
    """Write a schedule as TOML.

    Raises:
        SpecError: The schedule is too large to be read again; see `check`.
    """
    import tomli_w

    return _rendered("TOML", schedule, tomli_w.dumps)


def from_toml(text: str) -> Schedule:
    """Build the schedule that TOML describes.

    Raises:
        SpecError: The text is not valid TOML, or does not describe a schedule.
    """
    return _parsed("TOML", text, lambda: _toml(text))


def _toml(text: str) -> dict[str, object]:
    # tomllib takes a time that grows with the square of the parts of a dotted key.
    if any(piece.count(".") > DEEPEST for piece in re.split(r"[,={}\[\]\n]", text)):
        raise RecursionError
    return tomllib.loads(text)


def _rendered(language: str, schedule: Schedule, render: Callable[[dict[str, object]], str]) -> str:
    text = render(to_dict(schedule))
    check_text(text, language)
    return text


def _parsed(language: str, text: str, parse: Callable[[], object]) -> Schedule:
    if not isinstance(text, str):
        raise SpecError("spec", f"{language} is a string, got {checks.shown(text)}")
    check_text(text, language)
    try:
        data = parse()
    except (RecursionError, MemoryError):
        raise SpecError("spec", f"the {language} is nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SpecError("spec", f"invalid JSON at {where}: {error.msg}") from None
    except Exception as error:  # each parser has errors of its own
        raise SpecError("spec", f"invalid {language}: {checks.printable(str(error))}") from None
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
        raise SpecError(_named(path), f"a spec file ends in {', '.join(FORMATS)}; got {checks.shown(path.suffix)}")
    return FORMATS[path.suffix]


def _named(path: Path) -> str:
    return checks.named(str(path), longest=400)


def read(path: str | os.PathLike[str]) -> Schedule:
    """Read a schedule from a file: JSON, YAML, TOML or (``.txt``) one line of text, by its suffix.

    Raises:
        SpecError: The file cannot be read, or does not describe a schedule.
    """
    path = Path(path)
    _, parse = _format(path)
    try:
        with path.open("rb") as file:
            text = file.read(4 * LONGEST_TEXT + 1).decode("utf-8-sig")
        return parse(text)
    except SpecError as error:
        raise SpecError(_named(path), str(error)) from None
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the name
        raise SpecError(_named(path), f"cannot be read: {_reason(error)}") from None


def write(schedule: Schedule, path: str | os.PathLike[str]) -> None:
    """Write a schedule to a file, in the language of its suffix: the whole file, or nothing.

    Raises:
        SpecError: The schedule is too large to be read again, or the file cannot be written; what
            was in the file is unchanged.
    """
    path = Path(path)
    render, _ = _format(path)
    text = render(schedule).rstrip("\n") + "\n"
    try:
        with whole_file(path) as file:
            file.write(text.encode())
    except (OSError, ValueError) as error:
        raise SpecError(_named(path), f"cannot be written: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return checks.printable(str(error.strerror or error) if isinstance(error, OSError) else str(error))
