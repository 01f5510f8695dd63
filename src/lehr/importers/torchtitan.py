"""torchtitan's learning-rate schedule, from its TOML config. torchtitan is not needed.

torchtitan warms up one update early: update t has (t + 1) / W of the rate. Its decay runs to a "virtual last step":
the lowest rate is that of update T, after the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schedules import Constant, Ramp, Schedule
from .after import check_after, ended
from .building import extrapolated, wave
from .originals import installed, optimizer_with, stepped
from .settings import Settings

SETTINGS = ("warmup_steps", "total_steps", "decay_ratio", "decay_type", "min_lr_factor")
SHAPES = {"linear": "linear", "sqrt": "1-sqrt", "cosine": "cosine"}


def from_torchtitan(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    r"""The learning rate that a torchtitan config asks for.

    With :math:`T` = ``total_steps``, or ``steps`` of ``[training]``; :math:`W` = ``warmup_steps``, at most
    :math:`T`; and :math:`D` = ``decay_ratio`` · :math:`T`, rounded, or all that is left after the warmup:
    :math:`(t + 1) / W` of the rate, then all of it up to :math:`t = T - D`, then down to ``min_lr_factor`` of it,
    which is reached at :math:`T`.

    Args:
        config: The config: ``[training]`` (``steps``), ``[optimizer]`` (``lr``) and ``[lr_scheduler]``. A setting that
            is missing has torchtitan's default.
        after: What follows after :math:`T`, which only a ``total_steps`` below ``steps`` can reach: there the original
            goes on along its curve, below ``min_lr_factor`` and below 0, or up again as a cosine. ``"hold"`` holds the
            lowest rate and warns, ``"peer"`` reproduces the original.

    Raises:
        ValueError: A setting is unknown or out of its range.

    References:
        ``torchtitan/components/optimizer/lr_scheduler.py`` of torchtitan 0.3.0.

    >>> config = {"training": {"steps": 8}, "optimizer": {"lr": 0.4}, "lr_scheduler": {"warmup_steps": 4}}
    >>> schedule = from_torchtitan(config)
    >>> [round(schedule(t), 12) for t in range(9)]
    [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1, 0.0]
    """
    check_after(after)
    whole = Settings("torchtitan's config", config)
    scheduler = whole.mapping("lr_scheduler")
    if "lr_min" in scheduler:
        raise ValueError(
            "torchtitan's `lr_min` belongs to a release that counted its warmup and decay otherwise; its present name "
            "is `min_lr_factor`, a factor of the rate too"
        )
    settings = Settings("torchtitan's `lr_scheduler`", scheduler, SETTINGS)
    peak = Settings("torchtitan's `optimizer`", whole.mapping("optimizer")).number("lr", 8e-4)
    steps = Settings("torchtitan's `training`", whole.mapping("training")).integer("steps", 10_000, least=1)
    total = settings.integer("total_steps", steps, least=1)
    warmup = min(settings.integer("warmup_steps", 200), total)
    decay = total - warmup
    if settings.given("decay_ratio"):
        decay = min(decay, round(total * settings.number("decay_ratio")))
    floor, kind = settings.number("min_lr_factor", 0.0) * peak, settings.choice("decay_type", SHAPES, "linear")
    early = Ramp(0.0, peak, warmup).cut(1, warmup + 1)
    stable = early.then(Constant(peak, total - decay - warmup))
    if not decay:
        return stable
    body = stable.then(Ramp(peak, floor, decay, SHAPES[kind]))
    if after == "hold" and steps <= total:
        return body
    owner = f"torchtitan's {kind} decay"
    if kind == "cosine":
        return ended(body, wave(floor, peak, decay), after, owner=owner, does="rises again")
    tail = extrapolated(peak, floor, decay, SHAPES[kind])
    return ended(body, tail, after, owner=owner, does="goes on along its curve")


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether it is a torchtitan config: it has a table ``[lr_scheduler]`` with settings of torchtitan alone."""
    scheduler = config.get("lr_scheduler")
    return isinstance(scheduler, Mapping) and set(scheduler) <= {*SETTINGS, "lr_min"} and "training" in config


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_torchtitan(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates that torchtitan itself writes, or None where it is not installed."""
    if (module := installed("torchtitan.components.optimizer.lr_scheduler")) is None:
        return None
    optimizer = optimizer_with(config.get("optimizer", {}).get("lr", 8e-4))
    settings = module.LRSchedulersContainer.Config(**config["lr_scheduler"])
    training_steps = config.get("training", {}).get("steps", 10_000)
    return stepped(optimizer, settings.build(optimizers=[optimizer], training_steps=training_steps), steps)
