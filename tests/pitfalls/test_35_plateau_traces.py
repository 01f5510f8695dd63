"""ReduceLROnPlateau counts a NaN as a bad epoch and cuts the rate, and after one very good metric it cuts during steady progress.

A NaN never cuts the rate, `window` forgets a single good metric, and the counters are saved.

Reported in https://github.com/pytorch/pytorch/issues/2545 https://github.com/facebookresearch/fairseq/pull/4071 https://github.com/fastai/fastai/issues/4046
"""

import math

import pytest
import torch
from catalogue.optimizers import rates_of, sgd, update

from lehr import Constant, Plateau, Scheduler

FLAT = [1.0] * 7
DESCENT = [1.0, *(5.0 - 0.4 * i for i in range(10))]  # one lucky metric, then steadily better from far above


def trace(metrics, scheduler=None, plateau=None, **options):
    scheduler = scheduler or Scheduler(sgd(0.1), Constant(0.1))
    plateau = plateau or Plateau(scheduler, **options)
    rates = []
    for metric in metrics:
        plateau.update(metric)
        rates.append(round(scheduler.current_lr, 9))
    return rates


def torchs(metrics, **options):
    opt = sgd(0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, **options)
    rates = []
    for metric in metrics:
        update(opt)
        scheduler.step(metric)
        rates.append(round(rates_of(opt)[0], 9))
    return rates


def test_flat_metrics():
    expected = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001]
    assert trace(FLAT, patience=2) == torchs(FLAT, patience=2) == expected


def test_a_cooldown_adds_one():
    expected = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001, 0.001]
    assert trace([1.0] * 11, patience=2, cooldown=1) == torchs([1.0] * 11, patience=2, cooldown=1) == expected


def test_a_descent_after_an_outlier():
    assert torchs(DESCENT, patience=2)[-1] == pytest.approx(1e-4)  # alive: three cuts
    assert trace(DESCENT, patience=2)[-1] == pytest.approx(1e-4)  # the same without a window
    assert trace(DESCENT, patience=2, window=2) == [0.1] * 11
    assert trace(FLAT, patience=2, window=2) == trace(FLAT, patience=2)  # a plateau is one with it too


@pytest.mark.parametrize("metric", [math.nan, math.inf, -math.inf])
def test_a_nan_never_cuts(metric):
    assert torchs([math.nan] * 7, patience=2)[-1] < 0.1  # alive
    scheduler = Scheduler(sgd(0.1), Constant(0.1))
    plateau = Plateau(scheduler, patience=2)
    with pytest.warns(UserWarning, match="neither as bad nor as good"):
        assert trace([metric] * 7, scheduler, plateau) == [0.1] * 7
    between = [1.0, metric, 1.0, metric, 1.0, metric, 1.0]  # said once is enough: here a warning would be an error
    assert trace(between, scheduler, plateau) == [0.1] * 6 + [0.01]  # nor does it forget the bad ones
    assert scheduler.history[-1].what == "scale(factor=0.1)"


@pytest.mark.parametrize("at", range(1, 14))
@pytest.mark.parametrize("options", [{}, {"cooldown": 2}, {"window": 3}], ids=str)
def test_resumed_at_any_metric(at, options):
    metrics = [3.0, 2.0, 2.0, 2.5, 2.0, 1.5, 1.6, 1.7, 1.8, 1.9, 1.0, 1.0, 1.0, 1.0, 1.0]
    whole = trace(metrics, patience=1, **options)
    first = Scheduler(sgd(0.1), Constant(0.1))
    before = trace(metrics[:at], first, patience=1, **options)
    second = Scheduler(sgd(0.1), Constant(0.1))
    plateau = Plateau(second, patience=1, **options)
    second.load_state_dict(first.state_dict())
    assert before + trace(metrics[at:], second, plateau) == whole


def test_accuracies_floors_and_negative_losses():
    assert trace([0.5, 0.6, 0.7, 0.8, 0.9], patience=0, higher_is_better=True) == [0.1] * 5
    assert trace([-1.0, -2.0, -3.0, -4.0], patience=0) == [0.1] * 4
    assert trace(FLAT, patience=0, min_lr=0.03)[-1] == 0.03
