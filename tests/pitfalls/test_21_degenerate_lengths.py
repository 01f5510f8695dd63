"""A warmup as long as the run, no decay, or a single step gives a ZeroDivisionError, an oscillation, or nothing at all, often hours into the run.

Lengths are checked when the schedule is built, and the error names both numbers; a phase of length 0 is legal and disappears.

Reported in https://github.com/pytorch/torchtitan/pull/1010 https://github.com/mosaicml/composer/pull/1350 https://github.com/deepspeedai/DeepSpeed/pull/8142
"""

import itertools
import math

import pytest
import torch
import transformers
from catalogue.optimizers import sgd, update, used_by
from catalogue.trainers import quietly

import lehr
from lehr import Constant, Ramp

RUNS = [(10, 10), (0, 1), (1, 1), (0, 0), (12, 10)]
SHAPES = [
    *("cosine", "linear", "constant_with_warmup", "polynomial", "exponential", "rex", "wsd", "trapezoid"),
    *("power", "infinite", "inverse_sqrt", "one_cycle", "step_decay", "multistep", "cosine_restarts"),
]
OPTIONS = {
    "step_decay": {"decay_steps": 1},
    "multistep": {"milestones": ["100%"]},
    "cosine_restarts": {"cycle_steps": 100},
    **{name: {"decay_steps": 0} for name in ("wsd", "trapezoid", "power")},
    "infinite": {"cooldown_steps": 0, "decay_steps": 0},
}


def bends(rates):
    """How often the slope changes its sign."""
    slopes = [math.copysign(1, b - a) for a, b in itertools.pairwise(rates) if a != b]
    return sum(a != b for a, b in itertools.pairwise(slopes))


@pytest.mark.parametrize(("warmup", "total"), RUNS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_schedule_or_an_error_that_names_both(name, warmup, total):
    build = lambda: getattr(lehr, name)(total, warmup, 1.0, **OPTIONS.get(name, {}))  # noqa: E731
    if total == 0:
        with pytest.raises(ValueError, match=r"training_steps.*got 0"):
            build()
    elif warmup > total:
        with pytest.raises(ValueError, match=f"warmup_steps={warmup}.*training_steps={total}"):
            build()
    else:
        schedule = build()
        rates = [schedule(t) for t in range(total + 5)]
        assert schedule.length == total
        assert all(0 <= rate <= 1 for rate in rates)
        assert bends(rates) < 2
        assert rates[total:] == [rates[total]] * 5


def test_phases_of_length_0_vanish():
    nothing = Ramp(0, 1, 0)
    rest = Ramp(1, 0, 10)
    assert nothing.then(rest) == rest == Constant(5, 0).then(rest)
    assert lehr.wsd(10, 0, max_lr=1.0, decay_steps=10, decay_shape="linear") == lehr.linear(10, max_lr=1.0)


@pytest.mark.parametrize("milestones", [[4, 2], [-1, 2], [2, 11], []])
def test_boundaries_out_of_order_are_refused(milestones):
    with pytest.raises(ValueError, match="milestones"):
        lehr.multistep(10, max_lr=1.0, milestones=milestones)


@pytest.mark.parametrize("length", [-5, -1, float("nan"), float("inf"), True, "10"])
def test_lengths_that_are_none_are_refused(length):
    with pytest.raises(ValueError):
        Ramp(1, 0, length)


def test_alive_in_transformers():
    opt = sgd()
    rates = used_by(opt, transformers.get_cosine_schedule_with_warmup(opt, 10, 10), 13)
    assert rates[9:] == [0.9, 1.0, 0.0, 1.0]
    opt = sgd()
    with pytest.raises(ZeroDivisionError):
        used_by(opt, transformers.get_polynomial_decay_schedule_with_warmup(opt, 10, 10), 13)
    opt = sgd()
    assert max(used_by(opt, transformers.get_linear_schedule_with_warmup(opt, 12, 10), 10)) < 1  # without a word


def test_alive_in_torch():
    make = torch.optim.lr_scheduler
    for build in (lambda opt: make.CosineAnnealingLR(opt, 0), lambda opt: make.StepLR(opt, 0)):
        opt = sgd()
        scheduler = build(opt)
        update(opt)
        with pytest.raises(ZeroDivisionError):
            scheduler.step()
    make.CosineAnnealingLR(sgd(), -5)
    opt = sgd()
    phases = [make.ConstantLR(opt, 0.1, 99), make.ConstantLR(opt, 0.5, 99), make.ConstantLR(opt, 0.7, 99)]
    rates = quietly(lambda: used_by(opt, make.SequentialLR(opt, phases, [4, 2]), 8))
    assert 0.5 not in rates  # the phase in the middle is dropped
