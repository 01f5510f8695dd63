"""Schedulers to change."""

from catalogue.optimizers import sgd

import lehr
from lehr import Scheduler

AHEAD = (0, 1, 2, 3, 7, 30, 99, 100, 101, 250, 400, 1_000)


def scheduler(schedule=None, **options):
    return Scheduler(sgd(0.1), schedule or lehr.cosine(100, 10, 1.0, 0.1), **options)
