"""Schedules drawn by Optuna and by Ray Tune, from one space, and rebuilt from what was drawn."""

import ast
import random
from pathlib import Path

import optuna
import pytest
import torch
from catalogue.processes import on_ranks
from click.testing import CliRunner
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

import lehr
from lehr import spec
from lehr.integrations import schedule_of, search, suggest

EXAMPLES = Path(__file__).parents[2] / "examples"

SPACES = {
    "defaults": {},
    "one recipe": {"recipe": "wsd", "decay_share": 0.2},
    "choices": {"recipe": ["cosine", "trapezoid"], "warmup_steps": ["2%", 50, 0], "max_lr": [1e-3, 3e-3]},
    "other settings": {"recipe": ["power", "infinite"], "exponent": -0.5, "constant_lr_ratio": (0.1, 0.9)},
    "integers": {"recipe": ["one_cycle", "cosine_restarts"], "ramps": (2, 3), "cycle_share": 0.25, "shape": "linear"},
    "absolute": {"recipe": "cosine", "min_lr": (1e-6, 1e-5), "warmup_steps": 10},
    "no peak": {"recipe": "noam", "model_dim": 512, "factor": (0.5, 2.0), "warmup_share": (0.1, 0.2)},
    "full": {"recipe": "trapezoid", "warmup_share": (0.0, 0.3), "decay_share": (0.0, 0.7)},
}
with_spaces = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@pytest.fixture(autouse=True)
def settings_of_the_process():
    verbosity, threads = optuna.logging.get_verbosity(), torch.get_num_threads()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(verbosity)
    torch.set_num_threads(threads)


def searched(space, trials=40, steps=1_003, **options):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **options)
    drawn = []
    for _ in range(trials):
        trial = study.ask()
        drawn.append(suggest(trial, steps, space))
        study.tell(trial, 0.0)
    return study, drawn


@with_spaces
def test_a_trial_holds_all_that_there_is_to_know(space):
    study, drawn = searched(space)
    assert len(set(map(repr, drawn))) > 10 or space.keys() == {"recipe", "decay_share"} or len(space) == 3
    for trial, schedule in zip(study.trials, drawn, strict=True):
        assert repr(schedule_of(trial.params | {"weight_decay": 0.1, "factor": 3})) == repr(schedule)
        assert repr(spec.from_text(trial.user_attrs["schedule"])) == repr(schedule)
        recipe = trial.params["schedule.recipe"]
        assert all(search.applies(key.removeprefix("schedule."), recipe) for key in trial.params)


def test_what_is_drawn_by_default():
    _, drawn = searched(None, trials=200, steps=1_000)
    assert {schedule.name for schedule in drawn} == {"cosine", "linear", "wsd"}
    settings = [schedule.settings() for schedule in drawn]
    peaks = [each["max_lr"] for each in settings]
    assert all(1e-4 <= peak <= 1e-2 for peak in peaks)
    assert 70 < sum(peak < 1e-3 for peak in peaks) < 130  # half of them on a logarithmic scale
    assert all(0 <= each["min_lr"] <= 0.1 * each["max_lr"] for each in settings)
    assert all(0 <= each["warmup_steps"] <= 100 for each in settings)
    decays = [each for each in settings if "decay_steps" in each]
    assert all(100 <= each["decay_steps"] <= 500 for each in decays)
    assert {each.get("decay_shape", "1-sqrt") for each in decays} == {"1-sqrt", "linear", "cosine"}


def test_what_a_trial_is_asked():
    space = {"recipe": ["one_cycle"], "ramps": (2, 3), "shape": ["linear", "cosine"], "max_lr": (1e-3, 1e-1)}
    study, _ = searched({**space, "min_lr_ratio": 0.0, "warmup_share": (0, 0.3)}, trials=1)
    assert study.trials[0].distributions == {
        "schedule.recipe": CategoricalDistribution(("one_cycle",)),
        "schedule.training_steps": IntDistribution(1_003, 1_003),
        "schedule.max_lr": FloatDistribution(1e-3, 1e-1, log=True),
        "schedule.min_lr_ratio": FloatDistribution(0.0, 0.0),
        "schedule.warmup_share": FloatDistribution(0.0, 0.3),
        "schedule.ramps": IntDistribution(2, 3),
        "schedule.shape": CategoricalDistribution(("linear", "cosine")),
    }


def test_shares_of_a_short_run_always_fit():
    """Rounded up they would not: 0.3 and 0.7 of 5 steps are 1.5 and 3.5."""
    for steps in range(1, 40):
        suggest(optuna.create_study().ask(), steps, SPACES["full"])


def test_two_schedules_in_a_trial():
    trial = optuna.create_study().ask()
    lr = suggest(trial, 100, {"recipe": "cosine"})
    decay = suggest(trial, 100, {"recipe": "linear", "max_lr": (0.01, 0.1)}, name="weight_decay")
    assert (schedule_of(trial.params), schedule_of(trial.params, name="weight_decay")) == (lr, decay)
    assert set(trial.user_attrs) == {"schedule", "weight_decay"}


