"""Which library a position comes from; none is imported for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from .tensors import Readable


class _Callable(Readable, Protocol):
    def __call__(self, position: Any) -> Any: ...


def reader(position: object) -> Callable[[_Callable, Any], Any] | None:
    """What gives the rates of a schedule at a tensor, an array or a variable; None for any other position."""
    if isinstance(position, _types("torch", "Tensor")):
        if sys.modules["torch"].compiler.is_dynamo_compiling():
            from . import compiled

            return compiled.rates
        from . import torch_tensors

        return torch_tensors.rates
    if isinstance(position, _types("jax", "Array")):
        from . import jax_arrays

        return jax_arrays.rates
    return _of_variable if isinstance(position, _types("keras", "Variable")) else None


def _types(library: str, name: str) -> Any:
    """The type of that name, if its library is loaded and has it already; else no type."""
    return getattr(sys.modules.get(library), name, ())


def _of_variable(schedule: _Callable, variable: Any) -> Any:
    return schedule(variable.value)
