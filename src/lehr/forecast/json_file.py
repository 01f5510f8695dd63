"""Laws and priors in files: versioned JSON."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

from ..schedules import checks


class JsonFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of a file; a subclass adds its fields."""

    format: str
    version: int

    def to_json(self) -> str:
        """The content as JSON."""
        return json.dumps(msgspec.to_builtins(self), indent=1)


Content = TypeVar("Content", bound=JsonFile)


def from_json(text: str, kind: type[Content], header: tuple[str, int], *, name: str, remedy: str) -> Content:
    """The content that JSON describes; messages have the ``name``, such as "a law file", and the ``remedy``.

    Raises:
        ValueError: It is not such a file, or has another version.
    """
    try:
        content = msgspec.json.decode(text.encode(), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else checks.printable(str(error))
        raise ValueError(f"this is not {name}: {reason}; {remedy}") from None
    if (content.format, content.version) != header:
        version = f"{checks.shown(content.format)} {checks.shown(content.version)}"
        raise ValueError(f"expected {name} of version {header[1]}, got {version}; {remedy}")
    return content
