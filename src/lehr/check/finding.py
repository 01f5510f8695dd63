"""`Finding`: one thing that would go wrong in a run, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        rule: The name of the rule that was broken, such as ``"schedule-too-long"``.
        level: ``"error"`` for what costs the run, ``"warning"`` for what costs less or may be meant.
        what: What is wrong, with the numbers.
        where: Where in the run: the updates, or the setting.
        why: What it does to the training.
        fix: What to write instead.
        pitfall: Its number on the page of pitfalls; None if it has none.
    """

    rule: str
    level: str
    what: str
    where: str
    why: str
    fix: str
    pitfall: int | None = None

    @property
    def is_error(self) -> bool:
        """Whether the level is ``"error"``."""
        return self.level == "error"
