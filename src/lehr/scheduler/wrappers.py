"""Finds the optimizers that really update, inside what wraps or contains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .groups import Optimizer

WRAPPED = ("optimizer", "base_optimizer", "_optimizer", "opt", "optim", "base")
"""The attributes under which wrappers keep the optimizer inside them."""
COPIED = ("optim",)
"""Those of them under which some keep a copy that takes its rates from the wrapper, as `ZeroRedundancyOptimizer`."""
CONTAINED = ("optimizers", "chained_optimizers", "optimizer_dict", "optim_dict")
"""The attributes under which containers keep their optimizers, such as one for each parameter."""


def layers(given: Optimizer | Sequence[Optimizer]) -> list[list[Any]]:
    """For each optimizer that updates: what wraps it, from the outside in, with itself as the last.

    Args:
        given: An optimizer, a wrapper, a container, or a list of such.

    Raises:
        ValueError: The list is empty, or nothing that is written into an optimizer's param groups stays there.
    """
    items = list(given) if isinstance(given, list | tuple) else [given]
    if not items:
        raise ValueError("Scheduler needs at least one optimizer, got an empty list")
    return [chain for item in items for chain in _inside(item)]


def innermost(optimizer: Any) -> Any:
    """The optimizer that updates, inside all wrappers."""
    return _chain(optimizer)[-1]


def _inside(item: Any) -> Iterable[list[Any]]:
    chain = _chain(item)
    members = _members(chain[-1])
    if members:
        return [[*chain[:-1], *inner] for member in members for inner in _inside(member)]
    _check_that_writes_stay(chain[-1])
    return [chain]


def _chain(optimizer: Any) -> list[Any]:
    chain = [optimizer]
    while (inner := _wrapped(chain[-1])) is not None and all(inner is not layer for layer in chain):
        chain.append(inner)
    return chain


def _wrapped(outer: Any) -> Any:
    for name in WRAPPED:
        inner = getattr(outer, name, None)
        if hasattr(inner, "param_groups") and (name not in COPIED or _share_groups(outer, inner)):
            return inner
    return None


def _share_groups(outer: Any, inner: Any) -> bool:
    mine, theirs = outer.param_groups, inner.param_groups
    return len(mine) == len(theirs) and all(a is b for a, b in zip(mine, theirs, strict=True))


def _members(container: Any) -> list[Any]:
    """The optimizers of a container, each once."""
    for name in CONTAINED:
        held = getattr(container, name, None)
        found = list(held.values()) if isinstance(held, Mapping) else held
        if isinstance(found, list | tuple) and found and all(hasattr(member, "param_groups") for member in found):
            return list({id(member): member for member in found}.values())
    return []


def _check_that_writes_stay(optimizer: Any) -> None:
    """Refuse an optimizer that builds its groups anew whenever they are read, as fastai's."""
    groups, again = (getattr(optimizer, "param_groups", None) for _ in range(2))
    if isinstance(groups, list) and isinstance(again, list) and groups and again and groups[0] is not again[0]:
        raise ValueError(
            f"{type(optimizer).__name__} builds its param groups anew whenever they are read, so a rate that is "
            f"written there is never used: give the Scheduler a torch optimizer, such as the one that it wraps"
        )
