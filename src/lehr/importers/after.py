"""What an imported schedule does after its end, where the original misbehaves there."""

from __future__ import annotations

from ..schedules import Schedule, checks
from ..warn import warn

AFTER = ("hold", "peer")


def ended(body: Schedule, tail: Schedule, after: str, *, owner: str, does: str) -> Schedule:
    """``body``, and after its end what ``after`` says.

    Args:
        body: The schedule up to its end.
        tail: What the original does after it, counted from there.
        after: ``"hold"``, which holds the final value of ``body`` and warns that the original differs; or
            ``"peer"``, which reproduces the original.
        owner: The name of the original, for the warning.
        does: What the original does after the end, for the warning.

    Raises:
        ValueError: ``after`` is no such word.

    >>> from lehr import Constant, Ramp
    >>> half, back = Ramp(1.0, 0.0, 10, "cosine"), Ramp(0.0, 1.0, 10, "cosine")
    >>> ended(half, back, "peer", owner="CosineAnnealingLR", does="rises again")(20)
    1.0
    """
    check_after(after)
    if after == "peer":
        return body.then(tail)
    warn_of_end(body, owner=owner, does=does)
    return body


def warn_of_end(body: Schedule, *, owner: str, does: str, at: float | None = None, peer: bool = True) -> None:
    """Say that ``body`` holds its final value where the original does something else.

    Args:
        body: The schedule up to its end.
        owner: The name of the original.
        does: What it does.
        at: From which step on; None for the end of ``body``.
        peer: Whether ``after="peer"`` can reproduce it.
    """
    way_out = '. after="peer" reproduces the original' if peer else ""
    warn(
        f"{owner} {does} after step {body.length if at is None else at}; the imported schedule holds its final value, "
        f"{body._final_rate:g}, there{way_out}"
    )


def check_after(after: str) -> None:
    """Refuse what is no word for the time after the end."""
    checks.one_of("after", after, AFTER)
