"""The words of other libraries lead to lehr's."""

import inspect

import pytest
import torch

import lehr
from lehr import Scheduler, lengths, spec
from lehr.schedules.recipes import RECIPES, aliases

SCHEDULES = {
    "WSD": "wsd",
    "Cosine": "cosine",
    "cosine-restarts": "cosine_restarts",
    "cosine_with_warmup": "cosine",
    "cosine_with_restarts": "cosine_restarts",
    "cosine_with_min_lr": "cosine",
    "warmup_stable_decay": "wsd",
    "CosineAnnealingLR": "cosine",
    "CosineAnnealingWarmRestarts": "cosine_restarts",
    "OneCycleLR": "one_cycle",
    "StepLR": "step_decay",
    "MultiStepLR": "multistep",
    "CyclicLR": "triangular",
    "WarmupDecayLR": "linear",
    "WarmupLR": "constant_with_warmup",
    "PolynomialLR": "polynomial",
    "warmup_cosine_decay_schedule": "cosine",
    "PiecewiseConstantDecay": "piecewise_constant",
    "get_cosine_schedule_with_warmup": "cosine",
    "cosin": "cosine",
}


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)


@pytest.mark.parametrize("word", SCHEDULES)
def test_the_name_of_a_schedule(word):
    meant = f"did you mean '{SCHEDULES[word]}'?"
    with pytest.raises(ValueError, match=f"unknown schedule '{word}'") as refused:
        Scheduler(optimizer(), word, 100)
    assert meant in str(refused.value)
    with pytest.raises(spec.SpecError) as refused:
        spec.from_text(f"{word.replace('-', '_')}(100)" if word != "cosine-restarts" else "cosine_Restarts(100)")
    assert meant in str(refused.value)


@pytest.mark.parametrize(
    ("word", "way_out"),
    [
        ("ReduceLROnPlateau", "lehr.Plateau"),
        ("GreedyLR", "lehr.Greedy"),
        ("LambdaLR", "lehr.tabulate"),
        ("SequentialLR", r"a\.then\(b\)"),
    ],
)
def test_what_lehr_has_under_another_form(word, way_out):
    with pytest.raises(ValueError, match=way_out):
        Scheduler(optimizer(), word, 100)


@pytest.mark.parametrize(
    ("build", "word", "meant"),
    [
        (lehr.cosine, "T_max", "training_steps"),
        (lehr.cosine, "t_max", "training_steps"),
        (lehr.cosine, "eta_min", "min_lr"),
        (lehr.cosine, "lr_min", "min_lr"),
        (lehr.cosine, "num_warmup_steps", "warmup_steps"),
        (lehr.cosine, "warmup_t", "warmup_steps"),
        (lehr.cosine, "warmup_ratio", "warmup_steps"),
        (lehr.cosine, "pct_start", "warmup_steps"),
        (lehr.cosine, "num_training_steps", "training_steps"),
        (lehr.cosine, "total_steps", "training_steps"),
        (lehr.cosine, "decay_steps", "training_steps"),
        (lehr.cosine, "learning_rate", "max_lr"),
        (lehr.one_cycle, "pct_start", "warmup_steps"),
        (lehr.one_cycle, "div_factor", "start_lr"),
        (lehr.one_cycle, "final_div_factor", "min_lr"),
        (lehr.one_cycle, "anneal_strategy", "shape"),
        (lehr.step_decay, "gamma", "decay_factor"),
        (lehr.step_decay, "step_size", "decay_steps"),
        (lehr.multistep, "boundaries", "milestones"),
        (lehr.cosine_restarts, "T_0", "cycle_steps"),
        (lehr.cosine_restarts, "T_mult", "length_factor"),
        (lehr.cosine_restarts, "m_mul", "height_factor"),
        (lehr.wsd, "num_decay_steps", "decay_steps"),
        (lehr.wsd, "decay_type", "decay_shape"),
        (lehr.noam, "d_model", "model_dim"),
        (lehr.triangular, "base_lr", "max_lr"),
        (lehr.cosine, "warmup_step", "warmup_steps"),
    ],
)
def test_the_name_of_a_setting(build, word, meant):
    message = f"has no setting `{word}`; did you mean `{meant}`\\?"
    with pytest.raises(ValueError, match=message):
        build(**{word: 3})
    with pytest.raises(spec.SpecError, match=message):
        spec.from_dict({"schedule": build.__name__, word: 3})


