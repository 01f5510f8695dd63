"""What lehr costs per update: a call of ``step``, ``follow()``, a control file; and after a thousand changes."""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lehr
from lehr import Scheduler

from .run import MIN_LR, TRAINING_STEPS, Idle, Stepper, by_hand, cosine, optimizer
from .table import Grid, Row, Section, by_groups
from .timing import medians

ROUNDS, STEPS = 61, 200
CHANGES, FEWER_CHANGES = 1_000, (0, 1, 10, 100)
GROUPS = (1, 2, 8, 64, 512)
ALONE, BARE, FOLLOW = "optimizer.step() alone", "bare loop's write", "lehr follow()"
WATCHED = f"{FOLLOW}, with a control file"
MOST, MOST_AMENDED, MOST_BYTES = 4.0, 1.5, 64 * 1024


def follow() -> Grid:
    """What each way adds to an update: a loop of updates with it, less one without."""
    return Grid(
        "What an update costs more, by number of param groups",
        by_groups(_column, GROUPS),
        [
            "Of an optimizer that does nothing but call its hooks: the first row is its time alone, the second what "
            "the formula and its write add to it, and the others what each way adds, over the second."
        ],
    )


def _column(groups: int) -> list[Row]:
    steps = STEPS if groups < 64 else STEPS // 10
    with tempfile.TemporaryDirectory() as folder:
        loops = _loops(groups, Path(folder) / "control.txt")
        seconds = medians(loops, [range(at, at + steps) for at in range(1, ROUNDS * steps, steps)])
    each = {name: taken / steps for name, taken in seconds.items()}
    more = {name: taken - each[ALONE] for name, taken in each.items() if name != ALONE}
    ratios = {name: taken / more[BARE] for name, taken in more.items()}
    return [Row(ALONE, each[ALONE]), Row(BARE, more[BARE])] + [
        Row(
            name,
            more[name],
            ratio=ratio,
            target=f"≤ {MOST:g} ×" if name == FOLLOW else "",
            met=0 < ratio <= MOST if name == FOLLOW else None,
        )
        for name, ratio in ratios.items()
        if name != BARE
    ]


def changes() -> Section:
    """A run of a thousand changes beside one of none."""
    plain, amended = _followed(), _amended()
    start = amended.position
    plain.step(start)
    seconds = medians({"none": _stepper(plain), "many": _stepper(amended)}, _ranges(start))
    ratio, size = seconds["many"] / seconds["none"], _state_bytes(amended)
    rows = [
        Row("step(i) after no change", seconds["none"] / STEPS, ratio=1.0),
        Row(
            f"step(i) after {CHANGES:,} changes",
            seconds["many"] / STEPS,
            ratio=ratio,
            target=f"≤ {MOST_AMENDED} ×",
            met=ratio <= MOST_AMENDED,
        ),
        *(Row(f"state_dict, changes: {n:,}", _state_bytes(_amended(n)), "bytes") for n in FEWER_CHANGES),
        Row(
            f"state_dict, changes: {CHANGES:,}",
            size,
            "bytes",
            target=f"< {MOST_BYTES:,} bytes",
            met=size < MOST_BYTES,
        ),
    ]
    return Section(f"{CHANGES:,} changes of a run", rows)


def _loops(groups: int, path: Path) -> dict[str, Stepper]:
    optimizers = {name: Idle(groups) for name in (ALONE, BARE, *CALLS, FOLLOW, WATCHED)}
    loops = {ALONE: _updating(optimizers[ALONE]), BARE: _writing(optimizers[BARE])}
    loops |= {name: loop(optimizers[name]) for name, loop in CALLS.items()}
    loops[FOLLOW] = _updating(optimizers[FOLLOW], cosine(Scheduler, optimizers[FOLLOW], "cosine").follow())
    watched = cosine(Scheduler, optimizers[WATCHED], "cosine", control_file=path)
    return loops | {WATCHED: _updating(optimizers[WATCHED], watched.follow())}


def _updating(made: Idle, scheduler: Scheduler | None = None) -> Stepper:
    """A loop of updates; ``scheduler`` is kept alive, since the optimizer does not hold it."""

    def run(steps: range, held: Scheduler | None = scheduler) -> None:
        for _ in steps:
            made.step()

    return run


def _writing(made: Idle) -> Stepper:
    """The same, with the formula and the write by hand after each update."""
    formula = by_hand()

    def run(steps: range) -> None:
        for step in steps:
            made.step()
            rate = formula(step)
            for group in made.param_groups:
                group["lr"] = rate

    return run


def _stepping(made: Idle) -> Stepper:
    scheduler = cosine(Scheduler, made, "cosine")

    def run(steps: range) -> None:
        for step in steps:
            made.step()
            scheduler.step(step)

    return run


def _stepping_on(made: Idle) -> Stepper:
    scheduler = cosine(Scheduler, made, "cosine")

    def run(steps: range) -> None:
        for _ in steps:
            made.step()
            scheduler.step()

    return run


CALLS: dict[str, Callable[[Idle], Stepper]] = {"lehr step(i)": _stepping, "lehr step()": _stepping_on}


def _followed() -> Any:
    return cosine(Scheduler, optimizer(1), "cosine")


def _state_bytes(scheduler: Any) -> int:
    return len(pickle.dumps(scheduler.state_dict()))


def _amended(count: int = CHANGES) -> Any:
    """A run that was changed so many times."""
    dice, scheduler = random.Random(0), _followed()
    for index in range(count):
        scheduler.step(scheduler.position + dice.randint(1, 20))
        if index % 5 == 0:
            scheduler.dip(0.5, dice.randint(10, 100), why="a spike")
        elif index % 5 == 1:
            scheduler.scale(dice.uniform(0.8, 1.2))
        elif index % 5 == 2:
            scheduler.rebase(dice.uniform(1e-4, 1e-3))
        elif index % 5 == 3:
            scheduler.cooldown(dice.randint(100, 2_000), to=1e-5, why="loss is flat")
        else:
            scheduler.amend(lehr.cosine(TRAINING_STEPS, 10, dice.uniform(1e-4, 1e-3), MIN_LR))
    scheduler.step(scheduler.position + 100)
    return scheduler


def _ranges(start: int) -> list[range]:
    return [range(at, at + STEPS) for at in range(start, start + ROUNDS * STEPS, STEPS)]


def _stepper(scheduler: Any) -> Stepper:
    def run(steps: range) -> None:
        for step in steps:
            scheduler.step(step)

    return run
