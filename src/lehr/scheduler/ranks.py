"""One answer for all ranks: rank 0 decides and broadcasts, or all take the mean."""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.distributed as dist

Value = TypeVar("Value")


def is_distributed() -> bool:
    """Whether this process is one of several that train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def is_first() -> bool:
    """Whether this is rank 0, which decides, or the only process."""
    return not is_distributed() or dist.get_rank() == 0


def mean(value: float) -> float:
    """The mean of a number over all ranks; every rank must call this."""
    if not is_distributed():
        return value
    gathered: list[float] = [0.0] * dist.get_world_size()
    dist.all_gather_object(gathered, value)  # on any backend, and the same sum in the same order everywhere
    return float(torch.tensor(gathered, dtype=torch.float64).mean())


def broadcast_from_rank_0(value: Value) -> Value:
    """What rank 0 gave, on every rank; every rank must call this."""
    if not is_distributed():
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]
