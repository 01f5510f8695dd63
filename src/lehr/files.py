"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

STALE_SECONDS = 3600.0  # without a write, after which a draft belongs to a killed process
_DRAFT = ".lehr-{}.draft"
_ANY_DRAFT = _DRAFT.format("[0-9a-f]" * 16)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a draft that replaces the file at ``path`` when the block ends without an error.

    After an error the file at ``path`` is unchanged and the draft is removed. The draft is in the same
    directory, under a random name and with the permissions of the file. Stale drafts of killed processes
    are removed. A device or a pipe is written to directly; a link stays a link.

    Raises:
        OSError: The file cannot be written.
    """
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        with target.open("wb") as file:
            yield file
        return
    draft = target.with_name(_DRAFT.format(secrets.token_hex(8)))
    try:
        with _create(draft, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _remove_stale_drafts(draft)
        draft.replace(target)
    except OSError as error:
        if error.filename == str(draft):
            error.filename, error.filename2 = os.fspath(path), None
        raise
    finally:
        draft.unlink(missing_ok=True)


def _mode(path: Path) -> int | None:
    """The type and permissions of a file; None if there is none."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _create(draft: Path, mode: int | None) -> IO[bytes]:
    """Open a new file with the permissions of ``mode``, or with the usual ones."""
    permissions = 0o666 if mode is None else stat.S_IMODE(mode)
    file = open(draft, "xb", opener=lambda name, flags: os.open(name, flags, permissions))  # noqa: SIM115  # the caller closes it
    if mode is not None:
        draft.chmod(permissions)  # those that the umask withheld
    return file


def _remove_stale_drafts(current: Path) -> None:
    """Remove the drafts beside ``current`` that are much older, by the clock of their file system."""
    newest = current.stat().st_mtime
    for draft in current.parent.glob(_ANY_DRAFT):
        with suppress(OSError):  # another process may have removed it
            if newest - draft.stat().st_mtime > STALE_SECONDS:
                draft.unlink()
