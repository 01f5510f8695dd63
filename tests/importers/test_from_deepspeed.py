"""DeepSpeed configs: rates to check by hand, what is refused, and what the caller has to add.

The rates follow ``deepspeed/runtime/lr_schedules.py`` of DeepSpeed 0.19.8.
"""

import pytest

from lehr.importers import from_deepspeed, hyperparameters_from_deepspeed

CYCLE = {"cycle_min_lr": 0.1, "cycle_max_lr": 0.5, "cycle_first_step_size": 4, "cycle_second_step_size": 2}


def imported(kind, lr=None, training_steps=None, optimizer=None, **params):
    config = {"scheduler": {"type": kind, "params": params}}
    if optimizer is not None:
        config["optimizer"] = {"type": "AdamW", "params": optimizer}
    return from_deepspeed(config, lr=lr, training_steps=training_steps)


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


def test_range_test():
    """min (1 + rate · t / size): 0.1 more after each 2 updates."""
    params = {"lr_range_test_min_lr": 0.1, "lr_range_test_step_size": 2, "lr_range_test_step_rate": 1.0}
    assert rates(imported("LRRangeTest", training_steps=5, **params), 6) == [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]
    stairs = imported("LRRangeTest", training_steps=5, lr_range_test_staircase=True, **params)
    assert rates(stairs, 5) == [0.1, 0.1, 0.2, 0.2, 0.3]


def test_one_cycle():
    """Up in 4, down in 2; then 0.1 / (1 + 1 · s / 2): a half after 2 more updates, a third after 4."""
    decaying = imported("OneCycle", decay_lr_rate=1.0, decay_step_size=2, **CYCLE)
    assert rates(decaying, 7) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.3, 0.1]
    assert [decaying(8), decaying(10)] == pytest.approx([0.05, 0.1 / 3])
    assert rates(imported("OneCycle", decay_lr_rate=1.0, **CYCLE), 9)[6:] == [0.1] * 3  # a step size of 0: no decay


def test_one_cycle_in_stairs():
    """Two stairs up, of 2 updates each; on the way down the first update is already a stair lower."""
    stairs = imported("OneCycle", cycle_first_stair_count=2, **CYCLE)
    assert rates(stairs, 7) == [0.1, 0.1, 0.3, 0.3, 0.5, 0.3, 0.1]


