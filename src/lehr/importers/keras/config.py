"""`from_keras`: the schedule of a configuration of Keras, or of a live schedule."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ...schedules import Constant, Schedule, checks
from ..after import check_after
from ..originals import installed
from ..settings import call
from .restarts import OWNER, with_its_restarts
from .schedules import BUILDERS

_DEFAULT_NAMES = {"PiecewiseConstant": "PiecewiseConstantDecay", "SGDRDecay": "CosineDecayRestarts"}
"""The default name of a schedule -> its class, where the two differ."""

_KEYS = {
    "boundaries": "PiecewiseConstantDecay",
    "first_decay_steps": "CosineDecayRestarts",
    "power": "PolynomialDecay",
    "alpha": "CosineDecay",
}
"""A key that one class alone has in its configuration -> the class."""


def from_keras(config_or_schedule: Any, *, after: str = "hold") -> Schedule:
    """The schedule of a ``LearningRateSchedule`` of Keras.

    Args:
        config_or_schedule: What ``keras.optimizers.schedules.serialize`` or ``get_config()`` gives, the configuration
            of an optimizer with it, or the live schedule.
        after: Every schedule of Keras holds or goes on as lehr's. But a restart of a live ``CosineDecayRestarts`` that
            Keras misses by rounding is where it belongs with ``"hold"``, and missed with ``"peer"``.

    Raises:
        ValueError: It is not a schedule of Keras, or a setting is unknown, missing or out of its range.

    References:
        keras/src/optimizers/schedules/learning_rate_schedule.py of release 3.15.

    >>> config = {"initial_learning_rate": 1.0, "decay_steps": 100, "alpha": 0.1, "warmup_target": None}
    >>> from_keras({"class_name": "CosineDecay", "config": config})(50)
    0.55
    """
    check_after(after)
    if isinstance(config_or_schedule, Mapping):
        return _from_mapping(config_or_schedule, after)
    if not callable(getattr(config_or_schedule, "get_config", None)):
        given = checks.shown(config_or_schedule)
        raise ValueError(f"from_keras needs a schedule of Keras or its configuration, got {given}")
    return _built(type(config_or_schedule).__name__, config_or_schedule.get_config(), after, config_or_schedule)


def _from_mapping(config: Mapping[str, Any], after: str) -> Schedule:
    if "config" not in config:
        return _built(_class_of(config), config, after)
    inner = config["config"]
    if isinstance(inner, Mapping) and "learning_rate" in inner:  # of an optimizer
        rate = inner["learning_rate"]
        return _from_mapping(rate, after) if isinstance(rate, Mapping) else Constant(rate)
    return _built(config.get("class_name"), inner, after)


def _built(kind: Any, settings: Mapping[str, Any], after: str, live: Any = None) -> Schedule:
    kind = checks.one_of("schedule of Keras", kind, BUILDERS)
    schedule = call(BUILDERS[kind], settings, owner=kind)
    return with_its_restarts(schedule, settings, live, after) if kind == OWNER else schedule


def _class_of(settings: Mapping[str, Any]) -> str:
    """The class whose ``get_config()`` the settings are."""
    for key, kind in _KEYS.items():
        if key in settings:
            return kind
    name = str(settings.get("name"))
    kind = _DEFAULT_NAMES.get(name, name)
    if kind not in BUILDERS:
        raise ValueError(
            f"the settings {', '.join(map(str, settings))} do not say which schedule of Keras they are of; give what "
            f"keras.optimizers.schedules.serialize(schedule) returns"
        )
    return kind


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether the config is a serialized schedule of Keras, or an optimizer with one."""
    inner = config.get("config")
    if not isinstance(inner, Mapping):
        return False
    rate = inner.get("learning_rate")
    kind = rate.get("class_name") if isinstance(rate, Mapping) else config.get("class_name")
    return str(kind) in BUILDERS


from_config = from_keras


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The values of Keras's own schedule at the first ``steps`` iterations; None without Keras or a backend."""
    schedules = _keras_schedules()
    if schedules is None:
        return None
    inner = config["config"]
    if "learning_rate" in inner:
        config = inner["learning_rate"]
    schedule = schedules.deserialize(dict(config))
    return [float(schedule(step)) for step in range(steps)]


def _keras_schedules() -> Any:
    """``keras.optimizers.schedules``; on torch, where no backend has been chosen."""
    chosen = "keras" in sys.modules or "KERAS_BACKEND" in os.environ
    if not chosen:
        os.environ["KERAS_BACKEND"] = "torch"
    try:
        keras = installed("keras")
        return None if keras is None else keras.optimizers.schedules
    finally:
        if not chosen:
            del os.environ["KERAS_BACKEND"]
