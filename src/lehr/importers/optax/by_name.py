"""`from_optax`: a schedule of optax by the name of its function."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ...schedules import Schedule
from ..after import check_after
from ..originals import installed
from .schedules import BUILDERS, built, of_mapping


def from_optax(name: str, **arguments: Any) -> Schedule:
    """The schedule that ``optax.<name>(**arguments)`` is.

    The arguments have optax's names, defaults and meanings: ``decay_steps`` of ``warmup_cosine_decay_schedule`` counts
    the warmup, a ``warmup_constant_schedule`` of no steps stays at ``init_value``, and so on. ``join_schedules`` takes
    schedules of lehr, or mappings of a ``name`` and arguments.

    Args:
        name: The name of a function of optax that makes a schedule.
        **arguments: Its arguments, all by name.

    Raises:
        ValueError: optax has no such schedule or argument, one is missing or out of its range, or a value is below 0.

    References:
        optax/schedules of release 0.2.8: https://github.com/google-deepmind/optax.

    >>> schedule = from_optax("warmup_cosine_decay_schedule", init_value=0.0, peak_value=1.0, warmup_steps=10,
    ...                       decay_steps=110, end_value=0.1)
    >>> [round(schedule(t), 12) for t in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.55, 0.1]
    """
    return built(name, **arguments)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether the config has the ``name`` of a schedule of optax."""
    return str(config.get("name")) in BUILDERS


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a mapping with a ``name`` and the arguments beside it; see `from_optax`.

    Args:
        config: The mapping.
        after: As in the other importers; every schedule of optax holds or goes on as lehr's.
    """
    check_after(after)
    return of_mapping(config)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The values of optax's own schedule at the first ``steps`` counts; None without optax."""
    if (jnp := installed("jax.numpy")) is None or installed("optax") is None:
        return None
    schedule = _of_optax(config)
    return [float(schedule(jnp.asarray(count))) for count in range(steps)]


def _of_optax(value: Any) -> Any:
    """An argument as optax takes it: a schedule for a mapping with a name, boundaries as integers."""
    if isinstance(value, Mapping) and "name" in value:
        arguments = {name: _of_optax(inner) for name, inner in value.items() if name != "name"}
        return getattr(import_module("optax.schedules"), value["name"])(**arguments)
    if isinstance(value, Mapping):
        return {int(key) if isinstance(key, str) and key.isdigit() else key: inner for key, inner in value.items()}
    return [_of_optax(inner) for inner in value] if isinstance(value, list) else value
