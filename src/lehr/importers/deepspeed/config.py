"""The scheduler in a DeepSpeed config, with what the caller fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import Constant, Schedule, checks
from ..after import check_after
from ..originals import installed, optimizer_with, stepped
from ..settings import Settings, is_auto
from .schedulers import BUILD, SETTINGS, momentum


def from_deepspeed(
    config: Mapping[str, Any], *, lr: float | None = None, training_steps: int | None = None, after: str = "hold"
) -> Schedule:
    r"""The learning rate that a DeepSpeed config asks for.

    It counts as DeepSpeed 0.19 does. With :math:`c = t - 1`, :math:`W` = ``warmup_num_steps`` (at least 2) and
    :math:`T` = ``total_num_steps``, the warmup is :math:`c / W` or :math:`\ln(c + 1) / \ln W` of the way, then
    WarmupLR holds, WarmupDecayLR is :math:`(T - c) / (T - W)` above ``warmup_min_lr``, and WarmupCosineLR half a cosine
    of :math:`(t - W) / (T - W)`.

    Args:
        config: The config with ``"scheduler": {"type": ..., "params": {...}}``, or the scheduler alone.
        lr: The optimizer's rate, where the config does not give it in ``optimizer``, or has ``"auto"``.
        training_steps: The length of the run, where ``total_num_steps`` is missing or ``"auto"``; LRRangeTest, which
            rises without bound, needs it.
        after: All of these types hold or go on as they are, so both words give the same.

    Raises:
        ValueError: The type or a param is not known, a value is missing or ``"auto"``, or is a list (one for each
            param group).

    References:
        ``deepspeed/runtime/lr_schedules.py`` of DeepSpeed 0.19.8. Releases that ignore the stair counts of OneCycle, or
        let WarmupCosineLR rise again after its end, are older.

    >>> params = {"warmup_max_lr": 0.4, "warmup_num_steps": 4, "warmup_type": "linear", "total_num_steps": 8}
    >>> schedule = from_deepspeed({"scheduler": {"type": "WarmupDecayLR", "params": params}})
    >>> [round(schedule(t), 12) for t in range(10)]
    [0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1, 0.0]
    """
    check_after(after)
    kind, settings = _scheduler(config, lr, training_steps)
    return BUILD[kind](settings)


def hyperparameters_from_deepspeed(
    config: Mapping[str, Any], *, lr: float | None = None, training_steps: int | None = None, after: str = "hold"
) -> dict[str, Schedule]:
    """All that a DeepSpeed config schedules, for ``Scheduler(optimizer, {...})``: the rate, and OneCycle's momentum.

    OneCycle writes ``betas`` of optimizers that have them, as Adam: the first mirrors the rate, the second is 0.99.
    Update 0 has ``cycle_min_mom``, as the rate's lowest; from update 1 on the momentum begins at ``cycle_max_mom``.

    Args:
        config: As `from_deepspeed` takes it.
        lr: As there.
        training_steps: As there.
        after: What follows a OneCycle with a ``decay_mom_rate``, whose momentum rises without bound: ``"hold"`` or
            ``"peer"``.

    Raises:
        ValueError: As `from_deepspeed`.

    >>> cycle = {"cycle_min_lr": 0.1, "cycle_max_lr": 0.5, "cycle_first_step_size": 4}
    >>> sorted(hyperparameters_from_deepspeed({"scheduler": {"type": "OneCycle", "params": cycle}}))
    ['betas[0]', 'betas[1]', 'lr']
    """
    rate = from_deepspeed(config, lr=lr, training_steps=training_steps, after=after)
    kind, settings = _scheduler(config, lr, training_steps)
    if kind != "OneCycle" or not settings.boolean("cycle_momentum", True):
        return {"lr": rate}
    return {"lr": rate, "betas[0]": momentum(settings, after), "betas[1]": Constant(0.99)}


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether it is a DeepSpeed config: its scheduler has a ``type`` of DeepSpeed and ``params``."""
    scheduler = config.get("scheduler")
    kind = scheduler.get("type") if isinstance(scheduler, Mapping) else None
    return isinstance(kind, str) and kind in SETTINGS


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_deepspeed(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates that DeepSpeed itself writes, or None where it is not installed."""
    if (schedules := installed("deepspeed.runtime.lr_schedules")) is None:
        return None
    kind, settings = _scheduler(config, None, None)
    optimizer = optimizer_with(settings.number("lr", 0.0))
    return stepped(optimizer, getattr(schedules, kind)(optimizer, **config["scheduler"].get("params", {})), steps)


def _scheduler(config: Mapping[str, Any], lr: float | None, training_steps: int | None) -> tuple[str, Settings]:
    """The type of the scheduler, and its params with what the caller knows beside the config."""
    whole = Settings("DeepSpeed's config", config, hints={"scheduler": "without it DeepSpeed leaves the rate as it is"})
    scheduler = config if "scheduler" not in config and "params" in config else whole.get("scheduler")
    settings = Settings("DeepSpeed's `scheduler`", scheduler, ("type", "params"))
    kind = settings.get("type")
    if not isinstance(kind, str) or kind not in SETTINGS:
        note = "; one of torch.optim.lr_scheduler is imported with from_torch" if isinstance(kind, str) else ""
        raise ValueError(checks.unknown("`type` of DeepSpeed's scheduler", kind, SETTINGS) + note)
    params = dict(settings.mapping("params"))
    for name, value in params.items():
        if isinstance(value, list | tuple):
            raise ValueError(
                f"{kind} has a list for `{name}`, one value for each param group, and a schedule is for one: give a "
                f"single number and import each group's by itself"
            )
    Settings(kind, params, SETTINGS[kind])
    rate = Settings("DeepSpeed's `optimizer`", whole.mapping("optimizer")).mapping("params").get("lr")
    rate = rate if lr is None else lr
    values = params | _filled_in(kind, params, rate, training_steps)
    return kind, Settings(kind, values | {"lr": rate, "training_steps": training_steps}, hints=HINTS)


HINTS = {
    "lr": "give the optimizer's rate as lr=",
    "warmup_max_lr": "give the optimizer's rate as lr=",
    "training_steps": "give the length of the run as training_steps=",
    "total_num_steps": "give the length of the run as training_steps=",
}


def _filled_in(kind: str, params: Mapping[str, Any], lr: object, training_steps: int | None) -> dict[str, Any]:
    """What the run's length and the optimizer's rate give for params that are left open.

    They are what transformers' Trainer writes for ``"auto"``.
    """
    values: dict[str, Any] = {}
    if is_auto(params.get("warmup_min_lr")):
        values["warmup_min_lr"] = 0.0
    if is_auto(params.get("warmup_max_lr")) and lr is not None and not is_auto(lr):
        values["warmup_max_lr"] = lr
    if training_steps is not None and "total_num_steps" in SETTINGS[kind]:
        steps = params.get("total_num_steps")
        if steps is not None and not is_auto(steps) and checks.whole(steps) != checks.whole(training_steps):
            raise ValueError(
                f"{kind} has total_num_steps={checks.shown(steps)}, and training_steps={checks.shown(training_steps)} "
                f"was given: give one of them"
            )
        values["total_num_steps"] = training_steps
    return values
