"""Callbacks on torch's public optimizer hooks, called at each update."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from .groups import Group, Optimizer
from .writer import Written


class UpdateListener(Protocol):
    """What the hooks call."""

    def _before_changed_update(self) -> bool:
        """Called before an update whose groups no longer hold what was written. Whether not to count the update."""

    def _after_update(self) -> None:
        """An update of the last optimizer was made."""

    def _after_skipped_update(self) -> None:
        """A gradient scaler called the last optimizer and had it skip the update."""

    def _after_load(self) -> None:
        """An optimizer's state was loaded."""


class Hooks:
    """Hooks on some optimizers that tell a listener of each update of the last one.

    The listener is referenced weakly, and nothing of the optimizers is replaced.

    Args:
        listener: The object to call.
        optimizers: The optimizers.
        written: What was written last, which is looked at before each update.

    Attributes:
        hears_updates: Whether the optimizers have such hooks at all; some wrappers have none.
    """

    def __init__(self, listener: UpdateListener, optimizers: Sequence[Optimizer], written: Written) -> None:
        reference = weakref.ref(listener)
        self._handles: list[Any] = []
        hooked = [self._hook(optimizer, optimizer is optimizers[-1], reference, written) for optimizer in optimizers]
        self.hears_updates = all(hooked)
        weakref.finalize(listener, _remove, self._handles)

    def _hook(
        self, optimizer: Any, is_clock: bool, reference: Callable[[], UpdateListener | None], written: Written
    ) -> bool:
        is_compiling = torch.compiler.is_dynamo_compiling
        is_fused = getattr(optimizer, "_step_supports_amp_scaling", False)

        ignore_update = False

        def before(optimizer: Any, args: Any, kwargs: Any) -> None:
            nonlocal ignore_update
            if is_compiling():  # a traced step takes the rate as its input
                return
            ignore_update = False
            groups: list[Group] = optimizer.param_groups
            if groups is written.groups and len(groups) == written.few:  # `Written.stands` for a few, written out
                last = written.last
                for group in groups:
                    if group["lr"] is not last:
                        break
                else:
                    return
            elif groups is written.groups and written.stands():
                return
            if (listener := reference()) is not None:
                ignore_update = listener._before_changed_update()

        def after(optimizer: Any, args: Any, kwargs: Any) -> None:
            nonlocal ignore_update
            listener = reference()
            if ignore_update or listener is None:
                ignore_update = False
            elif is_fused and _is_skipped(optimizer):
                listener._after_skipped_update()
            elif is_clock:
                listener._after_update()

        def loaded(*_: Any) -> None:
            if (listener := reference()) is not None:
                listener._after_load()

        if any(isinstance(group.get("lr"), torch.Tensor) for group in optimizer.param_groups):
            # A compiled step traces the hooks, and would be compiled anew for each position. (With a float for a
            # rate it is compiled anew anyway.)
            before, after = map(torch.compiler.disable, (before, after))
        try:
            self._handles.append(optimizer.register_step_pre_hook(before))
            self._handles.append(optimizer.register_step_post_hook(after))
            self._handles.append(optimizer.register_load_state_dict_post_hook(loaded))
        except (AttributeError, TypeError):
            return False
        return True

    def is_listening(self) -> bool:
        """Whether any hooked optimizer still exists."""
        return any(handle.hooks_dict_ref() is not None for handle in self._handles)

    def stop(self) -> None:
        """Take every hook away again."""
        _remove(self._handles)


def _is_skipped(optimizer: Any) -> bool:
    """Whether a gradient scaler keeps a fused optimizer from updating.

    A scaler does not call the step of most optimizers at all when it skips. That of a fused one it calls, with its
    verdict as an attribute of the optimizer for the time of the call.
    """
    found_inf = getattr(optimizer, "found_inf", None)
    return found_inf is not None and float(found_inf) > 0


def _remove(handles: list[Any]) -> None:
    while handles:
        handles.pop().remove()
