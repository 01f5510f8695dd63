"""Hears through torch's public optimizer hooks which updates really happened."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch


class Hears(Protocol):
    """Who wants to know."""

    skipped: int
    _heard: bool

    def _after_update(self, optimizer: Any) -> None: ...
    def _after_load(self) -> None: ...


class Listener:
    """Hooks on some optimizers that tell a scheduler; it is held weakly, and nothing is replaced.

    Attributes:
        hears_updates: Whether the optimizers have such hooks at all; some wrappers have none.
    """

    def __init__(self, hears: Hears, optimizers: Sequence[Any]) -> None:
        who = weakref.ref(hears)
        self._handles: list[Any] = []
        heard = [self._listen(optimizer, who) for optimizer in optimizers]
        self.hears_updates = all(heard)
        weakref.finalize(hears, _remove, self._handles)

    def _listen(self, optimizer: Any, who: Callable[[], Hears | None]) -> bool:
        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            scheduler = who()
            if scheduler is None:
                return
            # A gradient scaler that skips does not call the step of most optimizers at all; that of a
            # fused one it calls, and hangs its verdict on the optimizer for the time of the call.
            found_inf = getattr(optimizer, "found_inf", None)
            if found_inf is not None and float(found_inf) > 0:
                scheduler.skipped += 1
                scheduler._heard = True
            else:
                scheduler._after_update(optimizer)

        def loaded(*_: Any) -> None:
            if (scheduler := who()) is not None:
                scheduler._after_load()

        try:
            # A compiled step traces the hook, and would be compiled anew for each position if that is not
            # already so for its rate, a float.
            hook = torch.compiler.disable(after) if _has_tensors(optimizer) else after  # type: ignore[no-untyped-call]
            self._handles.append(optimizer.register_step_post_hook(hook))
            self._handles.append(optimizer.register_load_state_dict_post_hook(loaded))
        except (AttributeError, TypeError):
            return False
        return True

    def is_listening(self) -> bool:
        """Whether an optimizer lives that would tell."""
        return any(handle.hooks_dict_ref() is not None for handle in self._handles)

    def stop(self) -> None:
        """Take every hook away again."""
        _remove(self._handles)


def _has_tensors(optimizer: Any) -> bool:
    return any(isinstance(group.get("lr"), torch.Tensor) for group in optimizer.param_groups)


def _remove(handles: list[Any]) -> None:
    while handles:
        handles.pop().remove()
