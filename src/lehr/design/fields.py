"""The fields of a schedule: its settings as the page shows them, and what typing into one changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import spec
from ..schedules import Schedule, lengths
from ..schedules.description import Summary, horizon
from ..schedules.recipes import RECIPES
from ..schedules.shapes import SHAPES

Spec = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A setting that can be typed.

    Attributes:
        name: Its place in the spec: ``"max_lr"``, ``"parts.1.length"``.
        label: Its name for people.
        value: What it is now, as text.
        kind: ``"length"``, ``"shape"`` or ``"number"``.
    """

    name: str
    label: str
    value: str
    kind: str


PARTS = "Ramp(1e-5, 1e-3, 1k).then(Constant(1e-3, 7k), Ramp(1e-3, 0, 2k, shape=1-sqrt))"
"""What the page begins with where a schedule is built from parts."""


def fields_of(schedule: Schedule) -> list[Field]:
    """The settings of a recipe, or of each part of a chain; none for another schedule, which is typed as text.

    >>> import lehr
    >>> [field.name for field in fields_of(lehr.linear(100, 10, max_lr=1.0))]
    ['training_steps', 'warmup_steps', 'max_lr', 'min_lr']
    """
    given = spec.to_dict(schedule)
    if given["schedule"] in RECIPES:
        return list(_fields(given, ""))
    if given["schedule"] == "Then":
        return [field for index, part in enumerate(given["parts"]) for field in _fields(part, f"parts.{index}.")]
    return list(_fields(given, "")) if given["schedule"] in ("Ramp", "Constant") else []


def _fields(given: Spec, prefix: str) -> Iterator[Field]:
    if given["schedule"] == "Ramp":
        given = {"shape": "linear", **given}
    for name, value in given.items():
        if isinstance(value, int | float | str) and not isinstance(value, bool) and name != "schedule":
            yield Field(prefix + name, name.replace("_", " "), f"{value:g}" if isinstance(value, float) else f"{value}",
                        _kind(name))  # fmt: skip


def _kind(name: str) -> str:
    if name.endswith("shape"):
        return "shape"
    return "length" if name.endswith("steps") or name == "length" else "number"


def typed(schedule: Schedule, name: str, text: str, *, per_step: float | None = None) -> Schedule:
    """The schedule with another value in one of its fields.

    Args:
        schedule: The schedule.
        name: The field.
        text: What was typed: ``"2%"``, ``"1k"``, ``"3e-4"``, ``"1B tokens"``.
        per_step: Tokens of a step, for a length in tokens.

    Raises:
        ValueError: There is no such field, or the value is none.
    """
    if name not in {field.name for field in fields_of(schedule)}:
        raise ValueError(f"the schedule has no setting {name!r}")
    given = spec.to_dict(schedule)
    *path, key = name.split(".")
    inner: Any = given
    for place in path:
        inner = inner[int(place)] if place.isdecimal() else inner[place]
    inner[key] = _value(key, text, int(schedule.length or 0) or None, per_step)
    return spec.from_dict(given)


def _value(key: str, text: str, of: int | None, per_step: float | None) -> object:
    kind = _kind(key)
    if kind == "shape":
        return text
    if kind == "length":
        return lengths.steps(text, name=key, of=None if key == "training_steps" else of, tokens_per_step=per_step)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"`{key}` must be a number such as 3e-4, got {text!r}") from None


def with_part(schedule: Schedule, index: int | None) -> Schedule:
    """A chain with one part more, a decay to 0 at its end, or without the part ``index``.

    A recipe is first taken apart: each phase becomes a ramp or a constant, and a curved one loses its curve.
    """
    parts = _parts(schedule)
    if index is None:
        start = parts[-1]["rate"] if parts[-1]["schedule"] == "Constant" else parts[-1]["end"]
        length = max(1, sum(part["length"] for part in parts) // 10)
        parts.append({"schedule": "Ramp", "start": start, "end": 0.0, "length": length})
    elif len(parts) > 1 and 0 <= index < len(parts):
        del parts[index]
    else:
        raise ValueError("a schedule has at least one part")
    return spec.from_dict({"schedule": "Then", "parts": parts} if len(parts) > 1 else parts[0])


def _parts(schedule: Schedule) -> list[Spec]:
    given = spec.to_dict(schedule)
    parts: list[Spec] = given["parts"] if given["schedule"] == "Then" else [given]
    if all(part["schedule"] in ("Ramp", "Constant") and part.get("length") for part in parts):
        return parts
    return [
        {"schedule": "Constant", "rate": phase.first, "length": round(phase.stop - phase.start)}
        if phase.kind == "hold"
        else {"schedule": "Ramp", "start": phase.first, "end": phase.last, "length": round(phase.stop - phase.start)}
        for phase in Summary(schedule, horizon(schedule)).phases
    ]


SHAPE_NAMES = tuple(SHAPES)
