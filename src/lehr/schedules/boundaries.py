"""Where exactly a formula changes, in spite of rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

_MOST_ULPS = 16


def first_position(image: Callable[[float], float], goal: float, near: float) -> float:
    """The least position whose image is at least ``goal``, if it is a few units in the last place from ``near``.

    If it is farther away, positions are so coarse there that ``near`` is as good.

    >>> 0.1 * 3 // 0.1, first_position(lambda t: t // 0.1, goal=3, near=0.1 * 3)
    (3.0, 0.30000000000000004)
    """
    position = near
    for _ in range(_MOST_ULPS):
        before = math.nextafter(position, 0)
        if image(position) < goal:
            position = math.nextafter(position, math.inf)
        elif image(before) >= goal:
            position = before
        else:
            return position
    return near
