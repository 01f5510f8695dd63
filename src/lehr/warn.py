"""Warnings that name the line which called lehr, from however deep inside they come."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_INSIDE = ("lehr", "torch")
"""A scheduler that follows is called by torch, which the user's line called."""


def warn(message: str) -> None:
    """Warn at the innermost line that is neither lehr's nor torch's."""
    frame: FrameType | None = sys._getframe(1)
    depth = 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, stacklevel=depth)
