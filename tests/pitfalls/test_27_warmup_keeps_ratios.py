"""ignite's warmup helper takes every group to the same end value, whatever the groups' rates were.

With `group_scale="ratio"` each group keeps its ratio at every step of the warmup.

Reported in https://github.com/pytorch/ignite/issues/856 https://github.com/Tony-Y/pytorch_warmup/issues/14
"""

import warnings

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd

from lehr import Constant, Ramp, Scheduler


@pytest.mark.parametrize("name", SHORT)
def test_the_same_share_of_its_own_rate(name):
    opt = sgd(1.0, 0.1, 0.003)
    scheduler = Scheduler(opt, SHORT[name], group_scale="ratio")
    for t in range(21):
        scheduler.step(t)
        rates = rates_of(opt)
        assert rates == [rates[0], rates[0] * 0.1, rates[0] * 0.003]


def test_unless_each_has_its_own():
    opt = sgd(1.0, 0.1)
    scheduler = Scheduler(opt, {0: Ramp(0, 1, 4), 1: Constant(0.1)})
    seen = []
    for t in range(5):
        scheduler.step(t)
        seen.append(rates_of(opt))
    assert seen == [[0, 0.1], [0.25, 0.1], [0.5, 0.1], [0.75, 0.1], [1, 0.1]]


def test_alive_in_ignite():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ignite.handlers.param_scheduler import create_lr_scheduler_with_warmup

        opt = sgd(1.0, 0.1)
        after = torch.optim.lr_scheduler.ExponentialLR(opt, 0.98)
        scheduler = create_lr_scheduler_with_warmup(
            after, warmup_start_value=0.0, warmup_duration=4, warmup_end_value=1.0
        )
        seen = []
        for _ in range(4):
            scheduler(None)
            seen.append(rates_of(opt)[1])
    assert seen == pytest.approx([0, 1 / 3, 2 / 3, 1.0])  # the group at 0.1
