"""A schedule inside `torch.compile`: one function in the graph, which the compiler sees through and fuses."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .tensor_numbers import Tensor
from .tensors import Readable
from .torch_tensors import check_type, reading

torch: Any = import_module("torch")  # as in `torch_tensors`


def rates(schedule: Readable, positions: Tensor) -> Tensor:
    """As `torch_tensors.rates`, for the compiler to trace: the graph holds for this very schedule."""
    check_type(positions)
    name = f"_in_graph_on_{positions.device}"
    _prepare(schedule, positions.device, name)
    rate, tables = getattr(schedule, name)
    return rate(positions, *tables)


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]  # torch is not imported for its types
def _prepare(schedule: Readable, device: Any, name: str) -> None:
    """Run while the graph is made, so that the compiler does not trace how a formula is built."""
    rate, tables = reading(schedule, device)
    schedule.__dict__[name] = torch.compiler.allow_in_graph(rate), tables
