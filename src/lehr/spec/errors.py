"""The error of this package."""

from __future__ import annotations


class SpecError(ValueError):
    """A spec cannot be read, or a schedule cannot be written as one.

    Attributes:
        path: The place of the culprit in the spec, such as ``spec.parts[1].length``.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")