REFUSED = {
    "an unknown name": ({"max_lrs": 1.0}, "unknown name in the space 'max_lrs'; did you mean 'max_lr'"),
    "a name of another recipe": ({"recipe": "linear", "decay_share": 0.2}, "unknown name in the space 'decay_share'"),
    "an unknown recipe": ({"recipe": "cosin"}, "did you mean 'cosine'"),
    "a number for a recipe": ({"recipe": 3}, "names of recipes"),
    "no choice": ({"max_lr": []}, r"for `max_lr`, got \[\]"),
    "a list among the choices": ({"recipe": "multistep", "milestones": [[1, 2]]}, "for `milestones`"),
    "three bounds": ({"max_lr": (1, 2, 3)}, r"\(low, high\) for a range of `max_lr`, or a list"),
    "bounds the wrong way round": ({"max_lr": (1e-2, 1e-3)}, "did you swap them"),
    "a rate from 0": ({"min_lr": (0, 1e-3)}, r"min_lr_ratio=\(0.0, 0.1\)"),
    "a word as a bound": ({"max_lr": ("1e-3", 1)}, "write it without quotes"),
    "the same twice": ({"warmup_steps": 5, "warmup_share": 0.1}, "gives `warmup_steps` twice"),
    "the length": ({"training_steps": 5}, "unknown name in the space 'training_steps'"),
    "what is missing": ({"recipe": "cosine_restarts"}, "cannot be built: cosine_restarts needs either `cycle_steps`"),
    "what cannot be": ({"recipe": "wsd", "decay_share": (0.5, 0.95)}, "cannot be built: wsd needs its phases to fit"),
    "a shape that cannot be": ({"recipe": "wsd", "decay_shape": ["linear", "exponential"]}, "`min_lr` above 0"),
}


@pytest.mark.parametrize(("space", "words"), REFUSED.values(), ids=REFUSED)
def test_a_space_is_refused_before_anything_is_drawn(space, words):
    trial = optuna.create_study().ask()
    with pytest.raises(ValueError, match=words):
        suggest(trial, 1_000, space)
    assert trial.params == {}


def test_parameters_without_a_schedule():
    with pytest.raises(ValueError, match=r"no schedule drawn as 'schedule', which has schedule.recipe .* have max_lr"):
        schedule_of({"max_lr": 1e-3})


def test_the_docs_have_the_defaults():
    page = Path(__file__).parents[2] / "docs" / "many_machines.md"
    rows = [line.split("|")[1:3] for line in page.read_text().splitlines() if line.startswith("| `")]
    cells = {name.strip(" `"): default.split("`")[1] for name, default in rows if "`" in default}
    assert {name: ast.literal_eval(cells[name]) for name in search.DEFAULTS} == search.DEFAULTS
    assert all(f"``{name}``" in suggest.__doc__ for name in search.DEFAULTS)


# A study in a database.


def test_a_study_is_read_again(tmp_path):
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    _, drawn = searched(None, trials=10, storage=storage, study_name="a")
    study = optuna.load_study(storage=storage, study_name="a")
    assert [repr(schedule_of(trial.params)) for trial in study.trials] == list(map(repr, drawn))


def one_of_two(storage):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(storage=storage, study_name="shared")
    study.optimize(lambda trial: suggest(trial, 100)(50), n_trials=4)


def test_processes_that_share_a_database(tmp_path):
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    study = optuna.create_study(storage=storage, study_name="shared")
    on_ranks(one_of_two, 2, storage)
    assert len(study.trials) == 8
    assert [trial.value for trial in study.trials] == [schedule_of(trial.params)(50) for trial in study.trials]


def test_the_example_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import search_schedule

    for trials, stopped in [(3, 0), (10, None), (10, None)]:
        result = CliRunner().invoke(
            search_schedule.main, ["--out", str(tmp_path), "--trials", str(trials), "--steps", "100"]
        )
        assert result.exit_code == 0, result.output
        complete, pruned = (int(word) for word in result.output.split() if word.isdigit())
        assert complete + pruned == trials
        assert pruned == stopped or stopped is None
    best = result.output.splitlines()[1].split("  ")[1]
    assert isinstance(spec.from_text(best), lehr.Schedule)
    assert (tmp_path / "best.png").stat().st_size > 10_000


# Ray Tune.


@with_spaces
def test_ray_draws_from_the_same_space(space):
    from ray.tune.search.optuna import OptunaSearch

    drawn = lehr.integrations.search_space(1_003, space)
    random.seed(0)
    for _ in range(20):
        config = {key: value.sample() if hasattr(value, "sample") else value for key, value in drawn.items()}
        schedule_of(config)
    theirs = OptunaSearch.convert_search_space({k: v for k, v in drawn.items() if hasattr(v, "sample")})
    for trial in searched(space, trials=20)[0].trials:
        for key, ours in trial.distributions.items():
            assert theirs[key] == ours if key in theirs else ours.single()
            assert key in theirs or drawn[key] == trial.params[key]


def test_a_configuration_of_ray_is_a_trial_of_optuna():
    """What one engine drew, the other can take up."""
    config = {
        key: value.sample() if hasattr(value, "sample") else value
        for key, value in lehr.integrations.search_space(1_000).items()
    }
    assert suggest(optuna.trial.FixedTrial(config), 1_000) == schedule_of(config)
