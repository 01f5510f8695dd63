"""How far an imported schedule is from the rates of the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def difference(schedule: Callable[[int], float], rates: Sequence[float], smallest: float = 1e-3) -> float:
    """The largest relative difference between the schedule and the rates of the original, one for each position.

    Args:
        schedule: The imported schedule.
        rates: The rates of the original, from position 0.
        smallest: The share of the largest rate below which a difference is relative to that share. An original that
            computes a cosine as 1 + cos rounds at the scale of its largest rate, so that its smallest rates have fewer
            correct digits than a float has.
    """
    least = smallest * max(map(abs, rates)) or 1.0
    pairs = [(schedule(position), rate) for position, rate in enumerate(rates)]
    return max((abs(a - b) / max(abs(b), least) for a, b in pairs if a != b), default=0.0)
