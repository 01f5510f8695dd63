"""The rates of a scheduler of torch, by stepping one like it: where no formula says them, and to compare."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from .source import LEHR, Source

_POSITION = {"last_epoch": -1, "_step_count": 0}


def rates(source: Source, steps: int, first: list[float] | None = None) -> dict[str, list[list[float]]]:
    """What a new scheduler with the same settings writes for the first ``steps`` updates.

    Args:
        source: The scheduler, which stays as it is.
        steps: How many updates.
        first: The rate of each group before it is built; None for the rates that it multiplies.

    Returns:
        Hyperparameter -> a list of values for each param group.

    Raises:
        ValueError: torch fails within these steps, or a function of the scheduler was not saved.
    """
    import torch

    groups = [_group(source, index, first) for index in range(len(source.groups))]
    optimizer = torch.optim.SGD(groups, lr=0.0)
    optimizer.defaults.update({name: None for name in ("betas", "momentum") if name in groups[0]})
    values: dict[str, list[list[float]]] = {name: [[] for _ in groups] for name in _driven(optimizer.param_groups[0])}
    step = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of updates that are not made
        try:
            scheduler = _built(source, optimizer)
            for step in range(steps):
                if step:
                    scheduler.step()
                for name, lists in values.items():
                    for found, group in zip(lists, optimizer.param_groups, strict=True):
                        found.append(_read(group, name))
        except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
            raise ValueError(f"torch's {source.kind} fails at step {step}: {type(error).__name__}: {error}") from None
    return values


def _group(source: Source, index: int, first: list[float] | None) -> dict[str, Any]:
    """A param group like that of the optimizer, with the rate before the scheduler was built."""
    import torch

    group = {name: value for name, value in source.groups[index].items() if name != "params"}
    plain = {name: float(v) if isinstance(v, torch.Tensor) and v.numel() == 1 else v for name, v in group.items()}
    rate = source.base(index) if first is None else first[index]
    return {**plain, "params": [torch.zeros(1, requires_grad=True)], "lr": rate}


def _driven(group: Mapping[str, Any]) -> list[str]:
    return ["lr", *(["betas[0]"] if "betas" in group else ["momentum"] if "momentum" in group else [])]


def _read(group: Mapping[str, Any], name: str) -> float:
    return float(group["betas"][0] if name == "betas[0]" else group[name])


def _built(source: Source, optimizer: Any) -> Any:
    """A new scheduler with the same settings, as its constructor would leave it."""
    from torch.optim import lr_scheduler, swa_utils

    if source.kind == LEHR:
        raise ValueError("a lehr.Scheduler cannot be stepped beside torch's: join the schedules with then")
    if source.children:
        children = [_built(child, optimizer) for child in source.children]
        if source.kind == "ChainedScheduler":
            return lr_scheduler.ChainedScheduler(children)
        return lr_scheduler.SequentialLR(optimizer, children, list(source.fields["_milestones"]))
    cls = swa_utils.SWALR if source.kind == "SWALR" else getattr(lr_scheduler, source.kind)
    scheduler: Any = cls.__new__(cls)
    vars(scheduler).update({name: value for name, value in source.fields.items() if name != "optimizer"})
    vars(scheduler).update(_POSITION, optimizer=optimizer)
    if source.kind == "SWALR":
        scheduler._set_anneal_func(source.fields.get("_anneal_strategy", "cos"))
    if source.kind == "CyclicLR":
        scheduler._init_scale_fn()
    scheduler._initial_step()
    return scheduler
