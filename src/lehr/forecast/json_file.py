"""Laws and priors in files: versioned JSON."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

from ..schedules import checks


class Header(msgspec.Struct):
    """What every such file begins with."""

    format: str
    version: int


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
        if (found := _header(text)) is not None and found[0] == header[0] and found != header:
            raise _other_version(found, header, name, remedy) from None  # its fields may be others
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else checks.printable(str(error))
        raise ValueError(f"this is not {name}: {reason}; {remedy}") from None
    if (content.format, content.version) != header:
        raise _other_version((content.format, content.version), header, name, remedy)
    return content


def _header(text: str) -> tuple[str, int] | None:
    try:
        found = msgspec.json.decode(text.encode(), type=Header)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found.format, found.version


def _other_version(found: tuple[str, int], header: tuple[str, int], name: str, remedy: str) -> ValueError:
    got = " ".join(map(checks.shown, found))
    return ValueError(f"expected {name} of version {header[1]}, got {got}; {remedy}")
