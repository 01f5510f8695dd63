"""An example of every row of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis

from lehr import Exponential, Ramp, Schedule, lengths
from lehr.schedules.base import KINDS
from lehr.schedules.recipes import RECIPES

from .schedules import COMBINATOR_ROWS, PART_ROWS, RECIPE_ROWS, built, may_be_endless


def examples(training_steps: int, warmup_steps: int) -> dict[str, Schedule]:
    """An example of every recipe and class, and some variations, each ``training_steps`` long."""
    n, run = training_steps, {"training_steps": training_steps, "warmup_steps": warmup_steps, "max_lr": 1.0}
    return (
        {name: built(name, run, row.example) for name, row in RECIPE_ROWS.items()}
        | {name: row.example(n) for name, row in (PART_ROWS | COMBINATOR_ROWS).items()}
        | {
            "cosine without warmup": built("cosine", run, {"warmup_steps": 0}),
            "one_cycle with three ramps": built("one_cycle", run, {"ramps": 3}),
            "shifted": built("linear", run, {"training_steps": n - 5}).shift(5),
            "product of recipes": built("cosine", run, {}) * built("multistep", run, {"milestones": ["50%"]}),
            "sum of a recipe": built("linear", run, {}) * 0.5 + 0.1,
        }
    )


def endless_examples(training_steps: int, warmup_steps: int) -> dict[str, Schedule]:
    """An example of everything that can go without an end, with lengths as in a run of ``training_steps``."""
    run = {"warmup_steps": warmup_steps, "max_lr": 1.0}
    rows = {name: row.example | row.endless for name, row in RECIPE_ROWS.items() if may_be_endless(RECIPES[name])}
    each = {name: built(name, run, _in_steps(settings, training_steps)) for name, settings in rows.items()}
    each |= {name: row.example(None) for name, row in PART_ROWS.items() if may_be_endless(KINDS[name])}
    each["Then"] = Ramp(0.1, 1.0, warmup_steps).then(Exponential(1.0, 0.9))
    each["Repeat"] = Ramp(1.0, 0.5, training_steps // 4).repeat()
    return {f"endless {name}": schedule for name, schedule in each.items()}


def _in_steps(value: Any, of: int) -> Any:
    """``value`` with each share of a run as a number of steps."""
    if isinstance(value, dict):
        return {word: _in_steps(inner, of) for word, inner in value.items()}
    if isinstance(value, list):
        return [_in_steps(inner, of) for inner in value]
    return lengths.steps(value, name="a share", of=of) if isinstance(value, str) and value.endswith("%") else value


ENDING = examples(100, 10)
EXAMPLES = ENDING | endless_examples(100, 10)
SHORT_ENDING = examples(20, 4)
SHORT = SHORT_ENDING | endless_examples(20, 4)
"""The same in 20 positions."""

POSITIONS = (0, 1, 5, 9, 10, 11, 39, 40, 41, 50, 69, 70, 71, 99, 100, 101, 10_000)
"""The ends, in a warmup, at the boundaries of `EXAMPLES` and one beside, the last and beyond."""


def with_examples(of: dict[str, Schedule], *rest: Any) -> Callable[[Any], Any]:
    """Hold a property against examples as well: ``rest`` are its other arguments then."""

    def decorate(test: Any) -> Any:
        for schedule in of.values():
            test = hypothesis.example(schedule, *rest)(test)
        return test

    return decorate
