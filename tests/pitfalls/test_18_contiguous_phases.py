"""timm starts the decay at step 0, under the warmup, so the rate drops when the warmup ends and never reaches its peak.

The phases of a schedule follow one another and their lengths add up; an overlap has to be built on purpose.

Reported in https://github.com/huggingface/pytorch-image-models/issues/1242 https://github.com/microsoft/Swin-Transformer/issues/277 https://github.com/google-deepmind/optax/issues/835
"""

import itertools

import pytest
from catalogue.optimizers import sgd
from catalogue.trainers import quietly, timm_schedulers

import lehr
from lehr import Ramp

TIMM = [0.01, 0.2575, 0.505, 0.7525, 0.6545, 0.5, 0.3455, 0.2061, 0.0955, 0.0245, 0.0]
TIMM_PREFIX = [0.01, 0.2575, 0.505, 0.7525, 1.0, 0.9755, 0.9045, 0.7939, 0.6545, 0.5, 0.3455]


def timm_rates(**options):
    opt = sgd()
    make = timm_schedulers().CosineLRScheduler
    scheduler = quietly(lambda: make(opt, t_initial=10, warmup_t=4, warmup_lr_init=0.01, **options))
    rates = []
    for epoch in range(11):
        scheduler.step(epoch)
        rates.append(opt.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize("name", ["cosine", "linear", "polynomial", "rex", "wsd", "trapezoid"])
def test_four_of_warmup_in_ten(name):
    options = {"decay_steps": 6} if name in ("wsd", "trapezoid") else {}
    schedule = getattr(lehr, name)(10, 4, 1.0, **options)
    rates = [schedule(t) for t in range(12)]
    assert schedule.length == 10
    assert max(rates) == rates[4] == 1.0
    assert rates[9] > rates[10] == rates[11] == 0
    assert rates[4:] == sorted(rates[4:], reverse=True)
    if name in ("cosine", "linear"):  # the others are steep by name
        assert max(abs(b - a) for a, b in itertools.pairwise(rates)) <= 1.1 / 4


def test_the_total_is_the_sum():
    assert Ramp(0, 1, 4).then(Ramp(1, 0, 10, "cosine")).length == 14  # join_schedules([linear 4, cosine 10], [4])
    assert Ramp(0, 1, 4).then(Ramp(1, 0, 6, "cosine")).length == 10  # warmup_cosine_decay_schedule(0, 1, 4, 10)


def test_alive_in_timm_and_spelled_with_parts():
    rates = timm_rates()
    assert max(rates) < 0.76  # the peak of 1 is never reached
    assert rates == pytest.approx(TIMM, abs=1e-4)
    under = Ramp(0.01, 1.0, 4).cut(0, 4).then(Ramp(1.0, 0.0, 10, "cosine").cut(4))
    assert [under(t) for t in range(11)] == pytest.approx(rates, rel=1e-12, abs=1e-15)


def test_timm_with_the_warmup_before_is_longer_than_it_says():
    rates = timm_rates(warmup_prefix=True)
    assert rates == pytest.approx(TIMM_PREFIX, abs=1e-4)  # alive: ten epochs end at half the peak
    before = Ramp(0.01, 1.0, 4).then(Ramp(1.0, 0.0, 10, "cosine"))
    assert before.length == 14
    assert [before(t) for t in range(11)] == pytest.approx(rates, rel=1e-12)
