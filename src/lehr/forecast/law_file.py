"""A fitted law in a file: versioned JSON."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec

from ..schedules import checks

FORMAT, VERSION = "lehr law", 1

_Rate = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class LawFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of a law file. Its numbers are checked by the `Law` that is made of them."""

    format: str
    version: int
    law: str
    constants: dict[str, float]
    covariance: list[list[float]]
    states: list[tuple[float, float, float]]
    peaks: tuple[_Rate, _Rate]
    updates: Annotated[int, msgspec.Meta(ge=1)]
    warmup: _Count
    prior: str
    notes: list[str]

    def to_json(self) -> str:
        """The content as JSON."""
        return json.dumps(msgspec.to_builtins(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> LawFile:
        """The content that JSON describes.

        Raises:
            ValueError: It is not a law file, or has another version.
        """
        try:
            file = msgspec.json.decode(text.encode(), type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else checks.printable(str(error))
            raise ValueError(f"this is not a law file: {reason}; `Law.write` or `lehr fit` makes one") from None
        if (file.format, file.version) != (FORMAT, VERSION):
            version = f"{checks.shown(file.format)} {checks.shown(file.version)}"
            raise ValueError(f"expected a law file of version {VERSION}, got {version}; fit again")
        return file
