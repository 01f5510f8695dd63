"""A checkpoint with the state of a scheduler of torch, as the config of a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...schedules import Schedule
from . import simulated
from .reader import hyperparameters, the_only
from .source import Source, kind_of_state, of_state

_MOST_DEEP = 4
Place = tuple[str, Mapping[str, Any]]


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether a checkpoint holds the state of a scheduler."""
    return next(_states(config), None) is not None


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of the learning rate; see `from_torch`."""
    return the_only(hyperparameters(_source(config), after=after, keys=["lr"])["lr"])


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates of a new scheduler with the same settings, stepped in torch."""
    try:
        return simulated.rates(_source(config), steps)["lr"][0]
    except (ImportError, ValueError):
        return None


def _source(config: Mapping[str, Any]) -> Source:
    found = list(_states(config))
    if len(found) != 1:
        places = ", ".join(place or "the whole file" for place, _ in found) or "none"
        raise ValueError(f"a checkpoint with the state of one scheduler is needed; found: {places}")
    [(_, state)] = found
    return of_state(state, _groups(config) or _groups_by_themselves(state))


def _states(config: object, place: str = "", depth: int = 0) -> Iterator[Place]:
    """Where in a checkpoint the states of schedulers are."""
    if isinstance(config, Mapping) and kind_of_state(config) is not None:
        yield place, config
    elif depth < _MOST_DEEP:
        for name, value in _inside(config):
            yield from _states(value, f"{place}.{name}" if place else name, depth + 1)


def _groups(config: object, depth: int = 0) -> Sequence[Mapping[str, Any]] | None:
    """The param groups of the first optimizer whose state is in a checkpoint."""
    if isinstance(config, Mapping) and isinstance(config.get("param_groups"), list):
        return list(config["param_groups"])
    inside = _inside(config) if depth < _MOST_DEEP else ()
    return next((groups for _, value in inside if (groups := _groups(value, depth + 1)) is not None), None)


def _inside(config: object) -> Iterator[tuple[str, object]]:
    if isinstance(config, Mapping):
        yield from ((str(name), value) for name, value in config.items())
    elif isinstance(config, list | tuple):
        yield from ((str(index), value) for index, value in enumerate(config[:100]))


def _groups_by_themselves(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Param groups with only the rates that the scheduler multiplies, where the optimizer's state is not known."""
    for inner in (state, *state.get("_schedulers", ())):
        if isinstance(inner, Mapping) and "base_lrs" in inner:
            return [{"lr": rate, "initial_lr": rate} for rate in inner["base_lrs"]]
    return []
