"""DeepSpeed's WarmupLR replaces the configured rate by its default of 0.001 and makes the first update at the peak.

The peak is `max_lr`, or the optimizer's own rate if none is given, and the first rate is in place when the constructor returns.

Reported in https://github.com/deepspeedai/DeepSpeed/issues/7303 https://github.com/huggingface/accelerate/issues/2124
"""

import math

import pytest
from catalogue.examples import SHORT_ENDING
from catalogue.optimizers import adamw, rates_of, sgd

import lehr
from lehr import Ramp, Scheduler, Table

PEAKED = [
    *("cosine", "linear", "constant", "constant_with_warmup", "polynomial", "exponential", "rex", "wsd"),
    *("trapezoid", "power", "infinite", "one_cycle", "inverse_sqrt"),
]


@pytest.mark.parametrize("name", PEAKED)
def test_the_peak_is_the_optimizers_own(name):
    opt = sgd(5e-7)
    scheduler = Scheduler(opt, name, 10, 1)
    assert max(scheduler.schedule(t) for t in range(11)) == pytest.approx(5e-7, rel=1e-12)


@pytest.mark.parametrize("name", SHORT_ENDING)
def test_the_first_rate_is_there_before_any_step(name):
    opt = sgd(5e-7, 5e-8)
    Scheduler(opt, SHORT_ENDING[name], group_scale="ratio")
    assert rates_of(opt) == pytest.approx([SHORT_ENDING[name](0), SHORT_ENDING[name](0) / 10], rel=1e-15)


def test_the_numbers_of_its_logarithmic_warmup():
    """WarmupLR's default: min + (max - min) · log(t + 1) / log(W); its first update is what this begins with."""
    warmup, low, top = 10, 1e-6, 5e-7 * 10
    table = Table([low + (top - low) * math.log(t + 1) / math.log(warmup) for t in range(warmup)])
    opt = sgd(5e-7)
    Scheduler(opt, table.then(lehr.Constant(top)))
    assert rates_of(opt) == [low]
    assert table(warmup - 1) == pytest.approx(top, rel=1e-12)


def test_a_scheduled_beta_stays_where_it_is_told():
    """OneCycle's momentum decay grew a beta past 1 (DeepSpeed PR 8589)."""
    opt = adamw(1e-3, betas=(0.9, 0.98))
    beta = Ramp(0.95, 0.85, 5).then(Ramp(0.85, 0.95, 5))
    scheduler = Scheduler(opt, {"lr": lehr.one_cycle(10, max_lr=1e-3), "betas[0]": beta})
    seen = []

    def step(t):
        scheduler.step(t)
        seen.append(opt.param_groups[0]["betas"][0])

    with pytest.warns(UserWarning, match="past the end"):
        list(map(step, [*range(11), 50, 10**9]))
    assert seen == [beta(t) for t in range(11)] + [0.95, 0.95]
    assert min(seen) == 0.85
