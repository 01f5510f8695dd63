"""Composer's YAML: rates to check by hand, its times, and what is refused.

The rates follow ``composer/optim/scheduler.py`` of Composer 0.32.1 and ``llmfoundry/optim/scheduler.py``.
"""

import pytest

from lehr.importers import from_composer

RUN = {"lr": 1.0, "max_duration": "10ba"}


def imported(name, settings=None, **options):
    return from_composer({"name": name, **(settings or {})}, **(RUN | options))


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


KNOWN = {
    "step": ({"step_size": "2ba", "gamma": 0.5}, [1, 1, 0.5, 0.5, 0.25]),
    "multistep": ({"milestones": ["3ba", "1ba"], "gamma": 0.5}, [1, 0.5, 0.5, 0.25, 0.25]),
    "constant": ({"alpha": 0.3, "t_max": "2ba"}, [0.3, 0.3, 1, 1]),
    "linear": ({"t_max": "0.4dur", "alpha_f": 0.2}, [1, 0.8, 0.6, 0.4, 0.2, 0.2]),
    "exponential": ({"gamma": 0.25, "decay_period": "2ba"}, [1, 0.5, 0.25, 0.125]),
    "cosine_decay": ({"t_max": "4ba", "alpha_f": 0.2}, [1, 0.882842712, 0.6, 0.317157288, 0.2, 0.2]),
    "cosine_warmrestart": ({"t_0": "2ba", "t_mult": 2}, [1, 0.5, 1, 0.853553391, 0.5]),
    "polynomial": ({"t_max": "4ba", "power": 2}, [1, 0.5625, 0.25, 0.0625, 0, 0]),
    "multistep_with_warmup": ({"t_warmup": "2ba", "milestones": ["3ba"]}, [0, 0.5, 1, 0.1, 0.1]),
    "constant_with_warmup": ({"t_warmup": "2ba", "alpha": 0.5}, [0, 0.25, 0.5, 0.5]),
    "linear_decay_with_warmup": ({"t_warmup": "0.2dur", "alpha_f": 0.2}, [0, 0.5, 1, 0.9, 0.8]),
    "cosine_with_warmup": ({"t_warmup": "2ba"}, [0, 0.5, 1, 0.961939766]),
    "polynomial_with_warmup": ({"t_warmup": "2ba", "power": 2}, [0, 0.5, 1, 0.765625]),
    "inv_sqrt_with_warmup": (
        {"t_warmup": "2ba", "t_scale": "1ba", "t_cooldown": "5ba", "alpha_f_cooldown": 0.0},
        [0, 0.5, 1, 0.707106781, 0.577350269, 0.5, 0.4],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_rates(name):
    settings, known = KNOWN[name]
    assert rates(imported(name, settings), len(known)) == known


def test_a_whole_config_of_llm_foundry():
    config = {
        "max_duration": "2ep",
        "scheduler": {"name": "linear_decay_with_warmup", "t_warmup": "2ba", "alpha_f": 0},
        "optimizer": {"name": "decoupled_adamw", "lr": 6e-4},
        "model": {"name": "mpt_causal_lm"},
    }
    schedule = from_composer(config, batches_per_epoch=6)
    assert [schedule(1), schedule(2), schedule(7), schedule(12)] == pytest.approx([3e-4, 6e-4, 3e-4, 0])
    assert from_composer(config | {"max_duration": 2}, batches_per_epoch=6) == schedule  # a number is epochs
    named = config | {"scheduler": {"name": "LinearWithWarmupScheduler", "t_warmup": "2ba"}}
    assert from_composer(named, batches_per_epoch=6) == schedule


def test_samples_and_tokens_become_updates():
    """10 samples in batches of 4: the third batch passes them. A jump comes with the first update that is past it."""
    settings = {"milestones": ["10sp", "100tok"], "gamma": 0.5}
    schedule = imported("multistep", settings, samples_per_batch=4, tokens_per_batch=20)
    assert rates(schedule, 7) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_a_stair_that_is_no_whole_number_of_updates():
    """10 tokens in batches of 3: stairs begin at updates 4, 7 and, exactly, 10."""
    schedule = imported("step", {"step_size": "10tok", "gamma": 0.5}, tokens_per_batch=3)
    assert [schedule(t) for t in (3, 4, 6, 7, 9, 10)] == [1, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_restart_that_is_no_whole_number_of_updates():
    """Three cycles of 10 tokens are 10 batches of 3: there a cycle begins, at its top."""
    schedule = imported("cosine_warmrestart", {"t_0": "10tok"}, tokens_per_batch=3)
    assert schedule(10) == pytest.approx(1)
    assert schedule(3) == pytest.approx(0.0245, abs=1e-4)


def test_cycles_are_rounded_to_whole_batches():
    """3, then int(4.5) = 4, then 6: they begin at 0, 3, 7 and 13."""
    schedule = imported("cosine_warmrestart", {"t_0": "3ba", "t_mult": 1.5}, max_duration="14ba")
    assert [schedule(t) for t in (0, 3, 7, 13)] == [1, 1, 1, 1]
    assert schedule(5) == pytest.approx(0.5)


def test_a_scaled_schedule():
    """Half as long: milestones and the run are scaled, a warmup is not, unless it says so."""
    halved = {"scale_schedule_ratio": 0.5}
    assert rates(imported("multistep", {"milestones": ["4ba"]}, **halved), 3) == [1, 1, 0.1]
    assert rates(imported("linear_with_warmup", {"t_warmup": "2ba"}, **halved), 6) == [
        0,
        0.5,
        1,
        0.666666667,
        0.333333333,
        0,
    ]
    scaled = imported("linear_with_warmup", {"t_warmup": "2ba", "scale_warmup": True}, **halved)
    assert rates(scaled, 4) == [0, 1, 1, 0.666666667]


def test_a_constant_that_ends_with_the_run():
    with pytest.warns(UserWarning, match="goes back to the optimizer's rate after step 10"):
        held = imported("constant", {"alpha": 0.3})
    assert [held(9), held(10)] == [0.3, 0.3]
    assert imported("constant", {"alpha": 0.3}, after="peer")(10) == 1


@pytest.mark.parametrize(
    ("name", "settings", "options", "message"),
    [
        ("cosine_warmup", {}, {}, "unknown `name` of Composer's scheduler 'cosine_warmup'; did you mean"),
        ("linear", {"alpha": 1.0}, {}, "did you mean 'alpha_i'?"),
        ("linear", {}, {"lr": None}, "needs `lr`, which is not given: give the optimizer's rate as lr="),
        (
            "linear",
            {},
            {"max_duration": None},
            "`t_max` is a share of the run, whose length is not given: give max_duration=",
        ),
        ("linear", {"t_max": "3ep"}, {}, "`t_max` is in a unit whose size is not given: give batches_per_epoch="),
        ("linear", {"t_max": "9tok"}, {}, "give tokens_per_batch="),
        ("linear", {"t_max": 9}, {}, '`t_max` must be a time of Composer such as "10ep"'),
        ("linear", {"t_max": "1.5ba"}, {}, "`t_max` must be an integer number of ba"),
        ("linear", {"t_max": "90sec"}, {}, "must be a time of Composer"),
        ("linear", {"t_max": "0ba"}, {}, "divides by `t_max`, and '0ba' is 0"),
        ("step", {}, {}, "StepScheduler needs `step_size`, which is not given"),
        ("cosine_with_warmup", {}, {}, "needs `t_warmup`, which is not given"),
        ("cosine_with_warmup", {"t_warmup": "5sp"}, {"samples_per_batch": 2}, "in the same unit, got sp and ba"),
        (
            "cosine_with_warmup",
            {"t_warmup": "1ba", "t_max": "9ba"},
            {},
            "a `t_max` of at least the run, got 9ba for a run of 10ba",
        ),
        ("cosine_warmrestart", {"t_0": "3ba", "t_mult": 0.5}, {}, "comes to a cycle of length 0 in this run"),
        (
            "cosine_warmrestart",
            {"t_0": "3ba", "t_mult": 1.5},
            {"max_duration": None},
            "give the length of the run as max_duration=",
        ),
        (
            "exponential",
            {"gamma": 2.0, "decay_period": "1ba"},
            {"max_duration": None},
            "grows without bound: give max_duration=",
        ),
        ("constant", {"t_max": "1dur", "alpha": 0.5}, {"max_duration": "1dur"}, "cannot be a share of itself"),
    ],
)
def test_what_is_refused(name, settings, options, message):
    with pytest.raises(ValueError) as refused:
        imported(name, settings, **options)
    assert message in str(refused.value)


def test_two_schedulers_are_refused():
    with pytest.raises(ValueError, match="a schedule is of one scheduler, and the config has 2: import each"):
        from_composer({"schedulers": [{"name": "linear"}, {"name": "step", "step_size": "1ba"}]}, **RUN)
    assert from_composer({"schedulers": [{"name": "linear"}]}, **RUN) == imported("linear")
