"""The rows of a log, before and after they are numbers, and their names in messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...schedules import checks
from ..rates import Array, Ints

Entry: TypeAlias = tuple[int, dict[str, object]]
"""The line of a file (or the index of an entry, from 1), and its values by column name."""
UPDATES_DONE = "updates"  # the column of updates done, in logs that count those
SHOWN, NAMES_SHOWN = 5, 12  # lines and columns that a message names; it counts the rest


@dataclass(frozen=True)
class Log:
    """The rows of a log as numbers, (n,) each."""

    line: Ints  # in its file
    at: Array  # the position
    loss: Array  # NaN where there is none
    rate: Array  # NaN where there is none

    def take(self, rows: Ints | NDArray[np.bool_]) -> Log:
        """The rows with these indices, in this order."""
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
    shown = ", ".join(checks.named(name) for name in islice(names, NAMES_SHOWN))
    return shown + (f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else "")
