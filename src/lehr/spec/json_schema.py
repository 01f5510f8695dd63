"""The JSON Schema of a spec, for editors and other programs."""

from __future__ import annotations

from typing import Any

import msgspec

from ..schedules import Schedule
from .kinds import kind, names


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (2020-12) that the dict of every schedule fulfils.

    >>> sorted(json_schema())
    ['$defs', '$ref', '$schema']
    """
    structs = [kind(name, "schema").struct for name in names()]
    refs, definitions = msgspec.json.schema_components(structs, schema_hook=_hook, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/Schedule",
        "$defs": {"Schedule": {"anyOf": list(refs)}, **definitions},
    }


def _hook(kind: type) -> dict[str, object]:
    if kind is Schedule:
        return {"anyOf": [{"$ref": "#/$defs/Schedule"}, {"type": "number", "minimum": 0}]}
    raise NotImplementedError(kind)
