"""Greedies to try, and the rates after their metrics."""

import random

from catalogue.optimizers import rates_of, sgd

from lehr import Constant, Greedy, Scheduler


def watched(*rates, schedule=None, **options):
    """A Scheduler with a schedule for each rate, or one for all, and its Greedy."""
    opt = sgd(*(rates or (0.1,)))
    default = Constant(0.1) if len(rates) < 2 else {i: Constant(rate) for i, rate in enumerate(rates)}
    scheduler = Scheduler(opt, schedule or default)
    return scheduler, Greedy(scheduler, **{"max_lr": 1.0, "patience": 0, "factor": 0.5} | options)


def rates_after(metrics, scheduler, greedy):
    """The rate of each group after each metric, one update after another."""
    rates = []
    for metric in metrics:
        greedy.update(metric)
        rates.append(rates_of(scheduler.optimizer))
        scheduler.step(scheduler.position + 1)
    return rates


def up_and_down(n, seed=0):
    """Metrics of which each changes the rate: better than all before, or not."""
    better, metric, metrics = random.Random(seed), 0.0, []
    for _ in range(n):
        good = better.random() < 0.5
        metric -= good
        metrics.append(metric if good else metric + 1)
    return metrics
