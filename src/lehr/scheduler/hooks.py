"""Callbacks on torch's public optimizer hooks, called at each update."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import torch

from .groups import Group
from .written import Written

Hook = Callable[[Any, Any, Any], None]


class UpdateListener(Protocol):
    """What the hooks call. An index is that of one of several optimizers."""

    def _before_changed_update(self) -> bool:
        """Called before an update whose groups no longer hold what was written. Whether not to count the update."""

    def _after_update(self) -> None:
        """An update of the only optimizer was made."""

    def _before_update_of(self, index: int) -> bool:
        """Called before each update of one of several optimizers. Whether not to count the update."""

    def _after_update_of(self, index: int) -> None:
        """An update of one of several optimizers was made."""

    def _after_skipped_update(self) -> None:
        """A gradient scaler called the only optimizer and had it skip the update."""

    def _after_skipped_update_of(self, index: int) -> None:
        """A gradient scaler called one of several optimizers and had it skip the update."""

    def _after_load(self, moves_groups: bool) -> None:
        """An optimizer's state was loaded, through a wrapper that may move the groups after this call, or not."""


Reference = Callable[[], UpdateListener | None]


class Hooks:
    """Hooks on some optimizers that tell a listener of their updates and of states that are loaded.

    The listener is referenced weakly, and nothing of the optimizers is replaced.

    Args:
        listener: The object to call.
        layers: Each optimizer that updates, as the last of what wraps it.
        written: What was written last, which is looked at before each update of an only optimizer.

    Attributes:
        hears_updates: Whether the optimizers have such hooks at all; some have none.
    """

    def __init__(self, listener: UpdateListener, layers: Sequence[Sequence[Any]], written: Written) -> None:
        self._reference, self._layers, self._written = weakref.ref(listener), layers, written
        self._handles: list[Any] = []
        self._step_handles: list[Any] = []
        self._are_traced = True
        self.hears_updates = self._hook_steps()
        for *wrappers, optimizer in layers:
            for layer in (optimizer, *wrappers):
                self._hook_loads(layer, moves_groups=layer is not optimizer)
        weakref.finalize(listener, _remove, self._step_handles)
        weakref.finalize(listener, _remove, self._handles)

    def renew(self) -> None:
        """Hook the steps anew if the rates have become tensors, as by loading a state that has such."""
        if self._are_traced and self.hears_updates and self._rates_are_tensors():
            _remove(self._step_handles)
            self._hook_steps()

    def _rates_are_tensors(self) -> bool:
        groups = (group for *_, optimizer in self._layers for group in optimizer.param_groups)
        return any(isinstance(group.get("lr"), torch.Tensor) for group in groups)

    def _hook_steps(self) -> bool:
        self._are_traced = not self._rates_are_tensors()
        count, hears = len(self._layers), True
        for index, (*_, optimizer) in enumerate(self._layers):
            if count == 1:
                before, after = _of_the_only_one(optimizer, self._reference, self._written)
            else:
                before, after = _of_one_of_several(optimizer, index, self._reference)
            if not self._are_traced:
                # A compiled step traces the hooks, and would be compiled anew for each position. (With a float for a
                # rate it is compiled anew anyway.)
                before, after = _untraced(before), _untraced(after)
            try:
                self._step_handles.append(optimizer.register_step_pre_hook(before))
                self._step_handles.append(optimizer.register_step_post_hook(after))
            except (AttributeError, TypeError):
                hears = False
        return hears

    def _hook_loads(self, layer: Any, *, moves_groups: bool) -> None:
        reference = self._reference

        def loaded(*_: Any) -> None:
            if (listener := reference()) is not None:
                listener._after_load(moves_groups)

        with suppress(AttributeError, TypeError):
            self._handles.append(layer.register_load_state_dict_post_hook(loaded))

    def is_listening(self) -> bool:
        """Whether any hooked optimizer still exists."""
        return any(handle.hooks_dict_ref() is not None for handle in self._step_handles)

    def stop(self) -> None:
        """Take every hook away again."""
        _remove(self._step_handles)
        _remove(self._handles)


def _of_the_only_one(optimizer: Any, reference: Reference, written: Written) -> tuple[Hook, Hook]:
    """What is called before and after each update of an only optimizer: nothing else of lehr, if its rates stand.

    A step that was compiled keeps dynamo out of the listener: it would trace the schedule's formula, and warn.
    """
    is_compiling = torch.compiler.is_dynamo_compiling
    is_fused = getattr(optimizer, "_step_supports_amp_scaling", False)
    ignore_update = is_compiled = False

    def before(optimizer: Any, args: Any, kwargs: Any) -> None:
        nonlocal ignore_update, is_compiled
        if is_compiling():  # a traced step takes the rate as its input
            is_compiled = True
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
        elif is_compiled:
            _untraced(listener._after_update)()
        else:
            listener._after_update()

    return before, after


def _of_one_of_several(optimizer: Any, index: int, reference: Reference) -> tuple[Hook, Hook]:
    is_fused = getattr(optimizer, "_step_supports_amp_scaling", False)
    ignore_update = is_compiled = False

    def before(optimizer: Any, args: Any, kwargs: Any) -> None:
        nonlocal ignore_update, is_compiled
        if torch.compiler.is_dynamo_compiling():
            is_compiled = True
        elif (listener := reference()) is not None:
            ignore_update = listener._before_update_of(index)

    def after(optimizer: Any, args: Any, kwargs: Any) -> None:
        nonlocal ignore_update
        listener = reference()
        if ignore_update or listener is None:
            ignore_update = False
        elif is_fused and _is_skipped(optimizer):
            listener._after_skipped_update_of(index)
        elif is_compiled:
            _untraced(listener._after_update_of)(index)
        else:
            listener._after_update_of(index)

    return before, after


def _untraced(function: Callable[..., None]) -> Callable[..., None]:
    disabled: Callable[..., None] = torch.compiler.disable(function)  # type: ignore[no-untyped-call]  # torch's own
    return disabled


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
