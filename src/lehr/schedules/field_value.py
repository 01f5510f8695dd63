"""Equality, hash, pickle and repr of a frozen dataclass that holds others of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dataclasses import Field


class FieldValue:
    """Equal, hashable, picklable and printable by its fields; what else an object keeps is for speed alone."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def _name(self) -> str:
        """What builds it from its settings."""
        return type(self).__name__

    def _key(self) -> tuple[object, ...]:
        return (type(self).__name__, *(_key_of(getattr(self, f.name)) for f in fields(self)))

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, FieldValue) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __getstate__(self) -> dict[str, object]:
        """The fields alone, without what is kept for speed."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def settings(self) -> dict[str, Any]:
        """What it was built from, by name, without what is left at its default."""
        values = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        return {n: v for n, (v, default) in values.items() if default is MISSING or v != default}

    def _chunks(self) -> Iterator[str]:
        """Its repr piece by piece, so that a message need not write down all of a long one."""
        yield f"{self._name}("
        yield from chunks_of_call(self.settings().items())
        yield ")"

    def __repr__(self) -> str:
        return "".join(self._chunks())


def _key_of(value: object) -> object:
    if isinstance(value, FieldValue):
        return value._key()
    return tuple(map(_key_of, value)) if isinstance(value, tuple) else value


def chunks_of_call(settings: Iterable[tuple[str, object]]) -> Iterator[str]:
    """What stands between the brackets of a call, piece by piece."""
    for index, (name, value) in enumerate(settings):
        yield f"{', ' if index else ''}{name}="
        yield from _chunks_of(value)


def _chunks_of(value: object) -> Iterator[str]:
    if isinstance(value, FieldValue):
        yield from value._chunks()
    elif isinstance(value, tuple):
        yield "("
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _chunks_of(item)
        yield ",)" if len(value) == 1 else ")"
    else:
        yield repr(value)
