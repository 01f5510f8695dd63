"""Plateau counts as torch: which metrics are the best, which are bad, and which cut."""

import numpy as np
import pytest
import torch
from catalogue.optimizers import adamw, rates_of
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.plateaus import FLAT, SLOW, any_sign, common, cuts, positive, rates_after, watched


def torch_rates_after(metrics, *, higher_is_better=False, **options):
    opt = adamw(0.1)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, "max" if higher_is_better else "min", eps=0, **options)
    rates = []
    for metric in metrics:
        peer.step(metric)
        rates += rates_of(opt)
    return rates


def test_slow_steady_progress_keeps_the_rate():
    assert rates_after(SLOW) == torch_rates_after(SLOW) == [0.1] * 200


def test_best_is_replaced_only_by_a_metric_that_is_better_by_the_threshold():
    _, plateau = watched(threshold=0.1)
    bests = []
    for metric in (1.0, 0.95, 0.91, 0.89, 0.85):
        plateau.update(metric)
        bests.append(plateau.state_dict()["best"])
    assert bests == [1.0, 1.0, 1.0, 0.89, 0.89]


@settings(max_examples=400)
@given(
    st.one_of(
        st.tuples(st.lists(positive, max_size=50), st.fixed_dictionaries(common | {"threshold_mode": st.just("rel")})),
        st.tuples(st.lists(any_sign, max_size=50), st.fixed_dictionaries(common | {"threshold_mode": st.just("abs")})),
    )
)
def test_cuts_come_at_the_metrics_where_torch_cuts(drawn):
    metrics, options = drawn
    ours, theirs = rates_after(metrics, **options), torch_rates_after(metrics, **options)
    assert cuts(ours) == cuts(theirs)
    assert ours == pytest.approx(theirs, rel=1e-9)


# Cuts on metrics that do not change, counted by hand from the source of each library:
# torch/optim/lr_scheduler.py (2.13), keras/src/callbacks/reduce_lr_on_plateau.py (040582f) and
# optax/contrib/_reduce_on_plateau.py (05a7425). The first metric is the best in all of them. torch cuts when its count
# of bad metrics is above `patience`, the others when it reaches `patience`. Keras lowers its cooldown counter before it
# looks whether it is 0, so that the last metric of the cooldown counts already.
COUNTING = [
    # patience, cooldown, torch, Keras, optax
    (1, 0, [3, 5, 7, 9, 11, 13, 15], list(range(2, 17)), list(range(2, 17))),
    (2, 0, [4, 7, 10, 13, 16], [3, 5, 7, 9, 11, 13, 15], [3, 5, 7, 9, 11, 13, 15]),
    (2, 1, [4, 8, 12, 16], [3, 5, 7, 9, 11, 13, 15], [3, 6, 9, 12, 15]),
    (2, 2, [4, 9, 14], [3, 6, 9, 12, 15], [3, 7, 11, 15]),
    (3, 4, [5, 13], [4, 10, 16], [4, 11]),
]


@pytest.mark.parametrize(("patience", "cooldown", "torch_cuts", "keras_cuts", "optax_cuts"), COUNTING)
def test_the_docstring_says_how_to_count_as_others(patience, cooldown, torch_cuts, keras_cuts, optax_cuts):
    as_keras = {"patience": patience - 1, "cooldown": max(0, cooldown - 1), "threshold_mode": "abs"}
    as_optax = {"patience": patience - 1, "cooldown": cooldown}
    as_torch = {"patience": patience, "cooldown": cooldown}
    assert cuts(torch_rates_after(FLAT, **as_torch)) == cuts(rates_after(FLAT, **as_torch)) == torch_cuts
    assert cuts(rates_after(FLAT, **as_keras)) == keras_cuts
    assert cuts(rates_after(FLAT, **as_optax)) == optax_cuts


# Best metrics by hand: (settings, metrics, numbers of those that become the best).
BESTS = [
    ({"threshold": 0.5}, [-1.0, -1.4, -1.6, -2.0], [1, 3]),  # below -1.5 is better
    ({"threshold": 0.5, "higher_is_better": True}, [-1.0, -0.6, -0.4, 0.0, 0.1], [1, 3, 4, 5]),  # -0.5, -0.2, 0, 0
    ({"threshold": 0.25, "threshold_mode": "abs"}, [0.5, 0.25, 0.125, 0.0, -0.25], [1, 3, 5]),  # 0.25, -0.125
    ({"threshold": 2.0, "threshold_mode": "abs", "higher_is_better": True}, [-1.0, 1.0, 1.5, 4.0], [1, 3, 4]),
]


@pytest.mark.parametrize(("options", "metrics", "expected"), BESTS, ids=str)
def test_thresholds_of_metrics_of_any_sign(options, metrics, expected):
    _, plateau = watched(**options)
    better = []
    for number, metric in enumerate(metrics, start=1):
        plateau.update(metric)
        if plateau.state_dict()["best"] == metric:
            better.append(number)
    assert better == expected


@given(any_sign, any_sign, st.sampled_from(["rel", "abs"]), st.booleans())
def test_a_worse_metric_is_never_better(best, metric, mode, higher_is_better):
    _, plateau = watched(threshold=0.1, threshold_mode=mode, higher_is_better=higher_is_better)
    plateau.update(best)
    plateau.update(metric)
    improved = metric > best if higher_is_better else metric < best
    assert improved or plateau.state_dict()["best"] == best


def test_a_window_forgets_a_lucky_metric_and_keeps_slow_progress():
    lucky = [1.0, *(5.0 - 0.25 * i for i in range(14))]
    assert cuts(rates_after(lucky, patience=2)) == [4, 7, 10, 13]
    assert cuts(rates_after(lucky, patience=2, window=2)) == []
    assert cuts(rates_after([-metric for metric in lucky], patience=2, window=2, higher_is_better=True)) == []
    assert cuts(rates_after(SLOW, patience=2, window=3)) == []
    # 1.0 is compared with while it is among the last two; 3.0 and 4.0 are bad beside 2.0 and beside 3.0.
    _, plateau = watched(window=2)
    bad = []
    for metric in (1.0, 2.0, 3.0, 4.0, 2.5):
        plateau.update(metric)
        bad.append(plateau.state_dict()["bad"])
    assert bad == [0, 1, 2, 3, 0]


def test_without_a_window_no_metric_is_kept():
    _, plateau = watched()
    for metric in FLAT:
        plateau.update(metric)
    assert plateau.state_dict()["recent"] == []
    assert plateau._counters.recent == ()


def test_a_metric_may_be_a_tensor_or_a_numpy_number():
    metrics = [torch.tensor(1.0), np.float32(1.0), np.array(1.0), torch.tensor([1.0]), 1]
    assert cuts(rates_after(metrics, patience=0)) == [2, 3, 4, 5]
