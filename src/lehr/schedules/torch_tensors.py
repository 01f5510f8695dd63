"""Rates at positions that are a torch tensor: a tensor of the same shape, on the same device."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from . import checks
from .tensor_numbers import Tensor
from .tensors import Readable, Tensors

torch: Any = import_module("torch")  # it is loaded already: this file is imported for a tensor

Reading: TypeAlias = tuple[Callable[..., Tensor], tuple[Tensor, ...]]
"""The function from positions and tables to rates, and the tables."""

_NO_FLOAT64 = {"mps"}
"""Kinds of devices that do not compute in float64."""

_BLOCK = 2**15
"""Positions whose intermediate results stay in the cache of a processor, outside a compiled function."""


class _Torch:
    functions = torch
    whole_type = torch.int64
    most = 2**63 - 1

    def __init__(self, device: Any) -> None:
        self.device = device
        self.exact = device.type not in _NO_FLOAT64
        self.real_type = torch.float64 if self.exact else torch.float32

    def has_integers(self, positions: Tensor) -> bool:
        return not positions.dtype.is_floating_point

    def counts(self, positions: Tensor) -> bool:
        return not self.exact

    def cast(self, tensor: Tensor, dtype: Any) -> Tensor:
        return tensor.to(dtype)

    def stored(self, values: Sequence[float], whole: bool) -> Tensor:
        with torch.inference_mode(False):  # it outlives the block in which it is first needed
            return torch.tensor(values, dtype=self.whole_type if whole else self.real_type, device=self.device)

    def entries(self, table: Tensor, index: Tensor) -> Tensor:
        return table.index_select(0, index.reshape(-1)).reshape(index.shape)  # a compiler takes `table[i]` for an int

    def count_until(self, table: Tensor, tensor: Tensor) -> Tensor:
        return torch.bucketize(tensor, table, right=True)

    def divided(self, a: Tensor, b: float) -> Tensor:
        # On an accelerator torch multiplies by the reciprocal of a number, which is rounded twice, but not of a tensor.
        return a / (b if self.device.type == "cpu" else a.new_full((), b))


def rates(schedule: Readable, positions: Tensor) -> Tensor:
    """The rates at positions of any shape, on any device."""
    check_type(positions)
    rate, tables = reading(schedule, positions.device, keep=type(positions) in (torch.Tensor, torch.nn.Parameter))
    if positions.device.type != "cpu" or torch.compiler.is_compiling() or torch.jit.is_tracing():
        return rate(positions, *tables)
    _check(positions)
    if positions.numel() <= _BLOCK:
        return rate(positions, *tables)
    blocks = positions.reshape(-1).split(_BLOCK)
    return torch.cat([rate(block, *tables) for block in blocks]).reshape(positions.shape)


def check_type(positions: Tensor) -> None:
    """Refuse what is no number."""
    if positions.dtype == torch.bool or positions.dtype.is_complex:
        raise ValueError(f"positions must be numbers, got a tensor of {positions.dtype}")


def _check(positions: Tensor) -> None:
    """Refuse what is no position. On an accelerator this would wait for it, so there nobody looks."""
    try:
        low, high = (bound.item() for bound in positions.detach().to(torch.float64).aminmax())
        in_order = low >= 0 and high < math.inf
    except RuntimeError:  # of a tensor without values: an empty one, one that `torch.vmap` maps over, a fake one
        return
    if not in_order:
        raise checks.no_position(low if not low >= 0 else high)


def reading(schedule: Readable, device: Any, keep: bool = True) -> Reading:
    """How the rates of a schedule are computed on a device; made once, but for fake tensors, whose tables are fake."""
    kept: dict[Any, Reading] = schedule.__dict__.setdefault("_readings", {})
    if keep and device in kept:
        return kept[device]
    tensors = Tensors(_Torch(device))
    made = tensors.reading(schedule), tuple(tensors.tables)
    if keep:
        kept[device] = made
    return made