def test_a_setting_that_was_given_is_not_what_was_meant():
    with pytest.raises(ValueError, match="has no setting `base_lr`; did you mean `min_lr`"):
        lehr.triangular(100, base_lr=1e-4, max_lr=1e-3, cycle_steps=10)
    with pytest.raises(ValueError, match="has no setting `T_max`; Available"):
        lehr.cosine(100, T_max=100, max_lr=1e-3)


def test_the_tables_speak_of_recipes_and_settings_that_exist():
    settings = {name for build in RECIPES.values() for name in inspect.signature(build).parameters}
    assert set(aliases._SCHEDULES) <= set(RECIPES)
    assert set(aliases._SETTINGS) <= settings
    for ours, names in aliases._SCHEDULES.items():
        assert ours not in names.split()


def test_a_function_has_a_way_out():
    with pytest.raises(ValueError, match=r"lehr\.tabulate\(function, N\)"):
        Scheduler(optimizer(), lambda step: 0.1, 100)
    with pytest.raises(ValueError, match=r"give its name, 'cosine', or the schedule that it builds: lehr\.cosine"):
        Scheduler(optimizer(), lehr.cosine, 100)


def test_values_of_another_form_have_a_way_out():
    with pytest.raises(ValueError, match=r"the string '1e-3'; write it without quotes: 0\.001"):
        lehr.cosine(100, max_lr="1e-3")
    with pytest.raises(ValueError, match='for a share of the run write "10%"'):
        lehr.cosine(100, 0.1, 1e-3)
    with pytest.raises(ValueError, match=r'write "2\.5%"'):
        lehr.cosine(100, 0.025, 1e-3)
    with pytest.raises(ValueError, match="`training_steps` cannot be a percentage"):
        lehr.cosine("200%", max_lr=1e-3)
    assert lengths.steps("200%", name="training_steps", of=1000) == 2000
    with pytest.raises(ValueError, match="did you swap `min_lr` and `max_lr`"):
        lehr.cosine(100, max_lr=1e-4, min_lr=1e-3)
    with pytest.raises(ValueError, match=r"at most 10\*\*18"):
        lehr.cosine(10**400, max_lr=1e-3)
    with pytest.raises(ValueError, match=r"at most 10\*\*18"):
        lehr.cosine("9e99", max_lr=1e-3)
    with pytest.raises(ValueError, match=r"at most 1, got 10; to divide by 10 say decay_factor=0\.1"):
        lehr.step_decay(100, max_lr=1.0, decay_steps=10, decay_factor=10)


# A peak is never taken for granted.

NEED_A_PEAK = [name for name, build in RECIPES.items() if "max_lr" in inspect.signature(build).parameters]


def test_only_noam_and_free_levels_have_no_peak():
    assert set(RECIPES) - set(NEED_A_PEAK) == {"noam", "piecewise_constant"}


@pytest.mark.parametrize("name", NEED_A_PEAK)
def test_every_recipe_needs_its_peak(name):
    others = {"cycle_steps": 10, "decay_steps": 10, "milestones": [5], "k": 2, "timescale": 10}
    takes = inspect.signature(RECIPES[name]).parameters
    given = {"training_steps": 100} | {word: value for word, value in others.items() if word in takes}
    message = f"{name} needs `max_lr`, the peak rate, such as max_lr=1e-3; for a schedule of factors say max_lr=1.0"
    with pytest.raises(ValueError, match=message):
        RECIPES[name](**given)
    with pytest.raises(spec.SpecError, match=message):
        spec.from_dict({"schedule": name, **given})
    assert RECIPES[name](**given, max_lr=1.0) == spec.from_dict({"schedule": name, **given, "max_lr": 1})
    assert max(Scheduler(optimizer(), name, **given).schedule(t) for t in range(100)) <= 0.1


def test_the_signature_and_the_schema_say_that_the_peak_is_required():
    assert "max_lr: 'Rate' = <required>" in str(inspect.signature(lehr.cosine))
    required = spec.json_schema()["$defs"]
    for name in NEED_A_PEAK:
        assert "max_lr" in required[name]["required"]
    assert required["cosine"]["required"] == ["schedule", "training_steps", "max_lr"]
    assert lehr.cosine(100, 10, 0.5)(10) == 0.5  # the third setting by position
