"""Each pitfall that a configuration shows is found, and its near twin, in which all is well, is not."""

import numpy as np
import pytest
from catalogue.trainers import timm_schedulers
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr.check import RunFacts, findings, of_config

LINEAR = lehr.linear(100, 10, max_lr=1e-3)
WSD = lehr.wsd(1_600, 160, max_lr=1e-3, decay_steps=320, decay_shape="linear")  # in samples: 100 updates of 16
FOUR = {"samples": 3_200, "batch": 8, "world": 4, "epochs": 1}
WINDOWS = {"samples": 37, "batch": 4, "accumulate": 3, "epochs": 100}
NOW = {"updates": 100, "batch": 8, "resumed_at": 5}
EPOCH = {"samples": 320, "batch": 8, "accumulate": 2}  # 20 updates an epoch
ONE_CYCLE = {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "max_lr": 1e-3, "total_steps": 1_000}
COSINE = {
    "optimizer": {"lr": 1e-3},
    "sched": {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "T_max": 1_000},
}
TRAINER = {"lr_scheduler_type": "cosine", "learning_rate": 1e-3, "max_steps": 1_000, "warmup_steps": 100}
FP16 = TRAINER | {"fp16": True, "optim": "adamw_torch_fused"}
TIMM = {"sched": "cosine", "epochs": 100, "lr": 0.5, "warmup_epochs": 40, "warmup_lr": 1e-5, "cooldown_epochs": 0}
TIMM_DEFAULTS = TIMM | {"warmup_prefix": False}


def rules(subject, **facts):
    if isinstance(subject, dict):
        if "sched" in subject:
            timm_schedulers()
        found = of_config(subject, RunFacts(**facts)).findings
    else:
        found = findings(subject, RunFacts(**facts))
    return {(one.pitfall, one.rule) for one in found if one.is_error or one.pitfall == 5}


@pytest.mark.parametrize(
    ("pitfall", "rule", "wrong", "twin"),
    [
        (1, "schedule-too-short", (LINEAR, {"updates": 100, "world": 8, "step_per": "process"}),
         (LINEAR, {"updates": 100, "world": 8})),
        (1, "schedule-too-short", (LINEAR, {"updates": 100, "world": 2, "step_per": "process"}),
         (LINEAR, {"updates": 50, "world": 2, "step_per": "process"})),
        (2, "schedule-too-short", (LINEAR, {**EPOCH, "epochs": 5, "step_per": "batch"}),
         (LINEAR, {**EPOCH, "epochs": 5})),
        (2, "schedule-too-long", (lehr.linear(200, 10, max_lr=1e-3), {**EPOCH, "epochs": 5}),
         (lehr.linear(200, 10, max_lr=1e-3), {**EPOCH, "epochs": 10})),
        (3, "schedule-too-long", (LINEAR, {**EPOCH, "epochs": 5, "step_per": "epoch"}),
         (lehr.linear(5, 1, max_lr=1e-3), {**EPOCH, "epochs": 5, "step_per": "epoch"})),
        (3, "schedule-too-short", (lehr.linear(5, 1, max_lr=1e-3), {**EPOCH, "epochs": 5}),
         (LINEAR, {**EPOCH, "epochs": 5})),
        (4, "schedule-too-long", (lehr.linear(400, 10, max_lr=1e-3), FOUR),
         (LINEAR, FOUR)),
        # 37 samples in batches of 4, 3 a window: 4 updates an epoch, where dividing gives 37 // 12 = 3
        (4, "schedule-too-short", (lehr.linear(300, 10, max_lr=1e-3), WINDOWS),
         (lehr.linear(400, 10, max_lr=1e-3), WINDOWS)),
        (5, "skipped-updates-counted", (FP16, {}), (FP16 | {"fp16": False, "bf16": True}, {})),
        (5, "skipped-updates-counted", (FP16, {}), (FP16 | {"optim": "adamw_torch"}, {})),
        (6, "schedule-too-long", (WSD, {"updates": 100, "batch": 16, "step_per": "sample", "batch_ramp": (8, 8, 320)}),
         (WSD, {"updates": 100, "batch": 16, "step_per": "sample"})),
        (6, "schedule-too-short", (LINEAR, {"samples": 1_600, "batch": 16, "epochs": 1, "batch_ramp": (8, 8, 160)}),
         (LINEAR, {"samples": 1_600, "batch": 16, "epochs": 1})),
        (13, "resumed-with-another-batch", (LINEAR, NOW | {"resumed_samples": 4}),
         (LINEAR, NOW | {"resumed_samples": 8})),
        (15, "rises-again", (COSINE, {"updates": 2_000}), (COSINE, {"updates": 1_000})),
        (16, "one-cycle-raises", (ONE_CYCLE, {"updates": 1_001}), (ONE_CYCLE, {"updates": 1_000})),
        (18, "decay-under-the-warmup", (TIMM_DEFAULTS, {}), (TIMM | {"warmup_prefix": True}, {})),
        (18, "peak-not-reached", (LINEAR * lehr.Ramp(1.0, 0.0, 100), {"updates": 100, "lr": 1e-3}),
         (LINEAR, {"updates": 100, "lr": 1e-3})),
        (27, "groups-flattened", (LINEAR, {"group_lrs": (1e-3, 1e-4)}),
         (LINEAR, {"group_lrs": (1e-3, 1e-4), "keeps_ratios": True})),
        (20, "peak-is-a-factor", (lehr.linear(100, 10, max_lr=1.0), {"lr": 3e-4}),
         (lehr.linear(100, 10, max_lr=3e-4), {"lr": 3e-4})),
        (3, "peak-not-reached", (lehr.linear(10_000, 2_000, max_lr=1e-3), {"updates": 500}),
         (lehr.linear(10_000, 2_000, max_lr=1e-3), {"updates": 10_000})),
    ],
)  # fmt: skip
def test_found_and_its_twin_is_well(pitfall, rule, wrong, twin):
    assert (pitfall, rule) in rules(wrong[0], **wrong[1])
    assert rules(twin[0], **twin[1]) == set()


