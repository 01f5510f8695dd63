"""Settings of another framework, the rates it uses there, and the schedule that lehr imports."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from lehr import Schedule

SETS = 100
"""Cases drawn of each family."""


@dataclass(frozen=True)
class Case:
    """Settings, and what the framework makes of them.

    Attributes:
        family: The kind of schedule, in the framework's word.
        config: What the importer reads.
        original: The rates of the first so many updates, as the framework counts; None where it is not installed.
        steps: Updates to compare: the whole run, and some after its end.
        importer: What makes lehr's schedule of the config.
        options: What the importer is told beside the config.
    """

    family: str
    config: Any
    original: Callable[[int], list[float] | None]
    steps: int
    importer: Callable[..., Schedule]
    options: Mapping[str, Any] = field(default_factory=dict)

    def schedule(self) -> Schedule:
        """The config as lehr imports it."""
        return self.importer(self.config, **self.options)


Family = Callable[..., Iterator[Case]]
"""The cases of a family: all, or about as many as are asked for, the same ones every time."""
Draw = Callable[[random.Random], Case]


def drawn(families: Mapping[str, Draw]) -> dict[str, Family]:
    """Families whose cases are drawn at random."""

    def cases(name: str, draw: Draw, sets: int = SETS) -> Iterator[Case]:
        generator = random.Random(name)
        return (draw(generator) for _ in range(sets))

    return {name: partial(cases, name, draw) for name, draw in families.items()}


def listed(
    framework: str, families: Mapping[str, Sequence[Mapping[str, Any]]], steps: Callable[[Any], int]
) -> dict[str, Family]:
    """Families of configs that ``from_config`` and ``original`` of the framework's importer take."""
    importer = import_module(f"lehr.importers.{framework}")

    def cases(name: str, configs: Sequence[Mapping[str, Any]], sets: int | None = None) -> Iterator[Case]:
        every = -(-len(configs) // sets) if sets else 1
        for config in configs[::every]:
            original = partial(importer.original, config)
            yield Case(name, config, original, steps(config), importer.from_config, {"after": "peer"})

    return {name: partial(cases, name, configs) for name, configs in families.items()}


def size(generator: random.Random, least: int = 1) -> int:
    """A length: often tiny, mostly odd."""
    return max(least, generator.choice([1, 2, 3, 4, 5, 7, 9, 13, 21, 37, 50, 61, 97, 128]))


def rate(generator: random.Random, most: float = 1.0) -> float:
    """A rate up to ``most``, over three orders of magnitude."""
    return most * 10 ** generator.uniform(-3, 0)
