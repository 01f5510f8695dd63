"""What one ``step(i)`` costs, beside the loop without a scheduler and the peers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from lehr import Scheduler

from . import peers
from .run import WARMUP_STEPS, Stepper, bare, cosine, optimizer
from .table import Row, Section
from .timing import medians

BARE, LEHR = "bare loop", "lehr Scheduler.step(i)"
IN_WARMUP = f"{BARE}, in the warmup"


def one_group() -> Section:
    """One param group."""
    return _section(1, most=2.0, beats_peers=True, rounds=101, steps=400)


def many_groups() -> Section:
    """512 param groups."""
    return _section(512, most=1.4, beats_peers=False, rounds=31, steps=100)


def _section(groups: int, *, most: float, beats_peers: bool, rounds: int, steps: int) -> Section:
    """Promised are at most ``most`` times the bare loop and, if ``beats_peers``, less than every peer."""
    optimizers = {name: optimizer(groups) for name in (BARE, LEHR, *peers.PEERS)}
    steppers, missing = _steppers(optimizers)
    starts = range(WARMUP_STEPS, WARMUP_STEPS + rounds * steps, steps)
    seconds = medians(steppers | _variants(groups), [range(start, start + steps) for start in starts])
    for name in steppers:
        _check(name, optimizers[name], optimizers[BARE])
    each = {name: taken / steps for name, taken in seconds.items()}
    rows = [*_ours(each, most), _beside_fastest(each, beats_peers), *_variants_rows(each), *_theirs(each, missing)]
    title = f"`step(i)`, {groups} param group{'s' if groups > 1 else ''}"
    return Section(title, rows, ["The ratio is to the bare loop; in the warmup, to the bare loop there."])


def _steppers(optimizers: dict[str, Any]) -> tuple[dict[str, Stepper], dict[str, str]]:
    """Every contender past its warmup, and why some are missing."""
    steppers = {BARE: bare(optimizers[BARE]), LEHR: _lehr(optimizers[LEHR])}
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


def _lehr(optimizer: Any, **options: Any) -> Stepper:
    scheduler = cosine(partial(Scheduler, **options), optimizer, "cosine")

    def run(steps: range) -> None:
        for step in steps:
            scheduler.step(step)

    return run


def _lehr_without_argument(optimizer: Any) -> Stepper:
    scheduler = cosine(Scheduler, optimizer, "cosine")
    scheduler.step(WARMUP_STEPS)

    def run(steps: range) -> None:
        for _ in steps:
            scheduler.step()

    return run


def _in_warmup(run: Stepper) -> Stepper:
    return lambda steps: run(range(WARMUP_STEPS - len(steps), WARMUP_STEPS))


def _variants(groups: int) -> dict[str, Stepper]:
    make: dict[str, Callable[[Any], Stepper]] = {
        IN_WARMUP: lambda o: _in_warmup(bare(o)),
        f"{LEHR}, in the warmup": lambda o: _in_warmup(_lehr(o)),
        "lehr Scheduler.step()": _lehr_without_argument,
        "lehr Scheduler.step(i), a factor for each group": partial(
            _lehr, group_scale=[1 / (2 + i) for i in range(groups)]
        ),
    }
    return {name: build(optimizer(groups)) for name, build in make.items()}


def _ours(each: dict[str, float], most: float) -> list[Row]:
    ratio = each[LEHR] / each[BARE]
    return [
        Row(BARE, each[BARE], ratio=1.0),
        Row(LEHR, each[LEHR], ratio=ratio, target=f"≤ {most:.1f} ×", met=ratio <= most),
    ]


def _beside_fastest(each: dict[str, float], promised: bool) -> Row:
    ratio = each[LEHR] / min((each[name] for name in peers.PEERS if name in each), default=math.inf)
    target, met = ("< 1 ×", ratio < 1) if promised else ("", None)
    return Row("… beside the fastest peer", "", ratio=ratio, target=target, met=met)


def _variants_rows(each: dict[str, float]) -> list[Row]:
    names = [name for name in each if name not in (BARE, LEHR, *peers.PEERS)]
    yardsticks = [IN_WARMUP if name.endswith("in the warmup") else BARE for name in names]
    return [Row(name, each[name], ratio=each[name] / each[by]) for name, by in zip(names, yardsticks, strict=True)]


def _theirs(each: dict[str, float], missing: dict[str, str]) -> list[Row]:
    there = sorted((name for name in peers.PEERS if name in each), key=each.__getitem__)
    rows = [Row(name, each[name], ratio=each[name] / each[BARE]) for name in there]
    return rows + [Row(name, why) for name, why in missing.items()]
