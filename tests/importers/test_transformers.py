"""Schedules of transformers are those that `get_scheduler` and the Trainer's arguments give, to the step."""

import json
import warnings

import pytest
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, PowerLaw, Ramp
from lehr.importers import from_training_arguments, from_transformers
from lehr.importers.comparing import difference
from lehr.importers.transformers import from_config, original, recognises

transformers = pytest.importorskip("transformers")
cases = pytest.importorskip("benchmarks.importers.transformers")

ABOUT = pytest.importorskip("benchmarks.importers").FRAMEWORKS["transformers"]
FAMILIES = sorted(cases.FAMILIES)


def same(config, steps):
    """The imported schedule is the original at every one of so many updates."""
    schedule = quietly(lambda: from_config(config, after="peer"))
    rates = original(config, steps)
    assert difference(schedule, rates, ABOUT.smallest).largest < ABOUT.tolerance, config
    assert schedule(0) == 0 or rates[0] != 0
    # A cosine that goes on comes to 0 between two floats: transformers rounds it to 0, lehr to something like 1e-30.
    turns = "num_cycles" in config["lr_scheduler_kwargs"] or config["lr_scheduler_type"].startswith("cosine")
    assert all(schedule(t) <= (1e-20 if turns else 0) for t, rate in enumerate(rates) if rate == 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_schedule(family):
    configs = [c.config for c in cases.FAMILIES[family]()]
    assert len(configs) >= 10
    for config in configs:
        same(config, cases.steps(config))


def test_every_name_of_transformers_is_read_or_refused():
    names = {member.value for member in transformers.SchedulerType}
    assert names - set(FAMILIES) == {"reduce_lr_on_plateau", "greedy"}
    for name, instead in (("reduce_lr_on_plateau", "Plateau"), ("greedy", "Greedy")):
        with pytest.raises(ValueError, match=rf"follows a metric.*lehr\.{instead}\("):
            from_transformers(name, lr=1.0, num_warmup_steps=0, num_training_steps=10)


OWN = {
    "constant": {},
    "constant_with_warmup": {},
    "linear": {},
    "cosine": {"num_cycles": st.floats(0.05, 3)},
    "cosine_with_restarts": {"num_cycles": st.integers(1, 9)},
    "polynomial": {"lr_end": st.just(0.0) | st.floats(1e-300, 1e-5), "power": st.floats(0.2, 5)},
    "inverse_sqrt": {"timescale": st.integers(1, 500)},
    "cosine_with_min_lr": {"min_lr_rate": st.floats(0, 1), "num_cycles": st.floats(0.05, 3)},
    "cosine_warmup_with_min_lr": {"min_lr_rate": st.floats(0, 1), "warmup_lr_rate": st.floats(0, 1)},
    "warmup_stable_decay": {
        "num_decay_steps": st.integers(0, 60),
        "warmup_type": st.sampled_from(["linear", "cosine", "1-sqrt"]),
        "decay_type": st.sampled_from(["linear", "cosine", "1-sqrt"]),
        "min_lr_ratio": st.floats(0, 1),
        "num_cycles": st.floats(0.05, 3),
    },
}


@pytest.mark.parametrize("name", OWN)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_drawn_settings(name, data):
    warmup = data.draw(st.integers(0, 40))
    total = data.draw(st.integers(8, 100).filter(lambda n: name != "polynomial" or n != warmup))
    config = {
        "lr_scheduler_type": name,
        "learning_rate": data.draw(st.floats(1e-4, 3)),
        "warmup_steps": warmup,
        "max_steps": total,
        "lr_scheduler_kwargs": data.draw(st.fixed_dictionaries(OWN[name])),
    }
    same(config, total + 10)


def test_the_schedule_is_built_from_parts():
    def built(name, **own):
        return from_transformers(name, lr=1.0, num_warmup_steps=10, num_training_steps=100, after="peer", **own)

    assert built("linear") == Ramp(0, 1, 10).then(Ramp(1, 0, 90))
    assert built("inverse_sqrt") == Ramp(0, 1, 10).then(PowerLaw(1, -0.5, 10))
    assert built("cosine").cut(0, 100) == Ramp(0, 1, 10).then(Ramp(1, 0, 90, "cosine"))
    assert built("warmup_stable_decay", num_decay_steps=20, warmup_type="1-sqrt", min_lr_ratio=0.1) == (
        Ramp(0.1, 1, 10, "sqrt").then(Constant(1, 70), Ramp(1, 0.1, 20, "cosine"))
    )


@pytest.mark.parametrize("name", ["cosine", "cosine_with_min_lr", "cosine_warmup_with_min_lr"])
def test_a_cosine_holds_its_final_rate_and_says_so(name):
    own = {} if name == "cosine" else {"min_lr_rate": 0.1}
    end = 19 if name == "cosine_warmup_with_min_lr" else 20
    config = {"lr_scheduler_type": name, "learning_rate": 1.0, "warmup_steps": 4, "max_steps": 20}
    config["lr_scheduler_kwargs"] = own
    with pytest.warns(UserWarning, match=rf"{name} goes on along its cosine after step {end}; .*after=\"peer\""):
        schedule = from_config(config)
    rates = original(config, 26)
    assert difference(schedule, rates[: end + 1]).largest < 1e-12
    assert schedule(25) == schedule(end) == pytest.approx(own.get("min_lr_rate", 0.0))
    assert rates[25] > schedule(25) + 0.1  # it rises again


def test_a_hard_restart_that_transformers_misses_by_rounding():
    """49 · (1/49) is 1 - 1e-16 in floats, so that transformers is at the bottom where the cycle starts again."""
    config = {"lr_scheduler_type": "cosine_with_restarts", "learning_rate": 1.0, "max_steps": 98}
    config["lr_scheduler_kwargs"] = {"num_cycles": 49}
    rates = original(config, 98)
    missed = [t for t in range(2, 98, 2) if rates[t] < 0.5]
    assert missed  # and here lehr is right: every cycle of two steps begins at the top
    with pytest.warns(UserWarning, match=rf"misses the restart at step {missed[0]}.* by rounding"):
        schedule = from_config(config)
    assert [schedule(t) for t in range(0, 98, 2)] == [1.0] * 49
    assert difference(from_config(config, after="peer"), rates).largest < 1e-12


def test_training_arguments_as_transformers_writes_them(tmp_path):
    arguments = quietly(
        lambda: transformers.TrainingArguments(
            output_dir=str(tmp_path),
            learning_rate=3e-4,
            lr_scheduler_type="cosine_with_min_lr",
            lr_scheduler_kwargs={"min_lr_rate": 0.1},
            warmup_steps=0.03,
            max_steps=1001,
            report_to="none",
            use_cpu=True,
        )
    )
    file = tmp_path / "training_args.json"
    file.write_text(arguments.to_json_string())
    schedule = quietly(lambda: from_training_arguments(file))
    warmup = arguments.get_warmup_steps(1001)
    assert warmup == 31
    assert schedule(warmup) == pytest.approx(3e-4)
    assert schedule(warmup - 1) == pytest.approx(3e-4 * 30 / 31)
    config = json.loads(file.read_text())
    assert recognises(config)
    assert difference(schedule, original(config, 1001)).largest < 1e-12


def test_a_file_that_is_none(tmp_path):
    file = tmp_path / "args.json"
    for text, message in (("{", "invalid JSON: Expecting"), ("[]", r"is a mapping with names as its keys, got \[\]")):
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            from_training_arguments(file)


EPOCHS = {"lr_scheduler_type": "linear", "learning_rate": 1.0, "num_train_epochs": 3.0, "max_steps": -1}


@pytest.mark.parametrize(
    ("more", "total", "warmup"),
    [
        ({"warmup_steps": 7}, 100, 7),
        ({"warmup_steps": 0.055}, 100, 6),
        ({"warmup_ratio": 0.055}, 100, 6),  # of release 4
        ({"warmup_ratio": 0.5, "warmup_steps": 7}, 100, 7),
        ({"warmup_ratio": 0.0, "warmup_steps": 0, "max_steps": 100}, None, 0),
        ({"lr_scheduler_kwargs": "{}"}, 100, 0),
    ],
)
def test_warmup_and_length_of_training_arguments(more, total, warmup):
    schedule = from_training_arguments(EPOCHS | more, num_training_steps=total)
    assert schedule == from_transformers("linear", lr=1.0, num_warmup_steps=warmup, num_training_steps=100)


def test_what_needs_no_length():
    for name in ("constant", "constant_with_warmup", "inverse_sqrt"):
        config = EPOCHS | {"lr_scheduler_type": name, "warmup_steps": 5}
        assert difference(from_training_arguments(config), original(config, 50)).largest < 1e-12


def test_a_length_that_is_ignored_is_told():
    own = {"num_decay_steps": 5, "num_stable_steps": 10}
    with pytest.warns(UserWarning, match="ends after 17 steps, and num_training_steps=100 is ignored"):
        schedule = from_transformers("warmup_stable_decay", lr=1.0, num_warmup_steps=2, num_training_steps=100, **own)
    assert schedule.length == 17


RUN = {"lr": 1.0, "num_warmup_steps": 2, "num_training_steps": 10}

REFUSED = {
    "a name that there is not": (lambda: from_transformers("cosin", **RUN), "did you mean 'cosine'"),
    "no warmup": (lambda: from_transformers("linear", lr=1.0, num_training_steps=5), "num_warmup_steps=0"),
    "no length": (lambda: from_transformers("linear", lr=1.0, num_warmup_steps=5), "needs `num_training_steps`"),
    "a setting that there is not": (
        lambda: from_transformers("cosine", **RUN, num_cycle=2),
        "unknown setting of cosine 'num_cycle'; did you mean 'num_cycles'",
    ),
    "settings of what has none": (
        lambda: from_transformers("linear", **RUN, power=2),
        "linear has no settings of its own",
    ),
    "no floor": (
        lambda: from_transformers("cosine_with_min_lr", **RUN),
        "either `min_lr` or `min_lr_rate`, got neither",
    ),
    "two floors": (lambda: from_transformers("cosine_with_min_lr", **RUN, min_lr=0, min_lr_rate=0), "got both"),
    "no decay": (lambda: from_transformers("warmup_stable_decay", **RUN), "needs `num_decay_steps`"),
    "a decay that there is not": (
        lambda: from_transformers("warmup_stable_decay", **RUN, num_decay_steps=2, decay_type="sqrt"),
        "unknown decay_type 'sqrt'; did you mean '1-sqrt'",
    ),
    "an end above the start": (lambda: from_transformers("polynomial", **RUN, lr_end=2.0), "`lr_end` below `lr`"),
    "a rate as text": (lambda: from_transformers("linear", **RUN | {"lr": "1"}), "write it without quotes"),
    "a word for the end": (lambda: from_transformers("linear", **RUN, after="hole"), "did you mean 'hold'"),
    "epochs": (lambda: from_training_arguments(EPOCHS), r"num_train_epochs=3.0\); give num_training_steps="),
    "a warmup as a share of epochs": (
        lambda: from_training_arguments(EPOCHS | {"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 0.1}),
        "the warmup is a share of it, 0.1",
    ),
    "two lengths": (lambda: from_training_arguments(EPOCHS | {"max_steps": 7}, num_training_steps=8), "max_steps=7"),
    "settings that are none": (
        lambda: from_training_arguments(EPOCHS | {"max_steps": 7, "lr_scheduler_kwargs": {"lr": 3}}),
        "must be a mapping without name, lr",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=message):
            call()
