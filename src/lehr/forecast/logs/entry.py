"""One entry of a log, before its columns are known."""

from __future__ import annotations

from typing import TypeAlias

Entry: TypeAlias = tuple[int, dict[str, object]]
"""The line of a file (or the index of an entry, from 1), and its values by column name."""

UPDATES_DONE = "updates"
"""The column of updates done, in logs that count those and say so."""
