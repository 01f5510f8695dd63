"""What it costs to build a scheduler."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import lehr
from lehr import Scheduler

from . import peers
from .run import cosine, optimizer
from .table import Row, Section
from .timing import medians

ROUNDS, BUILDS = 101, 10
CONSTRUCTED = 'Scheduler(optimizer, "cosine", ...)'
YARDSTICK = "torch SequentialLR"
MOST = 150e-6


def construction() -> Section:
    """A `Scheduler` built and detached, beside the peers."""
    schedule = cosine(lehr.cosine)
    contenders = {
        CONSTRUCTED: _lehr(1, _from_a_name),
        f"{CONSTRUCTED}, 512 groups": _lehr(512, _from_a_name),
        "Scheduler(optimizer, schedule)": _lehr(1, lambda made: Scheduler(made, schedule)),
        "lehr.cosine(...) alone": lambda: cosine(lehr.cosine),
    }
    missing = {name: made for name in peers.PEERS if isinstance(made := peers.built(name, optimizer(1)), str)}
    contenders |= {name: _peer(name) for name in peers.PEERS if name not in missing}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds = medians({name: _repeated(build) for name, build in contenders.items()}, range(ROUNDS))
    each = {name: taken / BUILDS for name, taken in seconds.items()}
    rows = [
        Row(
            name,
            taken,
            ratio=taken / each[YARDSTICK],
            target=f"≤ {MOST * 1e6:.0f} µs" if name == CONSTRUCTED else "",
            met=taken <= MOST if name == CONSTRUCTED else None,
        )
        for name, taken in each.items()
    ]
    return Section(
        "Construction, 1 param group",
        rows + [Row(name, why) for name, why in missing.items()],
        [f"Of lehr's Schedulers with their `detach()`. The ratio is to {YARDSTICK}."],
    )


def _from_a_name(made: Any) -> Scheduler:
    return cosine(Scheduler, made, "cosine")  # type: ignore[no-any-return]  # `cosine` builds the schedulers of any library


def _lehr(groups: int, build: Callable[[Any], Any]) -> Callable[[], object]:
    made = optimizer(groups)
    return lambda: build(made).detach()


def _peer(name: str) -> Callable[[], object]:
    made, build = optimizer(1), peers.PEERS[name]
    return lambda: build(made)


def _repeated(build: Callable[[], object]) -> Callable[[int], None]:
    def run(_: int) -> None:
        for _ in range(BUILDS):
            build()

    return run
