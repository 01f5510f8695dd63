"""Rates at positions that are a JAX array, traced or not: an array of the same shape, on the same device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from .tensor_numbers import Tensor
from .tensors import Readable, Tensors

jnp: Any = import_module("jax.numpy")  # it is loaded already: this file is imported for an array


class _Jax:
    functions = jnp
    whole_type = jnp.dtype("int32")
    most = 2**31 - 1

    def __init__(self, real_type: Any) -> None:
        self.exact = real_type.itemsize == 8
        self.real_type = real_type

    def has_integers(self, positions: Tensor) -> bool:
        return bool(jnp.issubdtype(positions.dtype, jnp.integer))

    def counts(self, positions: Tensor) -> bool:
        return not self.exact and jnp.iinfo(positions.dtype).max <= self.most

    def cast(self, tensor: Tensor, dtype: Any) -> Tensor:
        return tensor.astype(dtype)

    def stored(self, values: Sequence[float], whole: bool) -> Tensor:
        import numpy as np

        # An array of JAX might belong to a trace.
        return np.asarray(values, dtype=self.whole_type if whole else self.real_type)

    def entries(self, table: Tensor, index: Tensor) -> Tensor:
        return table[index]

    def count_until(self, table: Tensor, tensor: Tensor) -> Tensor:
        return jnp.searchsorted(table, tensor, side="right")

    def divided(self, a: Tensor, b: float) -> Tensor:
        # XLA multiplies by the reciprocal of what it sees is constant, which is rounded twice.
        return a / (b + (a - a))


def rates(schedule: Readable, positions: Tensor) -> Tensor:
    """The rates at positions of any shape.

    Nothing is refused for its value, even outside a trace: optax asks a schedule that comes later for positions below
    0, and drops what it gets.
    """
    if not (jnp.issubdtype(positions.dtype, jnp.integer) or jnp.issubdtype(positions.dtype, jnp.floating)):
        raise ValueError(f"positions must be numbers, got an array of {positions.dtype}")
    rate, tables = _reading(schedule, jnp.result_type(float))  # float64 if it is enabled
    return rate(positions, *map(jnp.asarray, tables))


def _reading(schedule: Readable, real_type: Any) -> tuple[Callable[..., Tensor], list[Tensor]]:
    """How the rates of a schedule are computed in a type; made once."""
    kept: dict[Any, tuple[Callable[..., Tensor], list[Tensor]]] = schedule.__dict__.setdefault("_readings", {})
    if real_type not in kept:
        tensors = Tensors(_Jax(real_type))
        kept[real_type] = tensors.reading(schedule), tensors.tables
    return kept[real_type]
