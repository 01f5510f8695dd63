"""SequentialLR and ChainedScheduler refuse ReduceLROnPlateau, so it cannot have a warmup.

`Plateau` scales the rest of any schedule, counts no bad metrics during the warmup, and is saved with the run.

Reported in https://github.com/pytorch/pytorch/issues/68978 https://github.com/pytorch/pytorch/issues/110761 https://github.com/huggingface/transformers/pull/23944
"""

import pytest
import torch
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Plateau, Scheduler

make = torch.optim.lr_scheduler


def warmup_and_plateau(opt, **options):
    scheduler = Scheduler(opt, lehr.constant_with_warmup(None, 3, 1.0))
    return scheduler, Plateau(scheduler, patience=1, factor=0.1, **options)


def train(opt, scheduler, updates, metric=1.0):
    seen = []
    for _ in range(updates):
        seen += rates_of(opt)
        update(opt)
        scheduler.step(metric=metric)
    return seen


def test_warmup_then_plateau():
    opt = sgd()
    scheduler, _ = warmup_and_plateau(opt)
    seen = train(opt, scheduler, 9)
    assert seen[:4] == [1 / 3, 1 / 3, 2 / 3, 1.0]  # exact, and nothing is counted there
    # Of the metrics after the warmup the first is bad but tolerated, and the second cuts; so on in twos.
    assert seen[4:] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001], rel=1e-12)


def test_in_warmup_counts_in_the_warmup():
    opt = sgd()
    scheduler, _ = warmup_and_plateau(opt, in_warmup=True)
    assert min(train(opt, scheduler, 4)[1:]) < 1 / 3


def test_a_plateau_under_a_cosine_multiplies_it():
    opt = sgd()
    schedule = lehr.cosine(100, max_lr=1.0)
    scheduler = Scheduler(opt, schedule)
    plateau = Plateau(scheduler, patience=0, factor=0.5)
    scheduler.step(40)
    plateau.update(1.0)
    plateau.update(1.0)
    for t in (40, 41, 60, 99, 100):
        scheduler.step(t)
        assert rates_of(opt) == [pytest.approx(0.5 * schedule(t), rel=1e-12)]
    assert scheduler.training_steps == 100


def test_no_metric_is_needed():
    opt = sgd()
    scheduler, plateau = warmup_and_plateau(opt)
    for _ in range(20):
        update(opt)
        scheduler.step()
    assert (rates_of(opt), plateau.state_dict()["bad"]) == ([1.0], 0)


def test_counters_and_factor_are_in_the_state():
    whole, opt = sgd(), sgd()
    expected = train(whole, warmup_and_plateau(whole)[0], 14)
    scheduler, _ = warmup_and_plateau(opt)
    seen = train(opt, scheduler, 7)
    state = scheduler.state_dict()
    resumed = sgd()
    second, plateau = warmup_and_plateau(resumed)
    second.load_state_dict(state)
    assert plateau.state_dict()["best"] == 1.0
    assert seen + train(resumed, second, 7) == expected


def test_alive_in_torch():
    for build in (make.SequentialLR, make.ChainedScheduler):
        opt = sgd()
        both = [make.LinearLR(opt), make.ReduceLROnPlateau(opt)]
        with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
            build(opt, both, [3]) if build is make.SequentialLR else build(both)
