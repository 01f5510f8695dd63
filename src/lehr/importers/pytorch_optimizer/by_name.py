"""`from_pytorch_optimizer`: a schedule of pytorch_optimizer by its name and arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import Schedule, checks
from ..after import check_after
from ..originals import installed, optimizer_with, stepped
from ..settings import call, parameters
from .schedules import BUILDERS, CLASSES, Run

_OF_TORCH = (
    "constant", "step", "multi_step", "multiplicative", "cyclic", "one_cycle", "cosine_annealing",
    "cosine_annealing_with_warm_restart",
)  # fmt: skip
_PROPORTION = "maps another scheduler's rate to another value: import that one, and write schedule * factor + offset"
_REFUSED = {
    **dict.fromkeys(_OF_TORCH, "is a scheduler of torch: build it there, and give it to lehr.importers.from_torch"),
    "proportion": _PROPORTION,
    "ProportionScheduler": _PROPORTION,
}
"""A name of the registry that is no schedule of its own -> what to do."""
_WITH_THE_OPTIMIZERS_RATE = ("chebyshev", "warmup_stable_decay")


def from_pytorch_optimizer(name: str, *, lr: float | None = None, after: str = "hold", **arguments: Any) -> Schedule:
    """The schedule of ``pytorch_optimizer.load_lr_scheduler(name)`` with the same arguments.

    Update t has the rate that it has there if ``scheduler.step()`` follows each ``optimizer.step()``. So the first
    update of ``linear``, ``cosine``, ``poly``, ``rex`` and ``cosine_annealing_with_warmup`` has the lowest rate, and
    each later update of the first three has the rate that the formula gives for the update before.

    Args:
        name: A name of the registry, such as ``"rex"``, or of the class or function, such as ``"REXScheduler"``.
        lr: The optimizer's rate, for ``chebyshev`` and ``warmup_stable_decay``; the others have ``max_lr``.
        after: ``"hold"`` holds the final rate, and warns, where ``linear`` goes below 0, ``cosine`` rises again and
            ``poly`` goes on growing; ``"peer"`` does as they do.
        **arguments: The arguments of the scheduler beside the optimizer, with its defaults.

    Raises:
        ValueError: pytorch_optimizer has no such scheduler or argument, one is missing or out of its range, or it is
            one of torch's.

    References:
        pytorch_optimizer/lr_scheduler of release 4.1: https://github.com/kozistr/pytorch_optimizer.

    >>> schedule = from_pytorch_optimizer("rex", total_steps=100, max_lr=0.3)
    >>> [round(schedule(t), 12) for t in (0, 50, 100)]
    [0.0, 0.2, 0.0]
    """
    return _built(name, lr, after, arguments)


def _built(name: Any, lr: float | None, after: str, arguments: Mapping[str, Any]) -> Schedule:
    check_after(after)
    word = name if isinstance(name, str) else ""
    if word in _REFUSED:
        raise ValueError(f"{word} {_REFUSED[word]}")
    name = checks.one_of("scheduler of pytorch_optimizer", CLASSES.get(word, name), BUILDERS)
    if lr is None and name in _WITH_THE_OPTIMIZERS_RATE:
        raise ValueError(f"{name} multiplies the optimizer's rate, so it needs `lr`")
    run = Run(name, 0.0 if lr is None else checks.number("lr", lr, owner=name), after)
    return call(BUILDERS[name], arguments, run, owner=name)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether the config has the ``name`` of a class or function of pytorch_optimizer, and settings of no other."""
    name = CLASSES.get(str(config.get("name")))
    return name is not None and set(config) <= {"name", "lr", *parameters(BUILDERS[name])}


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a mapping with a ``name`` and the arguments beside it; see `from_pytorch_optimizer`."""
    name, lr = config.get("name"), config.get("lr")
    arguments = {str(word): value for word, value in config.items() if word not in ("name", "lr")}
    return _built(name, lr, after, arguments)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates that pytorch_optimizer gives the first ``steps`` updates; None if it is not installed."""
    if (theirs := installed("pytorch_optimizer")) is None:
        return None
    arguments = {name: value for name, value in config.items() if name not in ("name", "lr")}
    optimizer = optimizer_with(config.get("lr", 1.0))
    scheduler = theirs.load_lr_scheduler(CLASSES.get(config["name"], config["name"]))(optimizer, **arguments)
    return stepped(optimizer, scheduler, steps)
