"""The rows of a log as numbers, and how messages name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ...schedules import checks
from ..rates import Array, Ints

SHOWN = 5
"""Lines that a message names; it counts the others."""
NAMES_SHOWN = 12
"""Columns that a message names; it counts the others."""


@dataclass(frozen=True)
class Log:
    """The rows of a log as numbers.

    Attributes:
        line: The line of each in its file, (n,).
        at: Its position, (n,).
        loss: Its loss, (n,); NaN where there is none.
        rate: Its rate, (n,); NaN where there is none.
    """

    line: Ints
    at: Array
    loss: Array
    rate: Array

    def take(self, rows: Ints | NDArray[np.bool_]) -> Log:
        """Those rows, in that order."""
        return Log(self.line[rows], self.at[rows], self.loss[rows], self.rate[rows])


def lines_of(lines: Sequence[int] | Ints) -> str:
    """The lines, for a message.

    >>> lines_of([3]), lines_of([3, 4, 5, 6, 7, 8, 9])
    ('line 3', 'lines 3, 4, 5, 6, 7 and 2 more')
    """
    shown = ", ".join(str(int(line)) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN:,} more" if len(lines) > SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def listed(names: Iterable[str]) -> str:
    """Names from a file, for a message: without control characters, and not all of very many.

    >>> listed(["step", "loss\\n"])
    "step, 'loss\\\\n'"
    """
    names = list(names)
    shown = ", ".join(checks.printable(name) for name in islice(names, NAMES_SHOWN))
    return shown + (f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else "")
