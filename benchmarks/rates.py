"""What all rates of a run cost, as one array."""

from __future__ import annotations

from typing import Any

import numpy as np

import lehr

from . import peers
from .run import MAX_LR, MIN_LR, optimizer
from .table import Row, Section
from .timing import medians

N = 1_000_000
WARMUP = 10_000
ROUNDS = 15
STEPPED = 10_000
MOST = 2.0


def whole_run() -> Section:
    """A run of a million steps."""
    schedule = lehr.cosine(N, WARMUP, MAX_LR, MIN_LR)
    error = np.abs(schedule(_steps()) - _formula()).max()
    if error > 1e-14 * MAX_LR:
        raise RuntimeError(f"lehr's rates are {error} from the formula's")
    stepped = peers.built("torch CosineAnnealingLR alone", optimizer(1))
    assert not isinstance(stepped, str)
    seconds = medians(
        {
            "formula": lambda _: _formula(),
            "lehr": lambda _: schedule(_steps()),
            "torch": lambda _: stepped(range(STEPPED)),
        },
        range(ROUNDS),
    )
    return Section(f"All rates of a {N:,}-step run", _rows(seconds))


def _steps() -> Any:
    return np.arange(N)


def _formula() -> Any:
    step = _steps()
    warmup = np.maximum(1, step) / WARMUP * MAX_LR
    decay = MIN_LR + 0.5 * (MAX_LR - MIN_LR) * (1 + np.cos(np.pi * (step - WARMUP) / (N - WARMUP)))
    return np.where(step < WARMUP, warmup, decay)


def _rows(seconds: dict[str, float]) -> list[Row]:
    formula = seconds["formula"]
    ratio = seconds["lehr"] / formula
    stepped = seconds["torch"] * N / STEPPED
    return [
        Row("NumPy formula, with np.where", formula, ratio=1.0),
        Row("lehr schedule(np.arange(n))", seconds["lehr"], ratio=ratio, target=f"≤ {MOST:.1f} ×", met=ratio <= MOST),
        Row(f"torch CosineAnnealingLR, {STEPPED:,} steps × {N // STEPPED}", stepped, ratio=stepped / formula),
    ]
