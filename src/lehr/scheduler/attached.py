"""Who drives what: each hyperparameter of an optimizer has one Scheduler."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from .groups import Chosen

_attached: weakref.WeakKeyDictionary[Any, weakref.WeakSet[Any]] = weakref.WeakKeyDictionary()
_drives: weakref.WeakKeyDictionary[Any, list[tuple[str, Chosen]]] = weakref.WeakKeyDictionary()


def attach(scheduler: Any, optimizers: Sequence[Any], drives: list[tuple[str, Chosen]]) -> None:
    """Note what a scheduler drives.

    Raises:
        ValueError: Another one that is alive and attached drives the same.
    """
    for optimizer in optimizers:
        for other in _of(optimizer):
            both = sorted({key for key, _ in drives} & {key for key, _ in _drives.get(other, [])})
            if both:
                raise ValueError(
                    f"{type(optimizer).__name__} has a Scheduler for {', '.join(both)} already, at position "
                    f"{other.last_epoch}: two would overwrite each other. Combine the schedules (a.then(b), "
                    f"a * b), or let go of the first with detach()"
                )
    _drives[scheduler] = drives
    for optimizer in optimizers:
        _of(optimizer).add(scheduler)


def detach(scheduler: Any) -> None:
    """Forget what a scheduler drives."""
    _drives.pop(scheduler, None)


def _of(optimizer: Any) -> weakref.WeakSet[Any]:
    try:
        return _attached.setdefault(optimizer, weakref.WeakSet())
    except TypeError:  # a wrapper that cannot be held weakly
        return weakref.WeakSet()
