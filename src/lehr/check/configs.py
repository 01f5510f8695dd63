"""`of_config`: the schedule and the facts of a run in a framework's own config."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..importers import reading
from ..importers.torch import class_path
from ..schedules import Schedule
from .facts import RunFacts
from .finding import Finding
from .rules import findings

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """A config as something to check.

    Attributes:
        framework: Whose config it is.
        schedule: Its schedule, which holds its final rate.
        peer: The same as the framework computes it, also after its end.
        facts: What is given and what the config says.
        notes: What the importer warns of.
        contradictions: What in the config contradicts itself.
    """

    framework: str
    schedule: Schedule
    peer: Schedule
    facts: RunFacts
    notes: tuple[str, ...]
    contradictions: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What would go wrong."""
        return (*self.contradictions, *findings(self.schedule, self.facts, peer=self.peer))


def of_config(config: Config, facts: RunFacts, framework: str | None = None) -> Subject:
    """Read a framework's config. What ``facts`` says goes before what the config says.

    Raises:
        ValueError: No framework recognises the config, or its schedule cannot be imported.

    >>> config = {"lr_scheduler_type": "linear", "max_steps": 100, "learning_rate": 1e-3, "warmup_steps": 10}
    >>> [finding.rule for finding in of_config(config, RunFacts()).findings]
    ['first-rate-zero']
    """
    framework = framework or reading.framework_of(config)
    read, complain = _FACTS.get(framework, (_nothing, _no_contradiction))
    default = RunFacts()
    own = {name: value for name, value in read(config).items() if value is not None}
    given = {name: getattr(facts, name) for name in own if getattr(facts, name) != getattr(default, name)}
    known = replace(facts, **{**own, **given})
    importer, options = reading.importer(framework), _length(framework, config, known)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        held, peer = (importer.from_config(config, after=after, **options) for after in ("hold", "peer"))
    notes = tuple(dict.fromkeys(str(one.message) for one in said))
    return Subject(framework, held, peer, known, notes, tuple(complain(config, known)))


def _length(framework: str, config: Config, facts: RunFacts) -> dict[str, Any]:
    """The option that gives an importer the updates of the run, where its config leaves them open."""
    if framework == "transformers" and not _above_zero(config.get("max_steps")) and facts.run_updates:
        return {"num_training_steps": facts.run_updates}
    return {}


def _above_zero(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def _nothing(config: Config) -> dict[str, Any]:
    return {}


def _no_contradiction(config: Config, facts: RunFacts) -> list[Finding]:
    return []


def _of_training_arguments(config: Config) -> dict[str, Any]:
    fused = "fused" in str(config.get("optim", ""))
    return {
        "updates": config["max_steps"] if _above_zero(config.get("max_steps")) else None,
        "batch": config.get("per_device_train_batch_size", 8),
        "accumulate": config.get("gradient_accumulation_steps"),
        "epochs": config.get("num_train_epochs", 3.0),
        "drop_last": config.get("dataloader_drop_last"),
        "lr": config.get("learning_rate", 5e-5),
        "weight_decay": config.get("weight_decay"),
        "grad_scaler": config.get("fp16"),
        "counts_skipped": fused,  # Accelerate does not see that a fused optimizer skipped its update
        "keeps_ratios": True,
    }


def _of_deepspeed(config: Config) -> dict[str, Any]:
    params = _mapping(_mapping(config, "optimizer"), "params")
    whole, micro, accumulate = (
        value if isinstance(value := config.get(key), int) else None
        for key in ("train_batch_size", "train_micro_batch_size_per_gpu", "gradient_accumulation_steps")
    )
    return {
        "batch": micro,
        "accumulate": accumulate,
        "world": whole // (micro * accumulate) or None if whole and micro and accumulate else None,
        "lr": _number(params.get("lr")),
        "weight_decay": _number(params.get("weight_decay")),
    }


def _number(value: object) -> float | None:
    """A number; None for ``"auto"`` and the like."""
    return float(value) if isinstance(value, int | float) else None


def _contradictions_of_deepspeed(config: Config, facts: RunFacts) -> list[Finding]:
    whole, each = config.get("train_batch_size"), facts.samples_per_update
    if not isinstance(whole, int) or each is None or whole == each:
        return []
    return [
        Finding(
            "batch-contradicts-itself",
            "error",
            f"`train_batch_size` is {whole:,}, and {facts.batch} x {facts.accumulate} x {facts.world} (micro-batch, "
            f"accumulation, processes) is {each:,}",
            "`train_batch_size`",
            "DeepSpeed refuses to start, or the number of updates is not the one that you computed",
            f"write {each}, or leave one of the three out",
            4,
        )
    ]


def _of_torchtitan(config: Config) -> dict[str, Any]:
    training = _mapping(config, "training")
    return {
        "updates": training.get("steps", 10_000),
        "batch": training.get("local_batch_size"),
        "lr": _mapping(config, "optimizer").get("lr", 8e-4),
        "weight_decay": _mapping(config, "optimizer").get("weight_decay", 0.1),
    }


def _of_class_path(config: Config) -> dict[str, Any]:
    """LightningCLI's trainer beside its scheduler, which it moves once an epoch."""
    named = class_path.named_in(config)
    if named is None or not named.by_lightning:
        return {}
    trainer, data = _mapping(config, "trainer"), _mapping(_mapping(config, "data"), "init_args")
    limits = {"updates": trainer.get("max_steps"), "epochs": trainer.get("max_epochs")}
    return {
        **{name: value if _above_zero(value) else None for name, value in limits.items()},
        "batch": data.get("batch_size") if isinstance(data.get("batch_size"), int) else None,
        "accumulate": trainer.get("accumulate_grad_batches"),
        "world": trainer.get("devices") if _above_zero(trainer.get("devices")) else None,
        "step_per": "epoch",
    }


def _late_one_cycle(config: Config, facts: RunFacts) -> list[Finding]:
    """torch's OneCycleLR is asked for a rate after its last step, and raises."""
    named = class_path.named_in(config)
    steps = named.arguments.get("total_steps") if named and named.kind == "OneCycleLR" else None
    if steps is None or facts.run_updates is None:
        return []
    import numpy as np

    moved = float(facts.positions(np.array([float(facts.run_updates)]))[0])
    if moved <= steps:
        return []
    return [
        Finding(
            "one-cycle-raises",
            "error",
            f"OneCycleLR has total_steps={steps:,}, and the run moves it {moved:,g} steps",
            f"step {steps + 1:,}",
            "torch's OneCycleLR raises a ValueError then, and the run dies",
            f"write total_steps={math.ceil(moved)}, or lehr.one_cycle, which holds its final rate",
            16,
        )
    ]


def _mapping(config: Config, key: str) -> Config:
    inner = config.get(key)
    return inner if isinstance(inner, Mapping) else {}


_FACTS = {
    "transformers": (_of_training_arguments, _no_contradiction),
    "deepspeed": (_of_deepspeed, _contradictions_of_deepspeed),
    "torchtitan": (_of_torchtitan, _no_contradiction),
    "torch": (_of_class_path, _late_one_cycle),
}
"""Framework -> what its config says of the run, and what in it contradicts itself."""
