"""A scheduler of torch that a config names by its class: ``_target_`` of Hydra, ``class_path`` of LightningCLI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...schedules import checks
from ..originals import optimizer_with

_PREFIX = "torch.optim.lr_scheduler."
_MOST_DEEP = 6


class Named(NamedTuple):
    """A scheduler as a config names it.

    Attributes:
        kind: The name of its class.
        arguments: Those of its constructor, without the optimizer.
        by_lightning: Whether LightningCLI builds it, which moves it once an epoch.
    """

    kind: str
    arguments: Mapping[str, Any]
    by_lightning: bool


def named_in(config: object) -> Named | None:
    """The scheduler that a config names; None if it names none, or several."""
    found = list(_named(config, 0))
    return found[0] if len(found) == 1 else None


def built(config: Mapping[str, Any]) -> Any:
    """The scheduler that a config names, on an optimizer of one parameter.

    Raises:
        ValueError: torch refuses the arguments; one of them is not resolved; or the config has no ``lr`` for the
            optimizer, which these schedulers multiply.
    """
    from torch.optim import lr_scheduler

    named = named_in(config)
    assert named is not None
    for name, value in named.arguments.items():
        if isinstance(value, str) and "${" in value:
            raise ValueError(
                f"{named.kind} has {checks.named(name)}={checks.shown(value)}, which is not resolved: write the config "
                f"with its values, `python train.py --cfg job --resolve` with Hydra"
            )
    rate = next(_rates(config, 0), None)
    if rate is None and named.kind not in ("OneCycleLR", "CyclicLR"):
        raise ValueError(f"{named.kind} multiplies the optimizer's rate, and the config has no `lr` for an optimizer")
    try:
        scheduler = getattr(lr_scheduler, named.kind)
        return scheduler(optimizer_with(1.0 if rate is None else rate), **named.arguments)
    except Exception as error:  # torch has no one type for what it refuses
        raise ValueError(f"torch refuses this {checks.named(named.kind)}: {checks.printable(str(error))}") from None


def _named(config: object, depth: int) -> Iterator[Named]:
    if not isinstance(config, Mapping) or depth > _MOST_DEEP:
        return
    for key in ("_target_", "class_path"):
        path = config.get(key)
        if isinstance(path, str) and path.startswith(_PREFIX):
            own = config.get("init_args") if key == "class_path" else _without_hydra_s_own(config)
            yield Named(path.removeprefix(_PREFIX), own if isinstance(own, Mapping) else {}, key == "class_path")
            return
    for value in config.values():
        yield from _named(value, depth + 1)


def _without_hydra_s_own(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if not key.startswith("_") and key != "optimizer"}


def _rates(config: object, depth: int) -> Iterator[float]:
    """The rates that a config gives an optimizer, the nearest first."""
    if not isinstance(config, Mapping) or depth > _MOST_DEEP:
        return
    for key in ("lr", "learning_rate"):
        if isinstance(config.get(key), int | float):
            yield float(config[key])
    for value in config.values():
        yield from _rates(value, depth + 1)
