"""torch's SequentialLR starts at a wrong rate around a ChainedScheduler, and raises during the run if one comes later.

Nesting changes nothing: `a.then(b.then(c))` equals `a.then(b).then(c)`, and a part may be any schedule.

Reported in https://github.com/pytorch/pytorch/issues/72874 https://github.com/pytorch/pytorch/issues/67586 https://github.com/pytorch/pytorch/issues/185872
"""

from itertools import product

import pytest
import torch
from catalogue.examples import SHORT_ENDING
from catalogue.optimizers import rates_of, sgd, update, used_by
from catalogue.trainers import quietly

from lehr import Constant, Exponential, Ramp, Scheduler

make = torch.optim.lr_scheduler
PICKED = ["cosine", "one_cycle", "Table", "product of recipes", "Cut", "Repeat"]


@pytest.mark.parametrize(
    ("a", "b", "c"), [(SHORT_ENDING[x], SHORT_ENDING[y], SHORT_ENDING[z]) for x, y, z in product(PICKED, repeat=3)]
)
def test_associative(a, b, c):
    left, right, flat = a.then(b).then(c), a.then(b.then(c)), a.then(b, c)
    assert left == right == flat
    assert hash(left) == hash(right)
    assert left.length == 60
    for t in (0, 19, 20, 21, 39, 40, 41, 59, 60, 61):
        part = (a, b, c)[min(t // 20, 2)]
        assert left(t) == right(t) == flat(t) == part(t - 20 * min(t // 20, 2))


@pytest.mark.parametrize("name", SHORT_ENDING)
def test_one_alone_is_itself(name):
    schedule = SHORT_ENDING[name]
    assert schedule.then() == schedule


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_product_as_any_child_at_every_boundary(n):
    parts = [Ramp(0, 1, 5), Constant(0.5, 5), Ramp(1, 0, 5), Constant(0.25, 5)]
    parts[n] = SHORT_ENDING["product of recipes"].cut(0, 5) * Exponential(1.0, 0.9, length=5)
    whole = parts[0].then(*parts[1:])
    opt = sgd()
    scheduler = Scheduler(opt, whole)
    for t in range(20):
        scheduler.step(t)
        assert rates_of(opt) == [parts[t // 5](t % 5)]


def test_alive_in_torch():
    def nested(opt):
        chain = make.ChainedScheduler([make.ConstantLR(opt, 1.0, 1), make.ExponentialLR(opt, 0.9)])
        return make.SequentialLR(opt, [chain, make.StepLR(opt, 3)], [3])

    opt = sgd(0.1)
    quietly(lambda: nested(opt))
    assert rates_of(opt) == [pytest.approx(0.09)]  # 0.1 was asked for

    opt = sgd(0.1)
    later = make.SequentialLR(
        opt, [make.ConstantLR(opt, 1.0, 1), make.ChainedScheduler([make.ExponentialLR(opt, 0.9)])], [3]
    )
    used_by(opt, later, 2)
    update(opt)
    with pytest.raises(NotImplementedError):
        later.step()
