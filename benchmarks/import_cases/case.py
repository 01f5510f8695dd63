"""One config of another framework, the rates it uses there, and how far the imported schedule is from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lehr import Schedule

SETS = 100
"""Configs drawn for each family."""


@dataclass(frozen=True)
class Case:
    """A config, and what the framework makes of it.

    Attributes:
        family: The kind of schedule, in the framework's word.
        config: What the framework reads.
        original: The rates of the first so many updates, as the framework counts.
        steps: Updates to compare: the whole run, and some after its end.
        importer: What makes lehr's schedule of the config.
        options: What the importer is told beside the config.
    """

    family: str
    config: Mapping[str, Any]
    original: Callable[[int], list[float]]
    steps: int
    importer: Callable[..., Schedule]
    options: Mapping[str, Any] = field(default_factory=dict)

    def schedule(self) -> Schedule:
        """The config as lehr imports it."""
        return self.importer(self.config, **self.options)


Draw = Callable[[random.Random], Case]


def drawn(families: Mapping[str, Draw], sets: int = SETS) -> Iterator[Case]:
    """So many configs of each family, the same ones every time."""
    for name, draw in families.items():
        generator = random.Random(name)
        for _ in range(sets):
            yield draw(generator)


def size(generator: random.Random, least: int = 1) -> int:
    """A length: often tiny, mostly odd."""
    return max(least, generator.choice([1, 2, 3, 4, 5, 7, 9, 13, 21, 37, 50, 61, 97, 128]))


def rate(generator: random.Random, most: float = 1.0) -> float:
    """A rate up to ``most``, over three orders of magnitude."""
    return most * 10 ** generator.uniform(-3, 0)


def difference(schedule: Schedule, rates: list[float]) -> float:
    """The largest difference from the rates, relative to each.

    Rates below a thousandth of the largest are compared with that thousandth: close to 0 the original's own rounding,
    of 1 - t / T for example, is a larger share of them.
    """
    smallest = max((abs(r) for r in rates), default=1.0) / 1000 or 1.0
    return max(abs(schedule(t) - r) / max(abs(r), smallest) for t, r in enumerate(rates))
