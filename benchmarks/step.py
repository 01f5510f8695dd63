"""What one ``step(i)`` costs, beside the loop without a scheduler and the peers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

import lehr
from lehr import Scheduler

from . import peers
from .run import TRAINING_STEPS, WARMUP_STEPS, Stepper, bare, by_hand, cosine, optimizer
from .table import Grid, Row, Section, by_groups
from .timing import medians

BARE, LEHR, FASTEST = "bare loop", "lehr step(i)", "… beside the fastest peer"
IN_WARMUP, LATE, INTO_TENSORS = f"{BARE}, in the warmup", f"{BARE}, late in the decay", f"{BARE}, into tensors"
MOST_ACROSS = 3e-6


class Size(NamedTuple):
    """How much is measured with so many param groups, and the most that is promised over the bare loop."""

    rounds: int
    steps: int
    most: float


SIZES = {
    1: Size(101, 200, 1.8),
    2: Size(101, 200, 1.8),
    4: Size(101, 200, 1.8),
    8: Size(101, 200, 1.8),
    64: Size(61, 50, 1.25),
    512: Size(41, 10, 1.1),
}


def steps() -> Grid:
    """Every size beside the bare loop and the peers."""
    return Grid(
        "`step(i)` over the bare loop, by number of param groups",
        by_groups(_column, SIZES),
        [
            "Two groups are the usual pair of AdamW, one with weight decay and one without. The first row is the time "
            "of the bare loop, the others are ratios to it; in the warmup, late in the decay and with tensors, to the "
            "bare loop that does the same."
        ],
    )


def boundary() -> Section:
    """A step from one piece of the schedule into another, beside a step within one."""
    times, rounds = 100, 101
    seconds = medians(
        {
            "inside": _back_and_forth(WARMUP_STEPS + 1, WARMUP_STEPS + 3, times),
            "across": _back_and_forth(WARMUP_STEPS - 1, WARMUP_STEPS + 1, times),
        },
        range(rounds),
    )
    inside, across = seconds["inside"] / (2 * times), seconds["across"] / (2 * times)
    target = f"≤ {MOST_ACROSS * 1e6:.0f} µs"
    return Section(
        "A step across a boundary of pieces, 1 param group",
        [
            Row("step(i) within the decay", inside, ratio=1.0),
            Row(
                "step(i) across the end of the warmup",
                across,
                ratio=across / inside,
                target=target,
                met=across <= MOST_ACROSS,
            ),
        ],
        ["Both step back and forth."],
    )


def _back_and_forth(first: int, second: int, times: int) -> Callable[[int], None]:
    scheduler = cosine(Scheduler, optimizer(1), "cosine")

    def run(_: int) -> None:
        for _ in range(times):
            scheduler.step(first)
            scheduler.step(second)

    return run


def _column(groups: int) -> list[Row]:
    size = SIZES[groups]
    optimizers = {name: optimizer(groups) for name in (BARE, LEHR, *peers.PEERS)}
    steppers, missing = _steppers(optimizers)
    starts = range(WARMUP_STEPS, WARMUP_STEPS + size.rounds * size.steps, size.steps)
    seconds = medians(steppers | _variants(groups), [range(start, start + size.steps) for start in starts])
    for name in steppers:
        _check(name, optimizers[name], optimizers[BARE])
    each = {name: taken / size.steps for name, taken in seconds.items()}
    return [*_ours(each, size.most), *_variants_rows(each), *_theirs(each, missing)]


def _steppers(optimizers: dict[str, Any]) -> tuple[dict[str, Stepper], dict[str, str]]:
    """Every contender past its warmup, and why some are missing."""
    steppers = {BARE: bare(optimizers[BARE]), LEHR: _lehr(optimizers[LEHR], "cosine")}
    missing = {}
    for name in peers.PEERS:
        made = peers.built(name, optimizers[name])
        if isinstance(made, str):
            missing[name] = made
        else:
            steppers[name] = made
    return steppers, missing


def _check(name: str, made: Any, reference: Any) -> None:
    """Refuse to report the time of another schedule; peers without a warmup are a hundredth ahead."""
    rate, expected = float(made.param_groups[-1]["lr"]), reference.param_groups[-1]["lr"]
    if not math.isclose(rate, expected, rel_tol=0.05):
        raise RuntimeError(f"{name} ends with the rate {rate}, the bare loop with {expected}")


def _lehr(optimizer: Any, name: str, **options: Any) -> Stepper:
    return _stepping(cosine(Scheduler, optimizer, name, **options))


def _stepping(scheduler: Scheduler) -> Stepper:
    def run(steps: range) -> None:
        for step in steps:
            scheduler.step(step)

    return run


# Other schedules, positions and groups.


def _variants(groups: int) -> dict[str, Stepper]:
    factors = [1 / (2 + index) for index in range(groups)]
    decayed = {"lr": cosine(lehr.cosine), "weight_decay": lehr.linear(TRAINING_STEPS, max_lr=0.1)}
    return {
        IN_WARMUP: _from(0, bare(optimizer(groups))),
        f"{LEHR}, in the warmup": _from(0, _lehr(optimizer(groups), "cosine")),
        LATE: _from(TRAINING_STEPS * 3 // 4, bare(optimizer(groups))),
        f"{LEHR}, late in the decay": _from(TRAINING_STEPS * 3 // 4, _lehr(optimizer(groups), "cosine")),
        f"{LEHR}, a factor for each group": _lehr(optimizer(groups), "cosine", group_scale=factors),
        f"{LEHR}, weight_decay too": _stepping(Scheduler(optimizer(groups), decayed)),
        INTO_TENSORS: _into_tensors(_with_tensors(groups)),
        f"{LEHR}, into tensors": _lehr(_with_tensors(groups), "cosine"),
    }


def _from(start: int, run: Stepper) -> Stepper:
    """The same steps from another position on, in each round."""
    return lambda steps: run(range(start, start + len(steps)))


def _with_tensors(groups: int) -> torch.optim.Optimizer:
    made = optimizer(groups)
    for group in made.param_groups:
        group["lr"] = torch.tensor(group["lr"])
    return made


def _into_tensors(optimizer: torch.optim.Optimizer) -> Stepper:
    formula = by_hand()

    def run(steps: range) -> None:
        for step in steps:
            rate = formula(step)
            for group in optimizer.param_groups:
                group["lr"].fill_(rate)

    return run


# Rows.


def _ours(each: dict[str, float], most: float) -> list[Row]:
    ratio = each[LEHR] / each[BARE]
    beside = each[LEHR] / min((each[name] for name in peers.PEERS if name in each), default=math.inf)
    return [
        Row(BARE, each[BARE]),
        Row(LEHR, each[LEHR], ratio=ratio, target=f"≤ {most:g} ×", met=ratio <= most),
        Row(FASTEST, "", ratio=beside, target="< 1 ×", met=beside < 1),
    ]


def _variants_rows(each: dict[str, float]) -> list[Row]:
    yardsticks = {name.removeprefix(BARE): taken for name, taken in each.items() if name.startswith(BARE)}
    variants = [name for name in each if name.startswith(f"{LEHR},")]
    return [
        Row(name, each[name], ratio=each[name] / yardsticks.get(name.removeprefix(LEHR), each[BARE]))
        for name in variants
    ]


def _theirs(each: dict[str, float], missing: dict[str, str]) -> list[Row]:
    rows = {name: Row(name, each[name], ratio=each[name] / each[BARE]) for name in peers.PEERS if name in each}
    return [rows.get(name) or Row(name, missing[name]) for name in peers.PEERS]
