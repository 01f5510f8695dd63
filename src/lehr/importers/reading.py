"""Which framework a config belongs to, and the importer that reads it.

Each framework's module in this package defines the three functions of `Importer` at its top level. None of them
loads the framework, except `original`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from ..schedules import Schedule, checks

Config = Mapping[str, Any]
"""What a config file holds. A value that could not be read is a `NotRead`, which every check refuses."""


class Importer(Protocol):
    """What the module of a framework defines."""

    def recognises(self, config: Config, /) -> bool:
        """Whether the config is one of this framework. It never raises, whatever the values are."""

    def from_config(self, config: Config, /, *, after: str = "hold") -> Schedule:
        """The schedule that the config asks for.

        Raises:
            ValueError: The config asks for what is not a schedule, or lacks a setting.
        """

    def original(self, config: Config, steps: int, /) -> list[float] | None:
        """The rates that the framework itself uses in the first ``steps`` updates.

        None where it is not installed, or cannot be run from the config alone.
        """


FRAMEWORKS: dict[str, str] = {
    "composer": "a YAML with `schedulers`, or a scheduler such as `cosine_with_warmup`, and `max_duration`",
    "deepspeed": "a JSON with `scheduler`, which has a `type` and `params`",
    "fairseq": "arguments with `lr_scheduler` and `lr`, as a list, or `total_num_update`",
    "keras": "a JSON with a `class_name` of keras.optimizers.schedules and its `config`",
    "megatron": "arguments with `lr_decay_style`",
    "nanogpt": "assignments to `learning_rate`, `lr_decay_iters` and `warmup_iters`",
    "olmo": "a YAML with a `scheduler` and `optimizer.learning_rate`",
    "torch": "a checkpoint with the state of a scheduler of torch.optim.lr_scheduler",
    "torchtitan": "a TOML with a table `[lr_scheduler]`",
    "transformers": "a JSON with `lr_scheduler_type`",
}
"""Framework, which is also the name of its module -> how its config is recognised."""


def importer(framework: str) -> Importer:
    """The module that reads the configs of a framework.

    Raises:
        ValueError: There is none.
    """
    if framework not in FRAMEWORKS:
        raise ValueError(checks.unknown("framework", framework, FRAMEWORKS))
    return cast(Importer, import_module(f".{framework}", __package__))


def framework_of(config: Config) -> str:
    """The framework whose config it is.

    Raises:
        ValueError: None of the frameworks recognises it, or several do.

    >>> framework_of({"scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": 100}}})
    'deepspeed'
    """
    names = [name for name in FRAMEWORKS if importer(name).recognises(config)]
    if not names:
        looked_for = "; ".join(f"{name}: {sign}" for name, sign in FRAMEWORKS.items())
        raise ValueError(f"no framework recognises the config, which has the keys {_keys(config)}. Known: {looked_for}")
    if len(names) > 1:
        raise ValueError(f"the config may be one of {' or '.join(names)}: say which with framework=")
    return names[0]


def _keys(config: Config) -> str:
    return checks.shown(list(config), most=200)
