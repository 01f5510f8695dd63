"""Medians of repetitions that are taken in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


def medians(contenders: Mapping[str, Callable[[T], object]], rounds: Iterable[T]) -> dict[str, float]:
    """Seconds that each contender takes for a round.

    They run in turns, A B C A B C ..., so that a machine that slows down slows them all.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for given in rounds:
        for name, run in contenders.items():
            seconds[name].append(_seconds(run, given))
    return {name: median(taken) for name, taken in seconds.items()}


def _seconds(run: Callable[[T], object], given: T) -> float:
    gc.disable()
    try:
        start = perf_counter()
        run(given)
        return perf_counter() - start
    finally:
        gc.enable()
