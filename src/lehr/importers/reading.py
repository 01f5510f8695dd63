"""Which framework a config belongs to, and the importer that reads it.

Each framework's module in this package defines the three functions of `Importer` at its top level. None of them
loads the framework, except `original`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol, cast

from ..schedules import Schedule, checks

Config = Mapping[str, Any]
"""What a config file holds. A value that could not be read is a `NotRead`, which every check refuses."""


class Importer(Protocol):
    """What the module of a framework defines."""

    def recognises(self, config: Config, /) -> bool:
        """Whether the config is one of this framework. It never raises, whatever the values are."""

    def from_config(self, config: Config, /, *, after: str = "hold", **options: Any) -> Schedule:
        """The schedule that the config asks for.

        Raises:
            ValueError: The config asks for what is not a schedule, or lacks a setting.
        """

    def original(self, config: Config, steps: int, /, **options: Any) -> list[float] | None:
        """The rates that the framework itself uses in the first ``steps`` updates.

        None where it is not installed, or cannot be run from the config alone.
        """


class Framework(NamedTuple):
    """A framework whose configs are read.

    Attributes:
        sign: What its config has that others have not.
        module: The module by which its original is run; None where it cannot be run from a config alone.
        package: What to install for it.
        precision: The precision in which it computes its rates.
        options: What its importer takes beside the config: of a checkpoint ``group`` and ``place``.
    """

    sign: str
    module: str | None = None
    package: str = ""
    precision: str = "float64"
    options: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        return self.module is not None and find_spec(self.module) is not None


FRAMEWORKS: dict[str, Framework] = {
    "composer": Framework("`scheduler` or `schedulers` beside `max_duration`, in a YAML"),
    "deepspeed": Framework("`scheduler` with a `type` and `params`, in a JSON", "deepspeed", "deepspeed"),
    "fairseq": Framework("`lr_scheduler` and `lr` among the arguments of its training"),
    "keras": Framework(
        "`class_name` and `config` of keras.optimizers.schedules, in a JSON", "keras", "keras", "float32"
    ),
    "megatron": Framework("`lr_decay_style` among the arguments of its training"),
    "nanogpt": Framework("assignments to `learning_rate` and `lr_decay_iters`, in a Python file"),
    "olmo": Framework("a `scheduler` of OLMo-core, in a YAML", "olmo_core", "ai2-olmo-core"),
    "optax": Framework("the `name` of a schedule of optax beside its arguments", "optax", "optax", "float32"),
    "pytorch_optimizer": Framework(
        "the `name` of a scheduler of pytorch_optimizer beside its arguments", "pytorch_optimizer", "pytorch_optimizer"
    ),
    "timm": Framework("`sched` and `warmup_epochs` among the arguments of its training script", "timm", "timm"),
    "torch": Framework(
        "the state of a scheduler of torch.optim, in a checkpoint, or its class as `_target_` or `class_path`",
        "torch",
        "torch",
        options=("group", "place"),
    ),
    "torchtitan": Framework("`[lr_scheduler]` beside `[training]`, in a TOML", "torchtitan", "torchtitan"),
    "transformers": Framework("`lr_scheduler_type`, in a JSON", "transformers", "transformers"),
}
"""By the name of its module here."""

_WITHOUT_A_FILE = {"ignite": "ignite has no config file: call lehr.importers.from_ignite(scheduler)"}


def importer(framework: str) -> Importer:
    """The module that reads the configs of a framework.

    Raises:
        ValueError: The framework is unknown, or has no config file.
    """
    if framework in _WITHOUT_A_FILE:
        raise ValueError(_WITHOUT_A_FILE[framework])
    name = checks.one_of("framework", framework, FRAMEWORKS)
    return cast(Importer, import_module(f".{name}", __package__))


def framework_of(config: Config) -> str:
    """The framework whose config it is.

    Raises:
        ValueError: None of the frameworks recognises it, or several do.

    >>> framework_of({"scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": 100}}})
    'deepspeed'
    """
    names = [name for name in FRAMEWORKS if importer(name).recognises(config)]
    if len(names) == 1:
        return names[0]
    if names:
        raise ValueError(f"the config may be one of {' or of '.join(names)}: say which, with the framework's name")
    hint = _WITHOUT_A_SCHEDULE.get(next((key for key in _WITHOUT_A_SCHEDULE if key in config), ""), "")
    looked_for = "; ".join(f"{name}: {framework.sign}" for name, framework in FRAMEWORKS.items())
    raise ValueError(f"no framework recognises a config with the keys {_keys(config)}. {hint}Known are {looked_for}")


_WITHOUT_A_SCHEDULE = {
    "log_history": "A trainer_state.json logs rates and does not hold the schedule: give the training_args.json, as "
    "TrainingArguments.to_json_string() writes it. ",
}
"""A key of a file that is often mistaken for a config -> what to give instead."""


def _keys(config: Config) -> str:
    return checks.shown(list(config), most=200)
