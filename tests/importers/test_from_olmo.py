"""OLMo-core's schedulers: rates to check by hand, steps and tokens, and what is refused.

The rates follow ``olmo_core/optim/scheduler.py`` of ai2-olmo-core 3.0.0: update t has the rate of c = t + 1.
"""

import pytest

from lehr.importers import from_olmo


def imported(kind, lr=1.0, training_steps=8, tokens_per_step=None, after="hold", **settings):
    scheduler = {"type": kind, **settings}
    return from_olmo(scheduler, lr=lr, training_steps=training_steps, tokens_per_step=tokens_per_step, after=after)


def rates(schedule, n=8):
    return [round(schedule(t), 9) for t in range(n)]


KNOWN = {
    "constant": ({}, [1] * 8),
    "constant_with_warmup": ({"warmup": 4}, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]),
    "wsd": ({"warmup": 2, "decay_fraction": 0.5}, [0.5, 1, 1, 1, 0.75, 0.5, 0.25, 0]),
    "power_lr": ({"warmup": 2, "b": -1.0, "decay_fraction": 0.5}, [0.5, 1, 2 / 3, 0.5, 0.375, 0.25, 0.125, 0]),
    "linear_with_warmup": ({"warmup": 4, "alpha_f": 0.2}, [0.25, 0.5, 0.75, 1, 0.8, 0.6, 0.4, 0.2]),
    "inv_sqrt_with_warmup": ({"warmup": 2, "alpha_f": 0.0}, [0.5, 1, 0.816496581, 0.707106781]),
    "cos_with_warmup": ({"warmup": 4, "alpha_f": 0.0}, [0.25, 0.5, 0.75, 1, 0.853553391, 0.5, 0.146446609, 0]),
    "half_cos_with_warmup": ({"warmup": 4, "alpha_f": 0.2}, [0.15, 0.3, 0.45, 0.6, 0.446926627, 0.317157288]),
    "cos_with_warmup_and_linear_decay": (
        {"warmup": 4, "alpha_f": 0.0, "decay": 2, "decay_fraction": None},
        [0.25, 0.5, 0.75, 1, 0.853553391, 0.5, 0.25, 0],
    ),
    "wsds": (
        {"period_lengths": [4, 4], "period_lr_multipliers": [1.0, 0.5], "warmup": 1, "decay": 2},
        [1, 1, 0.5, 0, 0.5, 0.5, 0.25, 0],
    ),
    "exponential": ({"lr_min": 1 / 256}, [1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_known_rates(kind):
    settings, known = KNOWN[kind]
    assert rates(imported(kind, **settings), len(known)) == pytest.approx(known, abs=1e-9)


def test_composable():
    """Up to 1 in 4, down to a half in 2, hold it for 2; from position 5 on, down to 0 in 2."""
    stages = [
        {"duration": 4, "start_lr": 0.0, "end_lr_fraction": 1.0},
        {"duration": 2, "end_lr": 0.5},
        {"duration": 2, "end_lr_fraction": 0.5},
    ]
    assert rates(imported("composable", stages=stages), 9) == [0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.5, 0.5, 0.5]
    override = {"start": 5, "duration": 2, "end_lr": 0.0}
    late = imported("composable", stages=stages, override_decay=override)
    assert rates(late) == [0.25, 0.5, 0.75, 1, 0.75, 0.375, 0, 0]


def test_sequential():
    """The first keeps its last position, 4; the next begins after it, with the first one's last rate, a half."""
    first = {"type": "linear_with_warmup", "warmup": 2, "alpha_f": 0.5}
    second = {"type": "linear_with_warmup", "warmup": 0, "alpha_f": 0.0}
    schedule = imported("sequential", schedulers=[first, second], schedulers_max=[4])
    assert rates(schedule) == [0.5, 1, 0.75, 0.5, 0.375, 0.25, 0.125, 0]
    assert imported("sequential", schedulers=[first, second], schedulers_max_steps=[4, 4]) == schedule


def test_a_saved_experiment():
    scheduler = {"_CLASS_": "olmo_core.optim.scheduler.WSD", "units": "steps", "warmup": 2, "decay_fraction": 0.5}
    config = {
        "train_module": {"scheduler": scheduler, "optim": {"lr": 1.0}},
        "trainer": {"max_duration": {"value": 8, "unit": "steps"}},
        "data_loader": {"global_batch_size": 4096},
    }
    assert from_olmo(config) == imported("wsd", warmup=2, decay_fraction=0.5)
    tokens = config | {"trainer": {"max_duration": {"value": 8 * 4096, "unit": "tokens"}}}
    assert from_olmo(tokens) == from_olmo(config)
    epochs = config | {"trainer": {"max_duration": {"value": 1, "unit": "epochs"}}}
    with pytest.raises(ValueError, match="`training_steps`, which is not given: give the length of the run"):
        from_olmo(epochs)
    assert from_olmo(epochs, training_steps=8) == from_olmo(config)


def test_tokens():
    """A warmup of 6 tokens in batches of 4: 4/6 of the way, then 1."""
    schedule = imported("linear_with_warmup", units="tokens", warmup=6, alpha_f=0.5, tokens_per_step=4)
    assert [schedule(0), schedule(1), schedule(7)] == pytest.approx([4 / 6, 1 - 0.5 * 2 / 26, 0.5])


def test_the_last_update_of_a_run_in_tokens_may_be_past_its_end():
    """A run of 10 tokens in batches of 4, all of it a decay: the third update counts 12, and has a rate of -2/10."""
    config = {
        "train_module": {"scheduler": {"type": "wsd", "units": "tokens", "warmup": 0, "decay_fraction": 1.0}},
        "trainer": {"max_duration": {"value": 10, "unit": "tokens"}},
        "data_loader": {"global_batch_size": 4},
    }
    with pytest.warns(UserWarning, match="counts more tokens than the run has in its last update"):
        held = from_olmo(config, lr=1.0)
    assert rates(held, 3) == [0.6, 0.2, 0.0]
    assert rates(from_olmo(config, lr=1.0, after="peer"), 3) == [0.6, 0.2, -0.2]


def test_what_the_formula_gives_after_the_run():
    wsd = {"warmup": 2, "decay_fraction": 0.5, "decay_min_lr": 0.2}
    assert [imported("wsd", **wsd)(t) for t in (7, 8, 20)] == pytest.approx([0.2, 0.2, 0.2])
    assert [imported("wsd", after="peer", **wsd)(t) for t in (7, 8, 9)] == pytest.approx([0.2, 0.0, -0.2])


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("cosine", {}, "unknown `type` of OLMo-core's scheduler 'cosine'"),
        (
            "wsd",
            {"warmup": 2, "decay": 2},
            "one of `decay` and `decay_fraction`, got both; a null takes a default away",
        ),
        ("wsd", {"decay": 2}, "one of `warmup` and `warmup_fraction`, got none"),
        ("wsd", {"warmup": 2, "decay_fraction": 0.0}, "divides by its decay, got a length of 0"),
        ("wsd", {"warmup": 2, "decay_min_lr": 1.0}, "`decay_min_lr` below the rate, got 1 and a rate of 1"),
        ("wsd", {"warmup_fraction": 1.5}, "at most 1 for `warmup_fraction`, got 1.5"),
        ("constant_with_warmup", {"warmup": 2, "warmup_min_lr": 2.0}, "`warmup_min_lr` below the rate, got 2"),
        ("cos_with_warmup", {"warmup": 2, "alpha": 0.1}, "did you mean 'alpha_f'?"),
        ("power_lr", {"warmup": 0}, "`b` below 0 and a warmup of at least 1"),
        ("power_lr", {"warmup": 2, "decay_fraction": 1.0}, "a decay shorter than the run, got 8 of 8"),
        ("composable", {"stages": []}, "needs at least one value for `stages`, got []"),
        ("composable", {"stages": [{"duration": 2}]}, "stage 0 of OLMo-core's composable needs `end_lr`"),
        ("composable", {"stages": [{"duration": 0, "end_lr": 0}]}, "an integer of at least 1 for `duration`, got 0"),
        (
            "composable",
            {"stages": [{"duration": 2, "end_lr": 0, "start_lr": 1, "start_lr_fraction": 1}]},
            "takes one of `start_lr` and `start_lr_fraction`, got both",
        ),
        (
            "sequential",
            {"schedulers": [{"type": "constant"}], "schedulers_max": [1, 2]},
            "one of `schedulers_max` for each",
        ),
        (
            "sequential",
            {"schedulers": [{"type": "constant"}] * 2, "schedulers_max": [8]},
            "a run longer than `schedulers_max`",
        ),
        (
            "wsds",
            {"period_lengths": [4], "warmup": 2, "decay": 3},
            "periods as long as their warmup and decay; period 0 is not",
        ),
        ("constant", {"units": "epochs"}, "unknown `units` of OLMo-core's scheduler 'epochs'"),
        ("constant", {"units": "tokens"}, "`tokens_per_step`, which is not given: a scheduler in tokens needs it"),
    ],
)
def test_what_is_refused(kind, settings, message):
    with pytest.raises(ValueError) as refused:
        imported(kind, **settings)
    assert message in str(refused.value)


def test_the_rate_must_be_given():
    with pytest.raises(ValueError, match="from_olmo needs `lr`, which is not given: give the optimizer's rate as lr="):
        from_olmo({"type": "constant"}, training_steps=3)
    with pytest.raises(ValueError, match="needs a mapping for `train_module`, got 3"):
        from_olmo({"train_module": 3})