@pytest.mark.parametrize(("up", "down"), [(2, 2), (5, 7), (61, 50), (50, 61)])
def test_stairs_that_are_no_whole_number_of_updates(up, down):
    """⌊j · up / 9⌋ stairs after j updates of 9; ⌊(21 - i) · down / 21⌋ above the floor after i of 21. No update is
    moved to another stair by rounding, in the rate or in the momentum."""
    params = {"cycle_min_lr": 0.0, "cycle_max_lr": 1.0, "cycle_first_step_size": 9, "cycle_second_step_size": 21}
    params |= {"cycle_first_stair_count": up, "cycle_second_stair_count": down}
    scheduled = hyperparameters_from_deepspeed({"scheduler": {"type": "OneCycle", "params": params}})
    shares = [j * up // 9 / up for j in range(10)] + [(21 - i) * down // 21 / down for i in range(1, 22)]
    assert [scheduled["lr"](t) for t in range(31)] == pytest.approx(shares, abs=1e-14)
    momentum = [0.9 - 0.1 * share for share in shares[1:]]
    assert [scheduled["betas[0]"](t) for t in range(1, 31)] == pytest.approx(momentum, abs=1e-14)


def test_momentum_mirrors_the_rate_but_begins_low():
    scheduled = hyperparameters_from_deepspeed({"scheduler": {"type": "OneCycle", "params": CYCLE}})
    assert sorted(scheduled) == ["betas[0]", "betas[1]", "lr"]
    assert rates(scheduled["betas[0]"], 8) == [0.8, 0.875, 0.85, 0.825, 0.8, 0.85, 0.9, 0.9]
    assert scheduled["betas[1]"](3) == 0.99
    constant = {"scheduler": {"type": "OneCycle", "params": CYCLE | {"cycle_momentum": False}}}
    assert list(hyperparameters_from_deepspeed(constant)) == ["lr"]


def test_momentum_that_rises_on():
    config = {"scheduler": {"type": "OneCycle", "params": CYCLE | {"decay_mom_rate": 0.01, "decay_step_size": 1}}}
    with pytest.warns(UserWarning, match="rises on after step 6"):
        held = hyperparameters_from_deepspeed(config)["betas[0]"]
    assert held(16) == pytest.approx(0.9)
    assert hyperparameters_from_deepspeed(config, after="peer")["betas[0]"](16) == pytest.approx(0.99)


def test_warmup_is_one_update_late():
    warmup = imported("WarmupLR", warmup_max_lr=0.4, warmup_num_steps=4, warmup_type="linear")
    assert rates(warmup, 7) == [0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.4]


def test_logarithmic_warmup_reaches_its_top_one_update_before_its_end():
    """ln(c + 1) / ln 4 at c = t - 1: a half at c = 1, all of it at c = 3."""
    warmup = imported("WarmupLR", warmup_max_lr=0.4, warmup_num_steps=4)
    assert [warmup(t) for t in (0, 1, 2, 4, 5)] == pytest.approx([0.0, 0.0, 0.2, 0.4, 0.4])


def test_warmup_decay_ends_at_the_lower_rate_and_not_at_0():
    params = {"warmup_min_lr": 0.2, "warmup_max_lr": 0.4, "warmup_num_steps": 2, "warmup_type": "linear"}
    assert rates(imported("WarmupDecayLR", total_num_steps=6, **params), 9)[2:] == [0.3, 0.4, 0.35, 0.3, 0.25, 0.2, 0.2]


def test_warmup_cosine_begins_at_0_whatever_its_ratio_says():
    params = {"warmup_min_ratio": 0.5, "warmup_num_steps": 2, "warmup_type": "linear", "cos_min_ratio": 0.0}
    schedule = imported("WarmupCosineLR", optimizer={"lr": 0.4}, total_num_steps=4, **params)
    assert rates(schedule, 6) == [0.0, 0.2, 0.3, 0.2, 0.0, 0.0]


def test_the_caller_fills_in_what_is_auto():
    auto = {"warmup_min_lr": "auto", "warmup_max_lr": "auto", "total_num_steps": "auto", "warmup_num_steps": 2}
    said = {"warmup_min_lr": 0.0, "warmup_max_lr": 0.4, "total_num_steps": 6, "warmup_num_steps": 2}
    assert imported("WarmupDecayLR", lr=0.4, training_steps=6, **auto) == imported("WarmupDecayLR", **said)
    assert imported("WarmupLR", optimizer={"lr": 0.4}) == imported("WarmupLR", warmup_max_lr=0.4)
    assert imported("WarmupLR", lr=0.2, optimizer={"lr": "auto"}) == imported("WarmupLR", warmup_max_lr=0.2)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("WarmupLr", {}, "unknown `type` of DeepSpeed's scheduler 'WarmupLr'; did you mean 'WarmupLR'?"),
        ("StepLR", {}, "one of torch.optim.lr_scheduler is imported with from_torch"),
        ("WarmupLR", {"warmup_steps": 3}, "did you mean 'warmup_num_steps'?"),
        ("WarmupLR", {}, "WarmupLR needs `lr`, which is not given: give the optimizer's rate as lr="),
        ("WarmupLR", {"warmup_max_lr": "auto"}, 'for `warmup_max_lr`, got "auto": give the optimizer\'s rate as lr='),
        (
            "WarmupLR",
            {"warmup_max_lr": 1.0, "warmup_num_steps": "auto"},
            '`warmup_num_steps`, got "auto": write the number',
        ),
        ("WarmupLR", {"warmup_max_lr": 1.0, "warmup_type": "cosine"}, "unknown `warmup_type` of WarmupLR 'cosine'"),
        ("WarmupLR", {"warmup_max_lr": [0.1, 0.2]}, "one value for each param group, and a schedule is for one"),
        ("WarmupLR", {"warmup_max_lr": "1e-3"}, "got the string '1e-3'; write it without quotes"),
        (
            "WarmupDecayLR",
            {},
            "needs `total_num_steps`, which is not given: give the length of the run as training_steps=",
        ),
        ("LRRangeTest", {}, "needs `training_steps`, which is not given"),
        ("OneCycle", {"cycle_max_lr": 1.0}, "OneCycle needs `cycle_min_lr`, which is not given"),
        (
            "OneCycle",
            CYCLE | {"cycle_first_step_size": 0},
            "an integer of at least 1 for `cycle_first_step_size`, got 0",
        ),
    ],
)
def test_what_is_refused(kind, params, message):
    with pytest.raises(ValueError) as refused:
        imported(kind, **params)
    assert message in str(refused.value)


def test_two_lengths_are_refused():
    with pytest.raises(ValueError, match="has total_num_steps=10, and training_steps=20 was given: give one of them"):
        imported("WarmupDecayLR", training_steps=20, total_num_steps=10)
    assert imported("WarmupDecayLR", training_steps=10, total_num_steps=10).length == 1001


@pytest.mark.parametrize("config", [3, {}, {"scheduler": None}, {"scheduler": {"params": {}}}, {"scheduler": []}])
def test_no_scheduler(config):
    with pytest.raises(ValueError):
        from_deepspeed(config)


def test_an_unknown_word_for_the_end_is_refused():
    with pytest.raises(ValueError, match="unknown after 'hol'"):
        from_deepspeed({"scheduler": {"type": "WarmupLR", "params": {"warmup_max_lr": 1.0}}}, after="hol")
