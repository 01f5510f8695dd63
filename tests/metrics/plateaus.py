"""Plateaus to try, and the rates after their metrics."""

import itertools
import math

from catalogue.optimizers import adamw
from hypothesis import strategies as st

from lehr import Constant, Plateau, Scheduler

FLAT = [1.0] * 16
SLOW = [3.0 - 0.00025 * i for i in range(200)]
"""Each metric is better than the last, but by less than the threshold of 3e-4."""

positive = st.one_of(st.integers(1, 8).map(lambda n: n / 4), st.floats(1e-3, 1e3))
any_sign = st.one_of(st.integers(-8, 8).map(lambda n: n / 4), st.floats(-1e3, 1e3))
common = {
    "factor": st.sampled_from([0.1, 0.5, 0.9]),
    "patience": st.integers(0, 5),
    "cooldown": st.integers(0, 5),
    "min_lr": st.sampled_from([0.0, 1e-3, 0.03, 0.1, 1.0]),
    "threshold": st.sampled_from([0.0, 1e-4, 0.1, 0.25]),
    "higher_is_better": st.booleans(),
}
NAMES = ("body", "head")


def watched(**options):
    scheduler = Scheduler(adamw(0.1), Constant(0.1))
    return scheduler, Plateau(scheduler, **options)


def rates_after(metrics, **options):
    scheduler, plateau = watched(**options)
    rates = []
    for metric in metrics:
        plateau.update(metric)
        rates.append(scheduler.current_lr)
    return rates


def cuts(rates):
    """Numbers of the metrics, from 1, that cut the rate."""
    pairs = enumerate(itertools.pairwise([0.1, *rates]), start=1)
    return [number for number, (before, after) in pairs if not math.isclose(before, after, rel_tol=1e-9)]


def by_group(rates=(0.1, 0.02), names=NAMES, **options):
    opt = adamw(*rates, names=names)
    keys = names or range(len(rates))
    scheduler = Scheduler(opt, {key: Constant(rate) for key, rate in zip(keys, rates, strict=True)})
    return opt, scheduler, Plateau(scheduler, **options)
