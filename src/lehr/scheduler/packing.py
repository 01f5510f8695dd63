"""Plain data as a text that a checkpoint holds: JSON, squeezed where it is long."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

_PACKED = "zlib:"
_PACK_FROM = 1_000
_LARGEST = 4_000_000


def packed(data: Any) -> str:
    """Data as text: a thousand changes of a run are much alike, and small when they are squeezed."""
    text = json.dumps(data, allow_nan=False)
    if len(text) < _PACK_FROM:
        return text
    return _PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: Any) -> Any:
    """The reverse of `packed`.

    Raises:
        TypeError: It is no text.
        ValueError: It is cut short, larger than any state, or no JSON.
        zlib.error: It was not squeezed by `packed`.
        RecursionError: It is nested without end.
    """
    if not isinstance(text, str):
        raise TypeError(f"it is a {type(text).__name__}")
    if text.startswith(_PACKED):
        squeezed = zlib.decompressobj()
        text = squeezed.decompress(base64.b64decode(text[len(_PACKED) :], validate=True), _LARGEST).decode()
        if squeezed.unconsumed_tail or not squeezed.eof:
            raise ValueError("it is cut short, or larger than any state")
    return json.loads(text)
