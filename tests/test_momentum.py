"""A momentum that mirrors the rate, beside those of torch's OneCycleLR and CyclicLR."""

import itertools
import warnings

import pytest
import torch

import lehr
from lehr import Ramp, Scheduler
from lehr.schedules.combinators import sequence


def stepped(build, steps):
    """The rate and the momentum of each update under a scheduler of torch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of schedulers stepped without an optimizer
        scheduler = build(optimizer)
        group = optimizer.param_groups[0]
        for _ in range(steps):
            yield group["lr"], group["momentum"]
            scheduler.step()


def ours(mapping, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    scheduler = Scheduler(optimizer, mapping)
    for step in range(steps):
        scheduler.step(step)
        yield tuple(optimizer.param_groups[0][key] for key in mapping)


@pytest.mark.parametrize("three", [False, True])
@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_one_cycle(three, shape):
    """With the anchors of torch, which lie between two steps."""
    n, top = 41, 0.3 * 41 - 1
    levels = [(0.04, 1.0, top), (1.0, 0.04, top), (0.04, 4e-6, n - 1 - 2 * top)]
    if not three:
        levels = [(0.04, 1.0, top), (1.0, 4e-6, n - 1 - top)]
    both = lehr.with_momentum(sequence(*(Ramp(*level, shape) for level in levels)))

    def build(optimizer):
        strategy = {"cosine": "cos", "linear": "linear"}[shape]
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1.0, total_steps=n, three_phase=three, anneal_strategy=strategy
        )

    for (lr, momentum), (our_lr, our_momentum) in zip(stepped(build, n), ours(both, n), strict=True):
        assert our_lr == pytest.approx(lr, rel=1e-12)
        assert our_momentum == pytest.approx(momentum, rel=1e-12)


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_triangles(mode):
    settings = {"decay_factor": 0.97} if mode == "exp_range" else {}
    rate = getattr(lehr, mode)(max_lr=1.0, min_lr=0.1, cycle_steps=10, rise_steps=4, **settings)
    both = lehr.with_momentum(rate, 0.8, 0.9)

    def build(optimizer):
        gamma = settings.get("decay_factor", 1.0)
        return torch.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 1.0, 4, 6, mode=mode, gamma=gamma)

    for (lr, momentum), (our_lr, our_momentum) in zip(stepped(build, 45), ours(both, 45), strict=True):
        assert our_lr == pytest.approx(lr, rel=1e-12)
        assert our_momentum == pytest.approx(momentum, rel=1e-12)


def test_the_recipe_is_mirrored_and_saved():
    both = lehr.with_momentum(lehr.one_cycle(100, 30, max_lr=1.0), 0.8, 0.9, key="betas[0]")
    assert [both["betas[0]"](t) for t in (0, 30, 100, 999)] == [0.9, 0.8, 0.9, 0.9]
    falling = itertools.pairwise(both["betas[0]"](t) for t in range(31))
    assert all(after <= before for before, after in falling)
    assert lehr.spec.from_text(repr(both["betas[0]"])) == both["betas[0]"]


def test_what_cannot_be_mirrored():
    with pytest.raises(ValueError, match="`low` of at most `high`"):
        lehr.with_momentum(lehr.one_cycle(10, max_lr=1.0), 0.9, 0.8)
    with pytest.raises(ValueError, match="needs a rate that changes"):
        lehr.with_momentum(lehr.Constant(1.0))