@pytest.mark.parametrize(
    ("schedule", "rule", "twin"),
    [
        (lehr.Ramp(0.0, 1e-3, 10).then(lehr.Ramp(1e-3, 0.0, 90)), "first-rate-zero", LINEAR),
        (lehr.linear(10, 3, max_lr=1e-3), "last-rate-not-reached", LINEAR),
        (lehr.cosine_restarts(150, max_lr=1e-3, cycle_steps=100), "ends-in-a-cycle",
         lehr.cosine_restarts(200, max_lr=1e-3, cycle_steps=100)),
    ],
)  # fmt: skip
def test_both_ends(schedule, rule, twin):
    (found,) = findings(schedule, RunFacts())
    assert (found.rule, found.level) == (rule, "warning")
    assert findings(twin, RunFacts()) == ()


def test_weight_decay_is_scaled_away():
    half = LINEAR.then(lehr.Constant(0.0, 100))
    (found,) = findings(half, RunFacts(updates=200, weight_decay=0.1))
    assert found.rule == "weight-decay-off"
    assert "50.0% of the updates" in found.what
    assert findings(half, RunFacts(updates=200)) == ()
    assert findings(LINEAR, RunFacts(weight_decay=0.1)) == ()


def test_the_numbers_of_a_batch_ramp():
    """Of pitfall 6: 20 updates of 8 samples and 80 of 16, so that the peak is at update 20 and the end at 0.55."""
    facts = RunFacts(updates=100, batch=16, step_per="sample", batch_ramp=(8, 8, 160))
    used = WSD(facts.positions(np.arange(101.0)))
    assert int(np.argmax(used == 1e-3)) == 20
    assert int(np.argmax(used[20:] < 1e-3)) + 20 == 91
    assert used[99] == pytest.approx(0.55e-3)
    (found,) = findings(WSD, facts)
    assert "uses 1,440 of the schedule's 1,600 steps (90.0%)" in found.what
    assert RunFacts(samples=1_600, batch=16, epochs=1, batch_ramp=(8, 8, 160)).run_updates == 110


RECIPES = [lehr.cosine, lehr.linear, lehr.wsd, lehr.polynomial, lehr.rex, lehr.trapezoid, lehr.one_cycle, lehr.constant]


@settings(deadline=None)
@given(recipe=st.sampled_from(RECIPES), steps=st.integers(100, 10**7), peak=st.floats(1e-5, 0.5))
def test_a_recipe_of_the_run_s_length_is_well(recipe, steps, peak):
    schedule = recipe(steps, max_lr=peak) if recipe is lehr.one_cycle else recipe(steps, "2%", max_lr=peak)
    assert findings(schedule, RunFacts(updates=steps, lr=peak, weight_decay=0.1)) == ()


@settings(deadline=None)
@given(samples=st.integers(1, 10**4), batch=st.integers(1, 64), accumulate=st.integers(1, 8), world=st.integers(1, 8),
       epochs=st.integers(1, 5), drop_last=st.booleans())  # fmt: skip
def test_updates_are_those_of_the_lengths(samples, batch, accumulate, world, epochs, drop_last):
    facts = {"samples": samples, "batch": batch, "accumulate": accumulate, "world": world, "epochs": epochs}
    facts["drop_last"] = drop_last
    assert RunFacts(**facts).run_updates == lehr.lengths.updates(**facts)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"updates": 0}, "`updates`"),
        ({"step_per": "steps"}, "step_per"),
        ({"step_per": "epoch"}, "needs the updates of an epoch: give `samples` and `batch`"),
        ({"batch_ramp": (8, 8, 160)}, "give `batch`"),
        ({"batch": 16, "batch_ramp": (8, 0, 160)}, "increment"),
        ({"epochs": 0}, "`epochs`"),
    ],
)
def test_facts_that_cannot_be_are_refused(facts, message):
    with pytest.raises(ValueError, match=message):
        RunFacts(**facts)
