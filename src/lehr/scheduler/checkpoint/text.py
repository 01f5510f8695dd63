"""Values of a checkpoint as text, compressed where it is long, and their checksums."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from .versions import checked_keys

LONGEST_TEXT = 16_000_000
COMPRESSED = "zlib:"
COMPRESS_FROM = 1_000


def checksum(state: Any) -> int:
    """The checksum of a state's values before `check`: a number in which a byte was flipped is still a number."""
    return crc([state[key] for key in checked_keys(state) if key in state])


def crc(data: object) -> int:
    """A checksum of plain data."""
    return zlib.crc32(json.dumps(data).encode())


def compressed(data: Any) -> str:
    """Data as JSON text, compressed where it is long: a thousand changes of a run are much alike."""
    text = json.dumps(data, allow_nan=False)
    if len(text) < COMPRESS_FROM:
        return text
    return COMPRESSED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def decompressed(text: str) -> Any:
    """The data of a text that `compressed` returned.

    Raises:
        ValueError: It is none, or is cut short. (`zlib.error` too.)
    """
    if text.startswith(COMPRESSED):
        stream = zlib.decompressobj()
        text = stream.decompress(base64.b64decode(text[len(COMPRESSED) :], validate=True), LONGEST_TEXT).decode()
        if stream.unconsumed_tail or not stream.eof:
            raise ValueError("it is cut short, or larger than any state")
    return json.loads(text)
