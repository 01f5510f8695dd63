"""Megatron-LM's arguments: rates to check by hand, samples and updates, the weight decay, and what is refused.

The rates follow ``megatron/core/optimizer_param_scheduler.py`` of megatron-core 0.16.1.
"""

import argparse

import pytest

import lehr
from lehr.importers import from_megatron, hyperparameters_from_megatron

BASE = {"lr": 1.0, "train_iters": 10, "lr_warmup_iters": 2}


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


def test_linear_is_the_default():
    """From 0 to 1 over 2, down to 0.2 over 8 in steps of 0.1, and 0.2 after."""
    schedule = from_megatron(BASE | {"min_lr": 0.2})
    assert rates(schedule, 12) == [0, 0.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2]
    assert schedule == from_megatron(argparse.Namespace(**BASE, min_lr=0.2, lr_decay_iters=None, hidden_size=64))
    assert schedule == from_megatron({"--lr": 1.0, "--train-iters": 10, "--lr-warmup-iters": 2, "--min-lr": 0.2})


def test_constant_never_falls():
    assert rates(from_megatron(BASE | {"lr_decay_style": "constant", "min_lr": 0.2}), 3) == [0, 0.5, 1]
    assert from_megatron(BASE | {"lr_decay_style": "constant", "min_lr": 0.2})(10**6) == 1


@pytest.mark.parametrize(
    ("style", "middle"),
    [("linear", 0.5), ("cosine", 0.5), ("exponential", 2 * 0.5**0.5 - 1), ("minus_sqrt", 1 - 0.5**0.5)],
)
def test_wsd(style, middle):
    """It anneals over the last 4 of 10: halfway at 8."""
    wsd = {"lr_decay_style": "WSD", "lr_wsd_decay_style": style, "lr_wsd_decay_iters": 4}
    schedule = from_megatron(BASE | wsd)
    assert [schedule(t) for t in (2, 6, 8, 10, 11)] == pytest.approx([1, 1, middle, 0, 0])


def test_inverse_square_root_drops_after_its_end():
    """√(4 / t): 1 at 4, a half at 16. Then min_lr, at once."""
    args = {"lr": 1.0, "train_iters": 16, "lr_warmup_iters": 4, "lr_decay_style": "inverse-square-root", "min_lr": 0.1}
    with pytest.warns(UserWarning, match=r"drops to min_lr, 0.1, after step 16; .* holds its final value, 0.5"):
        held = from_megatron(args)
    peer = from_megatron(args, after="peer")
    assert [held(t) for t in (2, 4, 16, 17, 99)] == [0.5, 1, 0.5, 0.5, 0.5]
    assert [peer(t) for t in (2, 4, 16, 17, 99)] == [0.5, 1, 0.5, 0.1, 0.1]


def test_inverse_square_root_without_a_warmup_counts_samples():
    """W is at least one sample: with 4 in an update the rate is 1/√4 after the first and 1/√16 after the fourth."""
    args = {"lr": 1.0, "train_iters": 9, "lr_decay_style": "inverse-square-root", "global_batch_size": 4}
    schedule = from_megatron(args, after="peer")
    assert [schedule(t) for t in (0, 1, 4)] == [1, 0.5, 0.25]


def test_lengths_in_samples():
    """A warmup of 10 samples in batches of 4: 4/10, 8/10, and the top before the third update is over."""
    args = {"lr": 1.0, "train_samples": 50, "lr_warmup_samples": 10, "global_batch_size": 4}
    assert rates(from_megatron(args), 5) == [0, 0.4, 0.8, 0.95, 0.85]
    assert rates(from_megatron(args, unit="samples"), 12)[8:] == [0.8, 0.9, 1.0, 0.975]


def test_a_growing_batch_needs_samples():
    args = BASE | {"global_batch_size": 8, "rampup_batch_size": [2, 2, 100]}
    with pytest.raises(ValueError, match="import the schedule in samples, with unit='samples'"):
        from_megatron(args)
    assert from_megatron(args, unit="samples").length == 80


def test_a_fraction_of_the_decay():
    assert from_megatron({"lr": 1.0, "train_iters": 10, "lr_warmup_fraction": 0.2}) == from_megatron(BASE)


def test_weight_decay():
    args = BASE | {"start_weight_decay": 0.0, "end_weight_decay": 0.1}
    linear = hyperparameters_from_megatron(args | {"weight_decay_incr_style": "linear"})
    assert sorted(linear) == ["lr", "weight_decay"]
    assert [linear["weight_decay"](t) for t in (0, 5, 10, 11)] == pytest.approx([0, 0.05, 0.1, 0.1])
    cosine = hyperparameters_from_megatron(args | {"weight_decay_incr_style": "cosine"})["weight_decay"]
    assert [cosine(t) for t in (0, 5, 10)] == pytest.approx([0, 0.05, 0.1])
    assert hyperparameters_from_megatron(BASE | {"weight_decay": 0.1})["weight_decay"] == lehr.Constant(0.1)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"train_iters": 10}, "Megatron needs `lr`, which is not given: the peak rate"),
        ({"lr": 1.0}, "needs `train_iters`, which is not given: Megatron needs it or `train_samples`"),
        (BASE | {"lr_decay_style": "wsd"}, "unknown `lr_decay_style` of Megatron 'wsd'; did you mean 'WSD'?"),
        (BASE | {"lr_decay_style": "WSD"}, "needs `lr_wsd_decay_iters`, which is not given"),
        (BASE | {"lr_warmup_steps": 3}, "unknown argument of Megatron 'lr_warmup_steps'; did you mean"),
        (
            BASE | {"lr_decay_samples": 3},
            "all lengths in updates or all in samples, got `train_iters` and `lr_decay_samples`",
        ),
        (BASE | {"lr_warmup_fraction": 0.1}, "one of `lr_warmup_fraction` and `lr_warmup_iters`, got both"),
        (BASE | {"lr_warmup_iters": 10}, "a warmup shorter than the decay, got 10 and 10 iters"),
        (BASE | {"min_lr": 2.0}, "`min_lr` of at most `lr`, got min_lr=2 and lr=1"),
        (BASE | {"lr_warmup_init": 2.0}, "`lr_warmup_init` of at most `lr`, got lr_warmup_init=2 and lr=1"),
        (
            {"lr": 1.0, "train_samples": 9},
            "needs `global_batch_size`, which is not given: it turns samples into updates",
        ),
        (3, "from_megatron needs a mapping or an argparse.Namespace, got 3"),
    ],
)
def test_what_is_refused(args, message):
    with pytest.raises(ValueError) as refused:
        from_megatron(args)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"weight_decay": 0.1, "start_weight_decay": 0.2}, 'only where `weight_decay_incr_style` is not "constant"'),
        ({"weight_decay_incr_style": "linear"}, "needs `start_weight_decay`, which is not given"),
        (
            {"weight_decay_incr_style": "cosine", "start_weight_decay": 0.2, "end_weight_decay": 0.1},
            "`end_weight_decay` of at least `start_weight_decay`, got 0.1 and 0.2",
        ),
    ],
)
def test_what_weight_decay_is_refused(args, message):
    with pytest.raises(ValueError) as refused:
        hyperparameters_from_megatron(BASE | args)
    assert message in str(refused.value)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="unknown unit 'tokens'"):
        from_megatron(BASE, unit="tokens")
