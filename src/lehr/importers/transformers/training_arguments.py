"""The schedule of transformers' Trainer, from its `TrainingArguments`."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Mapping
from typing import Any

from ...schedules import Schedule, checks
from .. import config_file
from ..originals import installed, optimizer_with, stepped
from ..settings import Settings
from .by_name import from_transformers
from .schedules import ENDS_WITH_THE_RUN


def from_training_arguments(
    file_or_mapping: str | os.PathLike[str] | Mapping[str, Any],
    *,
    num_training_steps: int | None = None,
    after: str = "hold",
) -> Schedule:
    """The schedule that transformers' Trainer builds from its ``TrainingArguments``.

    Args:
        file_or_mapping: A JSON file with ``TrainingArguments.to_json_string()``, or the mapping in it. What it lacks
            has the default of transformers. ``warmup_steps`` below 1 is a share of the run, rounded up, and so is the
            ``warmup_ratio`` of older releases where ``warmup_steps`` is 0.
        num_training_steps: Updates of the run, where it is given in epochs (``max_steps`` is not above 0).
        after: As in `from_transformers`.

    Raises:
        ValueError: The length of the run is not known, or is given twice, or the arguments are not those of a
            schedule; see `from_transformers`.
        OSError: The file cannot be read.

    References:
        ``Trainer.create_scheduler`` and ``TrainingArguments.get_warmup_steps`` of transformers 5.24.

    >>> given = {"lr_scheduler_type": "linear", "learning_rate": 0.1, "max_steps": 200, "warmup_steps": 0.05}
    >>> from_training_arguments(given)(10)
    0.1
    """
    config = file_or_mapping if isinstance(file_or_mapping, Mapping) else config_file.read(file_or_mapping)
    return from_transformers(after=after, **_settings(config, num_training_steps))


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether the config is one of ``TrainingArguments``."""
    return "lr_scheduler_type" in config


from_config = from_training_arguments


def original(config: Mapping[str, Any], steps: int, *, num_training_steps: int | None = None) -> list[float] | None:
    """The rates that ``get_scheduler`` of transformers gives the first ``steps`` updates; None without transformers."""
    if (theirs := installed("transformers")) is None:
        return None
    own = _settings(config, num_training_steps)
    name, lr, warmup, total = (own.pop(key) for key in _NAMED)
    optimizer = optimizer_with(lr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers warns of a length that it ignores
        return stepped(optimizer, theirs.get_scheduler(name, optimizer, warmup, total, own), steps)


def _settings(config: Mapping[str, Any], num_training_steps: int | None) -> dict[str, Any]:
    """The arguments of `from_transformers` that `TrainingArguments` stand for."""
    own = config.get("lr_scheduler_kwargs")
    own = {} if own is None else _parsed(own) if isinstance(own, str) else own
    if not isinstance(own, Mapping) or any(name in own for name in _NAMED):
        raise ValueError(
            f"`lr_scheduler_kwargs` must be a mapping without {', '.join(_NAMED)}, got {checks.shown(own)}"
        )
    name = str(config.get("lr_scheduler_type", "linear"))
    total = _total(config, num_training_steps)
    if total is None and name in ENDS_WITH_THE_RUN and "num_stable_steps" not in own:
        raise ValueError(_without_length(config, f"{name} ends with it"))
    lr, warmup = config.get("learning_rate", 5e-5), _warmup(config, total)
    return {**dict(zip(_NAMED, (name, lr, warmup, total), strict=True)), **own}


def _parsed(text: str) -> object:
    """The settings in a text, as the Trainer's command line takes them; the text itself if they are none."""
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


_NAMED = ("name", "lr", "num_warmup_steps", "num_training_steps")


def _total(config: Mapping[str, Any], num_training_steps: int | None) -> int | None:
    given = config.get("max_steps")
    max_steps = checks.real("max_steps", -1 if given is None else given, owner="TrainingArguments")
    if max_steps <= 0:
        return num_training_steps
    if num_training_steps not in (None, max_steps):
        raise ValueError(
            f"the arguments have max_steps={max_steps:g}, and num_training_steps={num_training_steps} is given beside "
            f"it; leave out the one that does not hold"
        )
    return checks.integer("max_steps", max_steps, owner="TrainingArguments")


def _warmup(config: Mapping[str, Any], total: int | None) -> int:
    settings = Settings("TrainingArguments", config)
    steps = settings.number("warmup_steps", 0)
    share = steps or settings.number("warmup_ratio", 0)
    if steps >= 1 or not share:
        return int(steps)
    if total is None:
        raise ValueError(_without_length(config, f"the warmup is a share of it, {share:g}"))
    return math.ceil(total * share)


def _without_length(config: Mapping[str, Any], because: str) -> str:
    return (
        f"the number of updates of the run is needed, for {because}, and the arguments give the run in epochs "
        f"(num_train_epochs={checks.shown(config.get('num_train_epochs', 3.0))}); give num_training_steps=, which "
        f"lehr.lengths.updates(...) computes from the samples"
    )
