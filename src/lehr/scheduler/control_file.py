"""Watches the control file of a run and applies the commands that come."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Protocol

from ..control import Act, Change
from ..control.commands import Command, lines_of, log_of
from ..schedules import checks
from ..warn import warn
from . import ranks

SECONDS = 1.0
"""Least number of seconds between two reads. A younger file is not read: somebody may still be writing it."""
UPDATES = 100
"""With several ranks, one look in so many updates: they have to agree, which takes a message."""
MOST_AT_ONCE = 3
"""Commands applied at one look; the others wait for the next, so that no file holds up an update for long."""
LARGEST = 1_000_000
"""Bytes of a control file that are read."""


class Controlled(Protocol):
    """What a control file needs of a Scheduler."""

    @property
    def position(self) -> float: ...
    @property
    def per_update(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def current_lr(self) -> float: ...
    @property
    def history(self) -> list[Change]: ...
    def change(self, act: Act, why: str = "") -> None: ...


class ControlFile:
    """A file of commands: each is applied once, and the log beside it says what became of it.

    A bad command is refused there, and the run goes on as if it had not come. A command counts by its place in the
    file. With torch.distributed rank 0 reads the file and tells the others.

    Commands that an earlier run was given, which has left its log, are not for a run that begins anew. A resumed run
    takes those that came after its checkpoint.

    Args:
        path: The file. It need not exist yet, nor its folder.

    Attributes:
        done: The number of commands applied or refused; a checkpoint's takes its place, and those after it come
            again.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise ValueError(f"`control_file` must be the path of a file, got {checks.shown(path)}")
        self._path = Path(path)
        self._next_look = 0.0
        self._last_bucket = self._furthest = -1.0
        self._positions = 0
        self._read_at: tuple[int, ...] | None = None
        self._known: list[str] = []
        self._waiting: list[str] = []
        self._has_begun = self._is_resumed = False
        self._done = 0

    @property
    def done(self) -> int:  # documented with the class
        return self._done

    @done.setter
    def done(self, count: int) -> None:
        self._done, self._read_at, self._known, self._waiting = count, None, [], []
        self._last_bucket, self._furthest, self._positions, self._is_resumed = -1.0, -1.0, 0, True

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_next_look": 0.0}  # another machine's clock starts elsewhere

    def look(self, scheduler: Controlled) -> None:
        """Apply what is new, if it is time to look."""
        if not self._is_time(scheduler):
            return
        if ranks.is_first() and not self._has_begun:
            self._begin(scheduler)
        self._done, lines, problem = ranks.broadcast_from_rank_0(self._new() if ranks.is_first() else (0, [], ""))
        if problem:
            self._log(scheduler, f"refused: {problem}")
        for line in lines:
            self._done += 1
            self._log(scheduler, f"command {self._done}: {_apply(scheduler, line)}")

    def _begin(self, scheduler: Controlled) -> None:
        self._has_begun = True
        earlier = self._given_to_an_earlier_run()
        self._done += earlier
        left = f"; the {earlier} commands in it were for an earlier run" if earlier else ""
        self._log(scheduler, f"watching {self._path.name}{left}")

    def _given_to_an_earlier_run(self) -> int:
        """The number of commands in the file that this run leaves alone. Makes the folder if it is missing."""
        if self._is_resumed:
            return 0
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return len(self._lines()) if log_of(self._path).is_file() else 0
        except (OSError, ValueError):
            return 0  # the look that follows says what is wrong with the file

    def _is_time(self, scheduler: Controlled) -> bool:
        if ranks.is_distributed():
            bucket = self._updates(scheduler) // UPDATES
            is_time, self._last_bucket = bucket > self._last_bucket, max(bucket, self._last_bucket)
            return is_time
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + SECONDS
        return True

    def _updates(self, scheduler: Controlled) -> float:
        """The updates up to here, as all ranks count them: a rank that repeats a step looks no more often than others.

        Where it is not known how far one moves, each position beyond all earlier ones is an update.
        """
        position = scheduler.position
        if scheduler.per_update is not None:
            return position / scheduler.per_update
        if position > self._furthest:
            self._furthest, self._positions = position, self._positions + 1
        return self._positions

    def _new(self) -> tuple[int, list[str], str]:
        """The number of commands that are done, those to apply now, and what is wrong with the file."""
        problem = ""
        try:
            self._read()
        except FileNotFoundError:
            pass  # nobody has given a command yet
        except Exception as error:  # whatever it is, the run goes on and the other ranks are waiting
            problem = f"{self._path.name}: {error}"
        now, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        return self._done, now, problem

    def _read(self) -> None:
        """Read the file if it has changed, and queue what is new.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no regular file, is too large, or what was done has been changed.
        """
        status = self._path.stat()
        stamp = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        if stamp == self._read_at or abs(time.time() - status.st_mtime) < SECONDS:
            return
        try:
            lines = self._lines()
        except ValueError:
            self._read_at = stamp
            raise
        self._read_at = stamp
        queued = self._done + len(self._waiting)
        if len(lines) < queued or lines[: len(self._known)] != self._known:
            pairs = enumerate(zip(lines, self._known, strict=False))
            first = next((index for index, (now, before) in pairs if now != before), min(len(lines), queued))
            raise ValueError(
                f"command {first + 1} was changed or removed after it was read ({queued} were); a command counts by "
                f"its place, so put it back, and add new ones at the end"
            )
        self._known = lines
        self._waiting += lines[queued:]

    def _lines(self) -> list[str]:
        if not self._path.is_file():  # a pipe would keep the run waiting
            raise ValueError("it must be a file")
        if self._path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        return lines_of(self._path.read_bytes().decode(errors="replace"))

    def _log(self, scheduler: Controlled, text: str) -> None:
        if not ranks.is_first():
            return
        when = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {scheduler.unit[:-1]} {scheduler.position}"
        line = f"{when}: {' '.join(text.split()):.1000}\n"
        try:
            with log_of(self._path).open("ab") as log:
                log.write(line.encode(errors="backslashreplace"))
        except OSError as error:
            warn(f"the result of a command could not be logged: {error}; it was {line!r}")


def _apply(scheduler: Controlled, line: str) -> str:
    try:
        command = Command.parse(line)
        scheduler.change(command.act, command.why)
    except Exception as error:  # whatever somebody wrote into a file, the run goes on
        return f"refused: {error}"
    return f"applied: {scheduler.history[-1].what}, rate {scheduler.current_lr:g}"
