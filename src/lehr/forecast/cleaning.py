"""A log put in order: what is wrong with it is resolved, and said by line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .knots import Array

SPIKE = 0.05
"""A loss this share above its neighbourhood is a spike."""
SHOWN = 5
"""Lines that are named; of more, the number is."""


def lines_of(lines: Sequence[int]) -> str:
    """The lines, in words."""
    shown = ", ".join(map(str, lines[:SHOWN]))
    return f"line{'s' if len(lines) > 1 else ''} {shown}" + (
        f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    )


def cleaned(
    lines: list[int], at: Array, losses: Array, rates: Array
) -> tuple[list[int], Array, Array, Array, list[str]]:
    """The rows in order, one a position, without spikes; and what was found."""
    said = list(_disorder(lines, at, losses))
    order = np.argsort(at, kind="stable")
    merged: dict[float, tuple[int, float, float]] = {}
    for i in order:
        line, loss, rate = merged.get(at[i], (0, math.nan, math.nan))
        # Later rows win, and a row without a loss may still bring the rate.
        new = math.isfinite(losses[i])
        loss, line = (losses[i], lines[i]) if new else (loss, line or lines[i])
        merged[at[i]] = (line, loss, rates[i] if math.isfinite(rates[i]) else rate)
    at = np.array(list(merged))
    kept, losses, rates = (np.array(column) for column in zip(*merged.values(), strict=True))
    spikes = _spikes(losses)
    if spikes.any():
        said.append(f"the loss spikes in {lines_of([int(line) for line in kept[spikes]])}")
        losses = np.where(spikes, math.nan, losses)
    return [int(line) for line in kept], at, losses, rates, said


def _disorder(lines: list[int], at: Array, losses: Array) -> Iterator[str]:
    withs = np.flatnonzero(np.isfinite(losses))
    seen: dict[float, int] = {}
    highest, repeated = -1.0, list[int]()
    restarts, disordered = list[tuple[int, float]](), list[tuple[int, float]]()
    for i in withs:
        if at[i] in seen:
            repeated.append(lines[i])
        if at[i] < highest and (not disordered or at[i] < at[withs].max()):
            (restarts if at[i] in seen else disordered).append((lines[i], at[i]))
        seen[at[i]] = lines[i]
        highest = max(highest, at[i])
    if len(restarts) > 1:
        line, position = restarts[0]
        yield f"the log goes back to {position:g} in line {line}: a restart, whose rows replace the earlier ones"
    elif repeated:
        yield f"a position is repeated in {lines_of(repeated)}; the last row counts"
    if disordered:
        yield f"positions are out of order in {lines_of([line for line, _ in disordered])}; they were sorted"


def _spikes(losses: Array) -> Any:
    """Which losses stand alone above their neighbourhood."""
    spikes = np.zeros(len(losses), dtype=bool)
    finite = np.flatnonzero(np.isfinite(losses))
    if len(finite) < 5:
        return spikes
    values = losses[finite]
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="reflect"), 5)
    middle = np.median(around, axis=1)
    scatter = 1.4826 * np.median(np.abs(np.diff(np.log(values)))) + 1e-12
    # The early descent is steep but falls; a spike rises, and by more than the log's own scatter.
    rises = values > np.maximum(np.roll(values, 1), middle) * (1 + max(SPIKE, 6 * scatter))
    rises[0] = False
    spikes[finite[rises]] = True
    return spikes
