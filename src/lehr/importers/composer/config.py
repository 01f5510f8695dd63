"""The config of a scheduler of Composer, and of the run around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import Schedule, checks
from ..after import check_after
from ..settings import Settings
from .schedulers import BUILD, NAMES
from .time import Clock

HINTS = {"lr": "give the optimizer's rate as lr=", "max_duration": 'give it as max_duration=, such as "10ep"'}
SIZES = ("batches_per_epoch", "samples_per_batch", "tokens_per_batch")


def from_composer(
    config: Mapping[str, Any],
    *,
    lr: float | None = None,
    max_duration: str | int | None = None,
    batches_per_epoch: int | None = None,
    samples_per_batch: int | None = None,
    tokens_per_batch: int | None = None,
    scale_schedule_ratio: float | None = None,
    after: str = "hold",
) -> Schedule:
    r"""The learning rate that a scheduler of Composer gives.

    It takes all of ``composer.optim`` by class name or by the name that a YAML has (``cosine_with_warmup``,
    ``linear_decay_with_warmup``, ``constant_with_warmup``, ``multistep``, ...), and LLM Foundry's
    ``inv_sqrt_with_warmup``.

    Args:
        config: The scheduler, with its ``name``, or the whole config with ``scheduler``, ``optimizer`` (``lr``),
            ``max_duration`` and perhaps ``scale_schedule_ratio``.
        lr: The optimizer's rate, which the scheduler's factors multiply, if the config does not give it.
        max_duration: The length of the run, if the config does not give it; times in ``dur`` need it.
        batches_per_epoch: Updates of an epoch; times in ``ep`` need it.
        samples_per_batch: Samples of an update; times in ``sp`` need it.
        tokens_per_batch: Tokens of an update; times in ``tok`` need it.
        scale_schedule_ratio: Composer's factor for the run and its schedule. A warmup is scaled only with
            ``scale_warmup``, and then up to where it would have ended without.
        after: What follows a ``constant`` whose ``alpha`` ends with the run: ``"hold"`` holds it and warns, ``"peer"``
            goes back to the optimizer's rate.

    Raises:
        ValueError: The name or a setting is unknown, a value is missing, a time is invalid, or Composer would refuse
            the schedule.

    References:
        ``composer/optim/scheduler.py`` of Composer 0.32.1, and ``llmfoundry/optim/scheduler.py``.

    >>> scheduler = {"name": "cosine_with_warmup", "t_warmup": "3ba", "alpha_f": 0.1}
    >>> schedule = from_composer(scheduler, lr=1.0, max_duration="9ba")
    >>> [round(schedule(t), 12) for t in (0, 1, 3, 5, 6, 9, 10)]
    [0.0, 0.333333333333, 1.0, 0.775, 0.55, 0.1, 0.1]
    """
    check_after(after)
    scheduler, values = _facts(config)
    if isinstance(several := config.get("schedulers"), list | tuple) and len(several) != 1:
        raise ValueError(f"a schedule is of one scheduler, and the config has {len(several)}: import each by itself")
    given = {
        "lr": lr,
        "max_duration": max_duration,
        "batches_per_epoch": batches_per_epoch,
        "samples_per_batch": samples_per_batch,
        "tokens_per_batch": tokens_per_batch,
        "scale_schedule_ratio": scale_schedule_ratio,
    }
    facts = Settings("from_composer", values | {k: v for k, v in given.items() if v is not None}, hints=HINTS)
    kind = NAMES[checks.one_of("`name` of Composer's scheduler", scheduler.get("name"), sorted(NAMES))]
    words, scheduler_of = BUILD[kind]
    settings = Settings(f"Composer's {kind}", scheduler, ("name", *words))
    clock = Clock(
        max_duration=facts.values.get("max_duration"),
        sizes={size: facts.integer(size, least=1) for size in SIZES if facts.given(size)},
        ratio=facts.number("scale_schedule_ratio", 1.0, above=0),
    )
    return scheduler_of(settings, facts.number("lr"), clock, after)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether it is a config of Composer: its scheduler has a ``name`` of Composer's, and settings of no other."""
    scheduler, _ = _facts(config)
    name = scheduler.get("name")
    return isinstance(name, str) and name in NAMES and set(scheduler) <= {"name", *BUILD[NAMES[name]][0]}


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_composer(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """None: Composer's schedulers need the state of a trainer."""
    return None


def _facts(config: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The scheduler, and what the config says of the run."""
    variables = config.get("variables")
    found = dict(variables) if isinstance(variables, Mapping) else {}
    found |= {name: config[name] for name in ("max_duration", "scale_schedule_ratio") if name in config}
    optimizer = config.get("optimizer")
    if isinstance(optimizer, Mapping):
        found["lr"] = optimizer.get("lr")
    scheduler = config.get("scheduler", config.get("schedulers", config))
    if isinstance(scheduler, list | tuple) and len(scheduler) == 1:
        (scheduler,) = scheduler
    return scheduler if isinstance(scheduler, Mapping) else {}, found
