"""torch's `last_epoch=N` raises a KeyError, or continues with other rates than those of step N.

`step(N)` on a new optimizer gives the rate of step N, then those that follow, and needs no key in the param groups.

Reported in https://github.com/pytorch/pytorch/issues/60265 https://github.com/pytorch/pytorch/issues/162591
"""

import pytest
import torch
from catalogue.examples import EXAMPLES, POSITIONS
from catalogue.optimizers import rates_of, sgd

import lehr
from lehr import Scheduler

pytestmark = pytest.mark.filterwarnings("ignore:step .* is past the end")

LATER = 60


@pytest.mark.parametrize("which", EXAMPLES)
def test_the_first_rate_and_all_that_follow(which):
    schedule = EXAMPLES[which]
    whole = sgd(1.0)
    scheduler, rates = Scheduler(whole, schedule), rates_of(whole)
    for _ in range(max(p for p in POSITIONS if p < 1000) + LATER):
        scheduler.step()
        rates += rates_of(whole)
    for at in POSITIONS:
        optimizer = sgd(1.0)
        started = Scheduler(optimizer, schedule)
        started.step(at)
        assert list(optimizer.param_groups[0]) == list(sgd().param_groups[0]), "no key is added or needed"
        expected = rates[at : at + LATER] if at < 1000 else [schedule(t) for t in range(at, at + LATER)]
        assert rates_of(optimizer) == [schedule(at)] == expected[:1]
        for rate in expected[1:]:
            started.step()
            assert rates_of(optimizer) == [rate], (which, at)


@pytest.mark.parametrize("at", POSITIONS)
def test_the_ratio_of_the_groups_is_kept(at):
    optimizer = sgd(1.0, 0.1)
    Scheduler(optimizer, lehr.cosine(100, 10, max_lr=1.0), group_scale="ratio").step(at)
    rate = lehr.cosine(100, 10, max_lr=1.0)(at)
    assert rates_of(optimizer) == [rate, rate * 0.1]


def test_backward_too():
    scheduler = Scheduler(optimizer := sgd(), EXAMPLES["cosine"])
    for at in (90, 3, 50, 50, 0):
        scheduler.step(at)
        assert (scheduler.position, rates_of(optimizer)) == (at, [EXAMPLES["cosine"](at)])


def test_the_peers_still_start_elsewhere():
    from torch.optim import lr_scheduler

    with pytest.raises(KeyError):
        lr_scheduler.CosineAnnealingLR(sgd(), 50, last_epoch=45)
    optimizer = torch.optim.SGD([{"params": [torch.nn.Parameter(torch.ones(1))], "lr": 0.1, "initial_lr": 0.1}])
    lr_scheduler.CosineAnnealingLR(optimizer, 50, eta_min=1e-3, last_epoch=45)
    right = lehr.cosine(50, max_lr=0.1, min_lr=1e-3)(46)
    assert rates_of(optimizer)[0] != pytest.approx(right, rel=0.1)
