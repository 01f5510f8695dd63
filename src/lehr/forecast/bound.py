r"""The convex bound: an upper bound on the loss of a schedule, with no data at all.

For SGD on a convex problem, with gradients no longer than G and a start no farther than D from the
solution, the last iterate after T updates with rates :math:`\eta_1 \dots \eta_T` is no worse than

.. math:: \tfrac12 \left[ \frac{D^2}{\sum_{j \le T} \eta_j}
    + \sum_{k < T} \frac{\eta_k^2 G_k^2}{\sum_{k < j \le T} \eta_j} + \eta_T G_T^2 \right]

That ranks schedules much as training large models does. This is Theorem 1 of Schaipp et al., 2025,
https://arxiv.org/abs/2501.18965, summed by parts, so that every term is positive and none cancels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..schedules import checks
from .rates import LONGEST_RUN, Array, Rates, numbers, rates_of

BLOCK = 256  # updates up to which fractions are summed one by one
SMALL = 64  # updates up to which the sum of every pair is computed
NODES = 16  # points that represent an octave
_POINTS = np.polynomial.chebyshev.chebpts1(NODES)
# From sums of Chebyshev polynomials to weights at the points.
_TO_NODES = np.polynomial.chebyshev.chebvander(_POINTS, NODES - 1).T * 2 / NODES
_TO_NODES[0] /= 2


def convex_bound(schedule: Rates, updates: int, *, distance: float = 1.0, gradient: ArrayLike = 1.0) -> float:
    """The bound after ``updates`` updates, in O(updates).

    Args:
        schedule: A Schedule, or an array with the rate of every update.
        updates: The horizon, T.
        distance: D.
        gradient: G, one for all updates or one for each.

    Raises:
        ValueError: A rate is not from 0 to 1,000,000, or the last one is 0, or ``gradient`` does
            not have one number for each update.

    >>> from lehr import Constant
    >>> convex_bound(Constant(0.5), 4)
    0.9583333333333333
    """
    rates, cost = _terms(schedule, updates, gradient)
    after = np.cumsum(rates[::-1])[::-1]
    return float(distance**2 / after[0] + (cost[:-1] / after[1:]).sum() + cost[-1] / rates[-1]) / 2


def convex_bounds(schedule: Rates, updates: int, *, distance: float = 1.0, gradient: ArrayLike = 1.0) -> Array:
    """The bound for every horizon from 1 to ``updates``, (updates,), in O(updates log updates).

    Arguments and errors are those of `convex_bound`; no rate may be 0.
    """
    rates, cost = _terms(schedule, updates, gradient)
    zero = np.flatnonzero(rates == 0)
    if zero.size:
        raise ValueError(f"the bound after an update with rate 0 is infinite, and the rate of update {zero[0]} is 0")
    sums = np.zeros(updates)
    _add_sums(rates, cost, sums)
    return (distance**2 / np.cumsum(rates) + sums + cost / rates) / 2


def _terms(schedule: Rates, updates: int, gradient: ArrayLike) -> tuple[Array, Array]:
    updates = checks.integer("updates", updates, owner="the bound", most=LONGEST_RUN)
    rates, lengths = rates_of(schedule, updates), numbers("gradient", gradient)
    if not rates[-1] > 0:
        raise ValueError(f"the bound needs a last rate above 0, got {rates[-1]}; ask for the update before")
    if lengths.shape not in ((1,), rates.shape):
        raise ValueError(f"`gradient` must be one number, or {updates}, one per update, got shape {lengths.shape}")
    return rates, (rates * lengths) ** 2


def _add_sums(rates: Array, cost: Array, sums: Array) -> None:
    """Add to each ``sums[t]`` the cost[k] / (rates[k+1] + ... + rates[t]) of all k < t.

    Each half is summed alone; between them, each sum of rates is one from the middle to the right
    plus one from the left to the middle: nothing is ever subtracted.
    """
    n = len(rates)
    if n <= SMALL:
        later = np.triu(np.ones((n, n)), 1)
        between = np.cumsum(later * rates, axis=1)
        sums += cost @ (later / np.where(later, between, 1.0))
        return
    middle = n // 2
    right = np.cumsum(rates[middle:])
    left = np.append(np.cumsum(rates[middle - 1 : 0 : -1])[::-1], 0.0)
    sums[middle:] += _weighted_inverses(right, left, cost[:middle])
    _add_sums(rates[:middle], cost[:middle], sums[:middle])
    _add_sums(rates[middle:], cost[middle:], sums[middle:])


def _weighted_inverses(x: Array, y: Array, weight: Array) -> Array:
    """For each x, the sum over k of weight[k] / (x + y[k]); x rises from above 0, y falls to 0.

    In large blocks, the y of one octave are replaced by `NODES` of them: 1 / (x + y) is interpolated
    at Chebyshev points, each of which makes it 5.8 times as precise.
    """
    if len(x) <= BLOCK:
        return np.asarray((1 / (x[:, None] + y)) @ weight)
    octave = np.ceil(np.log2(np.maximum(y / x[0], 1.0))).astype(int)
    ends = np.append(np.flatnonzero(np.diff(octave)) + 1, len(y))
    nodes, weights = [], []
    for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        inside, mass = y[start:end], weight[start:end]
        if end - start > NODES:
            high = x[0] * 2.0 ** octave[start]
            low = high / 2 if octave[start] else 0.0
            middle, half = (high + low) / 2, (high - low) / 2
            mass = mass @ np.polynomial.chebyshev.chebvander((inside - middle) / half, NODES - 1) @ _TO_NODES
            inside = middle + half * _POINTS
        nodes.append(inside)
        weights.append(mass)
    y, weight = np.concatenate(nodes), np.concatenate(weights)
    # In pieces that stay in the cache.
    return np.concatenate([(1 / (part[:, None] + y)) @ weight for part in np.array_split(x, len(x) // BLOCK + 1)])
