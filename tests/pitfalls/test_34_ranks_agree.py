"""`ReduceLROnPlateau` decides on each rank from that rank's own loss, so the ranks silently train at different rates.

`Plateau` decides from the mean over the ranks, so all of them cut the rate at the same step.

Reported in https://github.com/lucidrains/DALLE-pytorch/issues/268 https://github.com/rwth-i6/returnn/issues/1493
"""

import math
import warnings

import pytest
import torch
from catalogue.optimizers import rates_of, sgd
from catalogue.processes import on_ranks

import lehr
from lehr import Plateau, Scheduler

STEPS = 20


def local_metric(rank, step):
    """Rank 0 gets better, the others stay where they are; the mean gets better until step 10."""
    return 1.0 if rank else 1.0 - 0.05 * min(step, 10)


def metrics_of_own(break_rank):
    """The rate after each metric, here and with torch's, on a rank."""
    rank = torch.distributed.get_rank()
    optimizer, other = sgd(0.1), sgd(0.1)
    scheduler = Scheduler(optimizer, lehr.Constant(0.1))
    plateau = Plateau(scheduler, patience=2)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(other, patience=2)
    ours, theirs = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the NaN
        for step in range(STEPS):
            metric = math.nan if rank == break_rank else local_metric(rank, step)
            plateau.update(metric)
            peer.step(metric)
            ours += rates_of(optimizer)
            theirs += rates_of(other)
    return ours, theirs, scheduler.state_dict()["watchers"], [change.position for change in scheduler.history]


@pytest.mark.parametrize("world", [2, 4])
def test_all_ranks_have_the_same_rate_at_every_step(world):
    ranks = on_ranks(metrics_of_own, world, None)
    # The mean is at its best at step 10, so the third bad metric is that of step 13, then 16 and 19.
    expected = [0.1] * 13 + [0.1 * 0.1] * 3 + [0.1 * (0.1 * 0.1)] * 3 + [0.1 * (0.1 * 0.1 * 0.1)]
    for ours, _, watchers, changes in ranks:
        assert ours == pytest.approx(expected, rel=1e-12)
        assert (ours, watchers, changes) == (ranks[0][0], ranks[0][2], ranks[0][3])
    assert ranks[0][1] != ranks[1][1], "torch's ranks differ"


def test_a_nan_on_one_rank_cuts_nowhere():
    for ours, *_ in on_ranks(metrics_of_own, 2, 1):
        assert ours == [0.1] * STEPS


def reduced_already():
    """A metric that is the same everywhere, and no way to talk about it."""
    torch.distributed.all_gather_object = None
    scheduler = Scheduler(optimizer := sgd(0.1), lehr.Constant(0.1))
    plateau = Plateau(scheduler, patience=2, reduce=False)
    for _ in range(4):
        plateau.update(1.0)
    return rates_of(optimizer)


def test_a_metric_that_is_reduced_already_costs_no_message():
    assert on_ranks(reduced_already, 2) == [[pytest.approx(0.01)]] * 2


def test_alone_it_is_a_plain_plateau():
    optimizer = sgd(0.1)
    scheduler = Scheduler(optimizer, lehr.Constant(0.1))
    plateau = Plateau(scheduler, patience=2)
    for _ in range(4):
        plateau.update(1.0)
    assert rates_of(optimizer) == pytest.approx([0.01])
