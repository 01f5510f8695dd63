"""The control file: commands to a run from outside, one call a line.

::

    # text after a hash is a comment
    cooldown(2000, shape=linear, why="loss is flat")
    extend(200k, policy=hold)

A line is written in the grammar of the one-line schedules (`lehr.spec.from_text`) and is never evaluated.
"""

from __future__ import annotations

import inspect
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .. import spec
from ..schedules import checks
from .acts import ACTS, Act

LONGEST_LINE = 20_000
LONGEST_WHY = 1_000
_BREAKS_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BEFORE_COMMENT = re.compile(r"""(?:[^"'#]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|["'](?=[^#]*$))*""")


@dataclass(frozen=True)
class Command:
    """An act and the reason for it.

    ``str(command)`` is its line in a control file.

    >>> Command.parse('scale(0.5, why="a spike")')
    Command(act=Scale(factor=0.5), why='a spike')
    """

    act: Act
    why: str = ""

    def __post_init__(self) -> None:
        check_why(self.why)

    @classmethod
    def parse(cls, line: str) -> Command:
        """The command that a line says.

        Raises:
            ValueError: The line is no call of an act, or a setting is unknown, missing or refused.
        """
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a command has at most {LONGEST_LINE:,} characters, got {len(line):,}")
        name, arguments, keywords = spec.read_call(line)
        if name not in ACTS:
            raise ValueError(checks.unknown("command", name, ACTS))
        why = keywords.pop("why", "")
        act = ACTS[name]
        takes = inspect.signature(act).parameters
        shown = [word for word in takes if word in act.options()]
        for word in keywords:
            if word not in shown:
                raise ValueError(f"{name} has no {checks.unknown('setting', word, [*shown, 'why'])}")
        try:
            bound = inspect.signature(act).bind(*arguments, **keywords)
        except TypeError as error:
            raise ValueError(f"{name}: {error}; it takes {', '.join([*shown, 'why'])}") from None
        return cls(act(*bound.args, **bound.kwargs), check_why(why))

    def __str__(self) -> str:
        why = f", why={self.why!r}" if self.why else ""
        return f"{str(self.act)[:-1]}{why})"


def check_why(why: object) -> str:
    """The reason for a change, if it is one line of text.

    Raises:
        ValueError: It is no text, too long, or has control characters, which would forge lines of a report.
    """
    if not isinstance(why, str) or len(why) > LONGEST_WHY or _BREAKS_A_LINE.search(why):
        raise ValueError(
            f"`why` must be one line of text of at most {LONGEST_WHY:,} characters, got {checks.shown(why)}"
        )
    return why


def append(path: str | os.PathLike[str], act: Act, why: str = "") -> None:
    """Add a command at the end of a control file, which is made if it is missing.

    The line is added in one write at the end of the file, so several writers lose nothing of each other's.

    Args:
        path: The control file.
        act: What to do.
        why: The reason, for the history.

    Raises:
        ValueError: The file is no regular file, or the line could not be read again.
        OSError: The file cannot be written.
    """
    path, line = Path(path), str(Command(act, why))
    Command.parse(line)
    if path.exists() and not path.is_file():
        raise ValueError(f"{checks.shown(str(path))} must be a file")
    with path.open("ab+") as file:
        unfinished = file.seek(0, os.SEEK_END) > 0 and _last_byte(file) != b"\n"
        file.write(f"{chr(10) if unfinished else ''}{line}\n".encode())


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def lines_of(text: str) -> list[str]:
    """The commands in the text of a control file, without comments and empty lines.

    >>> lines_of('# run 7\\n\\nscale(0.5, why="# 3")  # a spike\\n')
    ['scale(0.5, why="# 3")']
    """
    lines = (_BEFORE_COMMENT.match(line)[0].strip() for line in text.split("\n"))  # type: ignore[index]  # it always matches
    return [line for line in lines if line]


def log_of(path: str | os.PathLike[str]) -> Path:
    """The log with the result of each command: beside the file, with ``.log`` at the end."""
    return Path(f"{os.fspath(path)}.log")
