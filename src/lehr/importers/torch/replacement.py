"""What `Scheduler.replacing` takes from a running scheduler of torch, or from its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...schedules import Schedule, Table
from .reader import close, hyperparameters
from .source import Source, of_object, of_state


@dataclass(frozen=True)
class Replacement:
    """A run to go on with.

    Attributes:
        optimizer: The optimizer.
        schedules: Hyperparameter -> its schedule, or index of the param group -> schedule where the groups differ.
        position: Index of the next update.
    """

    optimizer: Any
    schedules: dict[str, Schedule | dict[int, Schedule]]
    position: int


def replacement(scheduler: Any, optimizer: Any, *, after: str = "hold", tabulate: int | None = None) -> Replacement:
    """Read what a scheduler of torch drives, and where it stands.

    Args:
        scheduler: The scheduler, or its `state_dict`.
        optimizer: The optimizer; None for that of the scheduler.
        after: As `from_torch` takes it.
        tabulate: As `from_torch` takes it.

    Raises:
        ValueError: `from_torch` would refuse the scheduler, the optimizer is missing or has other groups, or it does
            not hold the rates that the scheduler wrote last.
    """
    source, optimizer = _read(scheduler, optimizer)
    position = source.position
    if not isinstance(scheduler, Mapping):
        _check_rates(source, optimizer)
    by_key = hyperparameters(source, after=after, tabulate=tabulate)
    if tabulate is not None and tabulate <= position and isinstance(by_key["lr"][0], Table):
        raise ValueError(f"tabulate={tabulate} ends before the present position, {position}: give the steps of the run")
    _check_schedules(source, by_key["lr"])
    schedules = {key: _together(by_group) for key, by_group in by_key.items()}
    return Replacement(optimizer, schedules, position)


def _read(scheduler: Any, optimizer: Any) -> tuple[Source, Any]:
    if isinstance(scheduler, Mapping):
        if optimizer is None:
            raise ValueError("a state does not hold the optimizer: give it too, Scheduler.replacing(state, optimizer)")
        if "schedule" in scheduler and "version" in scheduler:
            raise ValueError("this is the state of a lehr.Scheduler: scheduler.load_state_dict(state) takes it")
        source = of_state(scheduler, optimizer.param_groups)
    else:
        source = of_object(scheduler)
        optimizer = scheduler.optimizer if optimizer is None else optimizer
    known = next((leaf.fields["base_lrs"] for leaf in source.leaves if "base_lrs" in leaf.fields), None)
    if known is not None and len(known) != len(optimizer.param_groups):
        raise ValueError(
            f"the scheduler was built for {len(known)} param groups, and the optimizer has "
            f"{len(optimizer.param_groups)}"
        )
    return source, optimizer


def _check_rates(source: Source, optimizer: Any) -> None:
    for index, (group, rate) in enumerate(zip(optimizer.param_groups, source.last_lrs or (), strict=False)):
        if not close(float(group["lr"]), rate, source.base(index)):
            raise ValueError(
                f"the rate of param group {index} is {float(group['lr']):g}, and {source.kind} wrote {rate:g} last: "
                f"load the optimizer's state first, or undo the change by other code"
            )


def _check_schedules(source: Source, by_group: dict[int, Schedule]) -> None:
    """Refuse schedules that do not lead to the rates that the scheduler wrote last: it was not what it seems to be."""
    for index, rate in enumerate(source.last_lrs or ()):
        ours = by_group[index](source.position)
        if not close(ours, rate, source.base(index)):
            raise ValueError(
                f"{source.kind} wrote the rate {rate:g} for param group {index} at step {source.position}, and its "
                f"settings say {ours:g}: other code has changed the rate, or the state lacks a function; build the "
                f"schedule with lehr.importers.from_torch and give it to lehr.Scheduler"
            )


def _together(by_group: dict[int, Schedule]) -> Schedule | dict[int, Schedule]:
    first, *others = by_group.values()
    return first if all(other == first for other in others) else by_group
