"""Orders to a run from outside: a small file of calls, which people and `lehr control` write.

A file is YAML or JSON, a list of calls; each is followed once, in order::

    - call: cooldown
      steps: 2000
      why: loss is flat

Nothing in it is evaluated: a call is one of the few below, with the settings that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from . import spec
from .files import whole_file
from .schedules import Schedule, checks, shapes

CALLS: dict[str, tuple[str, ...]] = {
    "extend": ("training_steps", "policy", "why"),
    "cooldown": ("steps", "to", "shape", "why"),
    "rebase": ("lr", "why"),
    "dip": ("factor", "recover", "why"),
    "scale": ("factor", "why"),
    "amend": ("schedule", "why"),
}
"""What may be called, and with what; each of `Scheduler`'s methods of that name."""

NEEDED = {"extend": 1, "cooldown": 1, "rebase": 1, "dip": 2, "scale": 1, "amend": 1}
RATES = ("to", "lr", "factor")
LARGEST, LARGEST_YAML = 100_000, 20_000
MOST, DEEPEST, LONGEST_WHY = 1_000, 50, 1_000


def read(path: Path) -> list[Any]:
    """The calls in a file, unchecked; an empty file has none.

    Raises:
        ValueError: The file cannot be read, is too large, or is no list.
    """
    try:
        if not path.is_file():  # a pipe would keep the run waiting
            raise ValueError(f"{path} is no file")
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    return _parsed(text, path)


def _parsed(text: bytes, path: Path) -> list[Any]:
    if len(text) > LARGEST:
        raise ValueError(f"{path} has more than {LARGEST:,} bytes, which no list of calls needs")
    try:
        words = text.decode()
        calls = (_json if path.suffix == ".json" else _yaml)(words) if words.strip() else []
    except (RecursionError, MemoryError):
        raise ValueError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be understood: {' '.join(str(error).split())}") from None
    if calls is None:
        return []
    if not isinstance(calls, list) or len(calls) > MOST:
        raise ValueError(f"{path} must be a list of at most {MOST} calls, such as - {{call: cooldown, steps: 2000}}")
    if not _is_small(calls):
        raise ValueError(f"{path} says more than {LARGEST:,} things, with what its aliases repeat")
    return calls


def _json(text: str) -> Any:
    return json.loads(text)


def _yaml(text: str) -> Any:
    rows = [row for row in text.splitlines() if row.strip() and not row.startswith("#")]
    if all(row.startswith("- {") for row in rows):
        try:
            return [_json(row[2:]) for row in rows]  # as `lehr control` writes it; a hundred times as quick
        except ValueError:
            pass
    if len(text) > LARGEST_YAML:
        raise ValueError(f"it has more than {LARGEST_YAML:,} bytes, which takes seconds to read as YAML; use JSON")
    if max(accumulate((sign in "[{") - (sign in "]}") for sign in text)) > DEEPEST:
        raise ValueError(f"it has more than {DEEPEST} brackets in each other, which takes as long")
    from ruamel.yaml import YAML

    try:
        return YAML(typ="safe", pure=True).load(text)
    except Exception as error:  # its parser lets others than its own through on odd input
        raise ValueError(f"it is no YAML: {error}") from None


def _is_small(calls: list[Any]) -> bool:
    """Whether it can be printed: a few aliases of aliases make billions of things, or endlessly many."""
    size, left = 0, [calls]
    while left and size <= LARGEST:
        one = left.pop()
        size += len(one) if isinstance(one, str | bytes) else 1
        if isinstance(one, Mapping):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set):
            left += one
    return size <= LARGEST


def checked(call: Any) -> tuple[str, dict[str, Any]]:
    """The name of a call and its settings, if it is one that may be made.

    Raises:
        ValueError: It is none, has a setting too many or too few, or one that is impossible.
    """
    if not isinstance(call, Mapping) or "call" not in call:
        raise ValueError(f"a call is a mapping with the key 'call', got {call!r:.80}")
    name, settings = call["call"], {k: v for k, v in call.items() if k != "call"}
    if not isinstance(name, str) or name not in CALLS:
        raise ValueError(f"there is no call {name!r:.80}; {checks.suggestion(name, CALLS)}There are {', '.join(CALLS)}")
    takes = CALLS[name]
    for word in settings:
        if word not in takes:
            raise ValueError(f"{name} takes {', '.join(takes)}; {checks.suggestion(word, takes)}got {word!r:.80}")
    for word in takes[: NEEDED[name]]:
        if word not in settings:
            raise ValueError(f"{name} needs `{word}`; it takes {', '.join(takes)}")
    return name, {word: _value(name, word, value) for word, value in settings.items()}


def _value(call: str, word: str, value: Any) -> Any:
    """A setting as the call takes it; the lengths are left to the call."""
    if word in RATES:
        return checks.number(word, value, owner=call)
    if word == "schedule":
        return _schedule(value)
    if word == "shape":
        shapes.get(value)
    if word == "why" and (not isinstance(value, str) or len(value) > LONGEST_WHY):
        raise ValueError(f"`why` must be text of at most {LONGEST_WHY:,} characters, got {value!r:.80}")
    return value


def _schedule(value: Any) -> Schedule:
    return spec.from_text(value) if isinstance(value, str) else spec.from_dict(value)


def give(path: Path, call: Mapping[str, Any]) -> int:
    """Add a call at the end of a file, whole or not at all, and say its number in it.

    Raises:
        ValueError: It is no call that may be made, or the file is no such file, or is full.
        OSError: The file cannot be written.
    """
    checked(call)
    there = path.exists()
    calls = [*(read(path) if there else []), dict(call)]
    rows = "".join(f"- {json.dumps(one, default=str)}\n" for one in calls)
    if path.suffix == ".json":
        text = json.dumps(calls, indent=1) + "\n"
    else:
        text = _appended(path.read_text(encoding="utf-8"), call) if there else rows
        try:
            text = text if _parsed(text.encode(), path) == calls else rows
        except ValueError:
            text = rows  # it was indented, or between brackets: its comments are lost
    _parsed(text.encode(), path)
    with whole_file(path) as file:
        file.write(text.encode())
    return len(calls)


def _appended(before: str, call: Mapping[str, Any]) -> str:
    """The text as it is, comments and all, with one more item."""
    return f"{before.rstrip()}\n- {json.dumps(call)}\n".lstrip("\n")


def log_of(path: Path) -> Path:
    """Where the answers stand: beside the file, with ``.log`` at the end."""
    return path.with_name(path.name + ".log")
