"""Follows the orders that a run is given from outside while it goes on."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from .. import orders
from . import ranks
from .warn import warn

SECONDS = 1.0
"""At most one look at the file in so many seconds, and none at a file that is younger: it may be half written."""
STEPS = 100
"""With several ranks, one look in so many steps: they have to agree, which takes a message."""


class ControlFile:
    """A file of orders: each is followed once and answered in the log beside it.

    A bad order is refused there, and the run goes on as if it had not come. An order counts by its
    place in the file. With torch.distributed rank 0 reads, and tells the others.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._next_look, self._moves = 0.0, 0
        self._seen: tuple[int, ...] | None = None
        self._old: list[str] = []
        self._answered = 0

    @property
    def answered(self) -> int:
        """How many orders were followed or refused; a checkpoint's takes its place, and those after it come again."""
        return self._answered

    @answered.setter
    def answered(self, count: int) -> None:
        self._answered, self._seen, self._old = count, None, []

    def look(self, scheduler: Any) -> None:
        """Follow what is new, if it is time to look."""
        if not self._is_time():
            return
        calls, problem = ranks.of_the_first(self._new() if ranks.is_first() else None)
        if problem:
            self._answer(scheduler, problem)
        for call in calls:
            self._answered += 1
            self._answer(scheduler, f"order {self._answered}: {_follow(scheduler, call)}")

    def _is_time(self) -> bool:
        if ranks.is_distributed():
            self._moves += 1
            return (self._moves - 1) % STEPS == 0
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + SECONDS
        return True

    def _new(self) -> tuple[list[Any], str]:
        """The orders that have come since the last look, and what is wrong with the file."""
        try:
            stat = self._path.stat()
            stamp = stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
            if stamp == self._seen or abs(time.time() - stat.st_mtime) < SECONDS:
                return [], ""
            self._seen = stamp
            calls = orders.read(self._path)
        except OSError:
            return [], ""  # nobody has given one yet
        except Exception as error:  # the other ranks are waiting, whatever it is
            return [], f"refused: {error}"
        answered, now = self._answered, [repr(call) for call in calls]
        if len(calls) < answered or now[: len(self._old)] != self._old:
            first = next((i for i, (one, other) in enumerate(zip(now, self._old, strict=False)) if one != other), None)
            which = min(len(now), answered) if first is None else first
            return [], (
                f"refused: {answered} orders of this file were answered, and order {which + 1} was changed or taken "
                f"out; an order counts by its place, so put it back, and new ones at the end"
            )
        self._old = now
        return calls[answered:], ""

    def _answer(self, scheduler: Any, text: str) -> None:
        if not ranks.is_first():
            return
        when = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {scheduler.unit[:-1]} {scheduler.position}"
        line = f"{when}: {' '.join(text.split()):.1000}\n"
        try:
            with orders.log_of(self._path).open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError as error:
            warn(f"the answer to an order could not be written: {error}; it was {line!r}")


def _follow(scheduler: Any, call: Any) -> str:
    try:
        name, settings = orders.checked(call)
        getattr(scheduler, name)(**settings)
    except Exception as error:  # whatever somebody wrote into a file, the run goes on
        return f"refused: {error}"
    return f"followed: {scheduler.history[-1].what}, rate {scheduler.current_lr:g}"
