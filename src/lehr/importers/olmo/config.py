"""The config of a scheduler of OLMo-core, and of the experiment around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schedules import Schedule
from ..after import check_after, ended
from ..counting import in_updates
from ..originals import installed
from ..settings import Settings
from .schedulers import build
from .types import CLASSES, kind_of

HINTS = {
    "lr": "give the optimizer's rate as lr=",
    "training_steps": "give the length of the run as training_steps=",
    "tokens_per_step": "a scheduler in tokens needs it: give what an update consumes as tokens_per_step=",
}


def from_olmo(
    config: Mapping[str, Any],
    *,
    lr: float | None = None,
    training_steps: int | None = None,
    tokens_per_step: int | None = None,
    after: str = "hold",
) -> Schedule:
    r"""The learning rate that a config of OLMo-core asks for.

    It takes ``constant``, ``constant_with_warmup``, ``wsd``, ``power_lr``, ``linear_with_warmup``,
    ``inv_sqrt_with_warmup``, ``cos_with_warmup``, ``half_cos_with_warmup``, ``cos_with_warmup_and_linear_decay``,
    ``composable``, ``sequential``, ``wsds`` and ``exponential``, with ``units`` of steps or tokens.

    Args:
        config: The scheduler, with its ``type`` (or ``_CLASS_``), or the whole config of an experiment with
            ``train_module`` (``scheduler``, ``optim``), ``trainer`` (``max_duration``) and ``data_loader``.
        lr: The optimizer's rate, if the config does not give it.
        training_steps: The length of the run in updates, if the config does not give it.
        tokens_per_step: Tokens of an update, for ``units: tokens`` and lengths in tokens.
        after: What follows after the run: ``"hold"`` holds the last rate; ``"peer"`` goes on as the formulas do, where
            a linear decay falls below its lowest rate. OLMo-core's own run ends there, but its last update is past the
            end where the tokens of the run are no multiple of ``tokens_per_step``: ``"hold"`` warns of it.

    Raises:
        ValueError: The type or a setting is unknown, a value is missing, or OLMo-core would divide by zero.

    References:
        ``olmo_core/optim/scheduler.py`` of ai2-olmo-core 3.0.0.

    >>> scheduler = {"type": "wsd", "warmup": 4, "decay": 4, "decay_fraction": None}
    >>> schedule = from_olmo(scheduler, lr=1.0, training_steps=12)
    >>> [round(schedule(t), 12) for t in range(12)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    check_after(after)
    scheduler, facts = _facts(config, {"lr": lr, "training_steps": training_steps, "tokens_per_step": tokens_per_step})
    peak = facts.number("lr", above=0)
    per_update, end = 1, 0
    if Settings("OLMo-core's scheduler", scheduler).choice("units", ("steps", "tokens"), "steps") == "tokens":
        per_update = facts.integer("tokens_per_step", least=1)
        end = facts.integer("training_tokens", least=1) if facts.given("training_tokens") else 0
    end = end or _steps(facts) * per_update
    body, tail = build(scheduler, peak, end)
    if body.length is None and per_update > 1:
        body = body.cut(0, -(-end // per_update) * per_update)
    if tail is not None and (after == "peer" or end % per_update):
        does = "counts more tokens than the run has in its last update, and falls below its lowest rate"
        body = ended(body, tail, after, owner="OLMo-core", does=does)
    return in_updates(body, per_update).cut(1)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether it is a config of OLMo-core: an experiment with a scheduler in ``train_module``, or a scheduler."""
    module = config.get("train_module", {"scheduler": config})
    return isinstance(module, Mapping) and kind_of(module.get("scheduler")) is not None


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_olmo(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """The rates that OLMo-core itself computes, or None where it is not installed or counts tokens."""
    if (schedulers := installed("olmo_core.optim.scheduler")) is None:
        return None
    settings, facts = _facts(config, {})
    kind = kind_of(settings)
    if kind is None or settings.get("units", "steps") != "steps" or kind in ("composable", "sequential"):
        return None
    words = {name: value for name, value in settings.items() if name not in ("_CLASS_", "type")}
    scheduler = getattr(schedulers, {name: word for word, name in CLASSES.items()}[kind])(**words)
    return [float(scheduler.get_lr(facts.number("lr"), t + 1, _steps(facts))) for t in range(steps)]


def _facts(config: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Settings]:
    """The scheduler, and what the config and the caller say of the run."""
    if "train_module" not in config:
        return config, Settings("from_olmo", given, hints=HINTS)
    whole = Settings("OLMo-core's config", config)
    module = Settings("OLMo-core's `train_module`", whole.mapping("train_module"))
    duration = Settings("OLMo-core's `trainer`", whole.mapping("trainer")).mapping("max_duration")
    length = {"steps": "training_steps", "tokens": "training_tokens"}.get(str(duration.get("unit")), "other")
    found = {
        "lr": module.mapping("optim").get("lr"),
        "tokens_per_step": whole.mapping("data_loader").get("global_batch_size"),
        length: duration.get("value"),
    }
    values = found | {name: value for name, value in given.items() if value is not None}
    return module.mapping("scheduler"), Settings("from_olmo", values, hints=HINTS)


def _steps(facts: Settings) -> int:
    """The updates of the run, of which the last may be cut short by a length in tokens."""
    if facts.given("training_tokens") and not facts.given("training_steps"):
        return -(-facts.integer("training_tokens", least=1) // facts.integer("tokens_per_step", least=1))
    return facts.integer("training_steps", least=1)
