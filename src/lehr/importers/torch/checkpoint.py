"""A checkpoint with the state of a scheduler of torch, or a config that names its class, as a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...schedules import Schedule
from . import class_path, simulated
from .reader import chosen, hyperparameters, index_of
from .source import FUNCTIONS, Source, kind_of_state, of_object, of_state

_MOST_DEEP = 4
Place = tuple[str, Mapping[str, Any]]


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether a checkpoint holds the state of a scheduler, or a config names its class."""
    return class_path.named_in(config) is not None or next(_states(config), None) is not None


def from_config(
    config: Mapping[str, Any], *, after: str = "hold", group: int | str | None = None, place: str | None = None
) -> Schedule:
    """The schedule of the learning rate; see `from_torch`.

    Args:
        config: The checkpoint.
        after: As in `from_torch`.
        group: As in `from_torch`.
        place: Where in the checkpoint the scheduler's state is, if it has several: ``"lr_schedulers.1"``.
    """
    source = _source(config, place)
    return chosen(source, hyperparameters(source, after=after, keys=["lr"])["lr"], group)


def original(
    config: Mapping[str, Any], steps: int, *, group: int | str | None = None, place: str | None = None
) -> list[float] | None:
    """The rates of a new scheduler with the same settings, stepped in torch."""
    try:
        source = _source(config, place)
        return simulated.rates(source, steps)["lr"][index_of(source, 0 if group is None else group)]
    except (ImportError, ValueError):
        return None


def _source(config: Mapping[str, Any], place: str | None) -> Source:
    if class_path.named_in(config) is not None:
        return of_object(class_path.built(config))
    found = dict(_states(config))
    if place is None and len(found) == 1:
        (place,) = found
    if place is None or place not in found:
        raise ValueError(_refusal(config, list(found)))
    state = found[place]
    if kind_of_state(state) == FUNCTIONS:
        raise ValueError(
            f"the state of a {FUNCTIONS} does not hold its Python functions, and so no schedule: import the config of "
            f"the run (of transformers the JSON of its TrainingArguments), or in Python the scheduler, with from_torch"
        )
    return of_state(state, _groups_of(config, _bases(state)))


def _refusal(config: Mapping[str, Any], places: list[str]) -> str:
    """Why no scheduler of a checkpoint is chosen."""
    if places:
        return (
            f"the checkpoint has the states of schedulers at {', '.join(places)}: say which, with --scheduler PLACE on "
            f"the command line"
        )
    if any("schedule" in inner and "version" in inner for inner in _mappings(config)):
        return "the checkpoint has the state of a lehr.Scheduler, which the load_state_dict of a lehr.Scheduler takes"
    return (
        f"the checkpoint has no state of a scheduler of torch, down to {_MOST_DEEP} keys below each other; save it "
        f"beside the model, as scheduler.state_dict()"
    )


def _mappings(config: object, depth: int = 0) -> Iterator[Mapping[Any, Any]]:
    """Every mapping in a checkpoint."""
    if isinstance(config, Mapping):
        yield config
    if depth < _MOST_DEEP:
        for _, value in _inside(config):
            yield from _mappings(value, depth + 1)


def _states(config: object, place: str = "", depth: int = 0) -> Iterator[Place]:
    """Where in a checkpoint the states of schedulers are."""
    if isinstance(config, Mapping) and kind_of_state(config) is not None:
        yield place, config
    elif depth < _MOST_DEEP:
        for name, value in _inside(config):
            yield from _states(value, f"{place}.{name}" if place else name, depth + 1)


def _groups_of(config: Mapping[str, Any], bases: list[float]) -> Sequence[Mapping[str, Any]]:
    """The param groups that a scheduler multiplies the rates of; only those rates where no optimizer's state fits."""
    for groups in _param_groups(config):
        rates = [group.get("initial_lr", group.get("lr")) for group in groups]
        if not bases or rates == bases:
            return groups
    return [{"lr": rate, "initial_lr": rate} for rate in bases]


def _param_groups(config: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """The param groups of every optimizer whose state is in a checkpoint."""
    for inner in _mappings(config):
        groups = inner.get("param_groups")
        if isinstance(groups, list) and all(isinstance(group, Mapping) for group in groups):
            yield groups


def _bases(state: Mapping[str, Any]) -> list[float]:
    """The rates that a scheduler multiplies, one for each param group."""
    if "base_lrs" in state:
        return [float(rate) for rate in state["base_lrs"]]
    inner = (_bases(part) for part in state.get("_schedulers", ()) if isinstance(part, Mapping))
    return next((bases for bases in inner if bases), [])


def _inside(config: object) -> Iterator[tuple[str, object]]:
    if isinstance(config, Mapping):
        yield from ((str(name), value) for name, value in config.items())
    elif isinstance(config, list | tuple):
        yield from ((str(index), value) for index, value in enumerate(config[:100]))
