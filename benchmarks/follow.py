"""What it costs to need no step call: ``follow()``, a control file, and a thousand changes of a run."""

from __future__ import annotations

import math
import pickle
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import lehr
from lehr import Scheduler

from .run import MAX_LR, MIN_LR, TRAINING_STEPS, WARMUP_STEPS, cosine, optimizer
from .table import Row, Section
from .timing import medians

ROUNDS, STEPS = 61, 200
CHANGES, FEWER_CHANGES = 1_000, (0, 1, 10, 100)
ALONE, BARE, FOLLOW = "optimizer.step() alone", "bare loop's write", "lehr follow()"
WATCHED = f"{FOLLOW}, with a control file"
MOST, MOST_AMENDED, MOST_BYTES = 3.0, 1.5, 64 * 1024


class Idle(torch.optim.Optimizer):
    """An optimizer that calls its hooks and does nothing else.

    A real update takes a hundred times what is measured here, and varies by more; so does the profiling
    that torch puts around each step, which ``hooked`` leaves out.
    """

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for hook in self._optimizer_step_pre_hooks.values():
            hook(self, (), {})
        for hook in self._optimizer_step_post_hooks.values():
            hook(self, (), {})

    step.hooked = True  # type: ignore[attr-defined]


def follow() -> Section:
    """``follow()`` per update, one param group: a loop of updates with it, less one without."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = medians(_updates(Path(folder) / "control.txt"), range(0, ROUNDS * STEPS, STEPS))
    each = {name: taken / STEPS for name, taken in seconds.items()}
    own = {name: taken - each[ALONE] for name, taken in each.items()}
    ratio = own[FOLLOW] / own[BARE]
    rows = [
        Row(ALONE, each[ALONE]),
        Row(f"{BARE}, more", own[BARE], ratio=1.0),
        Row(f"{FOLLOW}, more", own[FOLLOW], ratio=ratio, target=f"≤ {MOST:.1f} ×", met=0 < ratio <= MOST),
        Row(f"{WATCHED}, more", own[WATCHED], ratio=own[WATCHED] / own[BARE]),
    ]
    return Section(
        "`follow()`, per update, 1 param group",
        rows,
        ["What each adds to `optimizer.step()`, of an optimizer that does nothing else."],
    )


def changes() -> Section:
    """A run of a thousand changes beside one of none."""
    plain, amended = _followed(), _amended()
    start = amended.position
    plain.step(start)
    seconds = medians({"none": _stepper(plain), "many": _stepper(amended)}, range(start, start + ROUNDS * STEPS, STEPS))
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


def _updates(path: Path) -> dict[str, Callable[[int], None]]:
    contenders: dict[str, Callable[[int], None]] = {}
    for name, attach in {ALONE: None, BARE: None, FOLLOW: _follow, WATCHED: lambda o: _follow(o, path)}.items():
        made = Idle([torch.zeros(1, requires_grad=True)], {"lr": MAX_LR})
        contenders[name] = _writing(made) if name == BARE else _updating(made, attach and attach(made))
    return contenders


def _follow(made: Any, path: Path | None = None) -> Any:
    def build(*arguments: Any, **settings: Any) -> Scheduler:
        return Scheduler(*arguments, control_file=path, **settings)

    return cosine(build, made, "cosine").follow()


def _updating(made: Any, scheduler: Any) -> Callable[[int], None]:
    """A loop of updates; ``scheduler`` is kept alive, since the optimizer does not hold it."""

    def run(_: int, held: Any = scheduler) -> None:
        for _ in range(STEPS):
            made.step()

    return run


def _writing(made: Any) -> Callable[[int], None]:
    """The same, with the formula and the write by hand after each update."""
    n, warmup, top, low = TRAINING_STEPS, WARMUP_STEPS, MAX_LR, MIN_LR

    def rate(i: int) -> float:
        if i < warmup:
            return max(1, i) / warmup * top
        return low + 0.5 * (top - low) * (1 + math.cos(math.pi * (i - warmup) / (n - warmup)))

    def run(start: int) -> None:
        for i in range(start + 1, start + STEPS + 1):
            made.step()
            for group in made.param_groups:
                group["lr"] = rate(i)

    return run


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


def _stepper(scheduler: Any) -> Callable[[int], None]:
    def run(start: int) -> None:
        for step in range(start, start + STEPS):
            scheduler.step(step)

    return run
