"""One answer for all ranks: what comes from outside is decided once, and told to everyone."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist


def is_distributed() -> bool:
    """Whether this process is one of several that train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def is_first() -> bool:
    """Whether this is the rank that decides, or the only process."""
    return not is_distributed() or dist.get_rank() == 0


def mean(value: float) -> float:
    """The mean of a number over all ranks; every rank must ask."""
    if not is_distributed():
        return value
    gathered: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, value)  # on any backend, and the same sum in the same order everywhere
    return float(torch.tensor(gathered, dtype=torch.float64).mean())


def of_the_first(value: Any) -> Any:
    """What rank 0 has, on every rank; every rank must ask."""
    if not is_distributed():
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]
