"""The command line: what it reads, and what it prints and writes."""

import csv
import inspect
import json
import re

import pytest
from catalogue.schedules import recipes
from command_line import NAME, SCHEDULE, TEXT, output
from hypothesis import given, settings

import lehr
from lehr import spec
from lehr.cli import main
from lehr.cli.compare import key_numbers
from lehr.cli.help import RecipeOption
from lehr.schedules.recipes import RECIPES

# What a schedule argument may be.


@pytest.mark.parametrize("suffix", spec.FORMATS)
def test_a_file(suffix, tmp_path):
    path = tmp_path / f"run (1){suffix}"
    spec.write(SCHEDULE, path)
    assert output("show", str(path)).startswith(SCHEDULE.describe())


@pytest.mark.parametrize("words", [[TEXT], NAME], ids=["text", "name"])
def test_text_and_a_bare_name(words):
    assert output("show", *words).startswith(SCHEDULE.describe())


@pytest.mark.parametrize("write", [spec.to_json, spec.to_yaml, spec.to_text])
def test_standard_input(write):
    assert output("show", "-", stdin=write(SCHEDULE)).startswith(SCHEDULE.describe())
    assert output("show", "-", stdin=f"\n{write(SCHEDULE)}\n").startswith(SCHEDULE.describe())


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        (["wsd", "--decay-steps", "30%"], lehr.wsd(1000, max_lr=1.0, decay_steps=300)),
        (["wsd", "--decay-shape", "linear"], lehr.wsd(1000, max_lr=1.0, decay_shape="linear")),
        (["multistep", "--milestones", "300,60%"], lehr.multistep(1000, max_lr=1.0, milestones=[300, 600])),
        (["multistep", "--milestones", "[300]"], lehr.multistep(1000, max_lr=1.0, milestones=[300])),
        (["one_cycle", "--ramps", "3"], lehr.one_cycle(1000, max_lr=1.0, ramps=3)),
        (["one_cycle", "--shape", "tanh(-6, 3)"], lehr.one_cycle(1000, max_lr=1.0, shape="tanh(-6, 3)")),
        (["power", "--exponent", "-0.3"], lehr.power(1000, max_lr=1.0, exponent=-0.3)),
        (["noam", "--model-dim", "512"], lehr.noam(1000, 1000, model_dim=512)),
    ],
)
def test_other_settings(words, schedule):
    extra = ["--warmup-steps", "1000"] if words[0] == "noam" else ["--max-lr", "1"]
    assert output("show", *words, "--training-steps", "1k", *extra).startswith(schedule.describe())


def test_every_setting_of_every_recipe_is_an_option_and_nothing_else_is():
    for command in ("show", "plot", "compare", "export", "forecast"):
        parameters = main.commands[command].params
        settings = {p.name for p in parameters if isinstance(p, RecipeOption)}
        assert settings == {name for build in RECIPES.values() for name in inspect.signature(build).parameters}
        assert len({option for p in parameters for option in p.opts}) == sum(len(p.opts) for p in parameters)


def test_a_setting_is_that_of_the_recipes_that_take_it():
    words = ["--training-steps", "1k", "--max-lr", "1", "--decay-steps", "30%"]
    shown = output("compare", "cosine", "wsd", *words)
    wsd, cosine = lehr.wsd(1000, max_lr=1.0, decay_steps=300), lehr.cosine(1000, max_lr=1.0)
    assert shown.startswith(key_numbers({"cosine": cosine, "wsd": wsd}, stop=None))


def test_a_list_of_rates_and_one_of_steps():
    words = ["--milestones", "10,20", "--rates", "1e-3,1e-4,1e-5"]
    expected = lehr.piecewise_constant(milestones=[10, 20], rates=[1e-3, 1e-4, 1e-5])
    assert output("show", "piecewise_constant", *words, "--stop", "30").splitlines()[0] == repr(expected)


def test_recipes_are_listed_with_their_settings():
    listed = output("recipes")
    assert re.findall(r"^(\w+): \S", listed, re.MULTILINE) == list(RECIPES)
    assert "cosine: Linear warmup, then half a cosine down.\n    --training-steps [--warmup-steps] --max-lr" in listed


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_explains_its_settings(recipe):
    shown = output("recipes", recipe)
    entry = json.loads(output("recipes", recipe, "--json"))
    assert entry["name"] == recipe
    assert entry["summary"]
    assert [setting["name"] for setting in entry["settings"]] == list(inspect.signature(RECIPES[recipe]).parameters)
    for setting in entry["settings"]:
        assert f"\n  {setting['option']} " in shown
        assert setting["meaning"], f"the docstring of {recipe} says nothing of {setting['name']}"
        assert setting["meaning"] in shown
        assert not {"`", "\\"} & set(setting["meaning"])


def test_what_a_recipe_needs_and_has_by_default():
    settings = {setting["name"]: setting for setting in json.loads(output("recipes", "wsd", "--json"))["settings"]}
    assert [name for name, setting in settings.items() if setting["required"]] == ["training_steps", "max_lr"]
    assert settings["decay_steps"]["default"] == "20%"
    assert "--decay-steps STEPS  (default 20%)" in output("recipes", "wsd")
    assert "--max-lr RATE  (required)" in output("recipes", "wsd")
    assert len(json.loads(output("recipes", "--json"))) == len(RECIPES)


# The commands.


def test_show_draws():
    lines = output("show", TEXT).splitlines()
    first = next(line for line in lines if line.lstrip().startswith("0.001 |"))
    last = next(line for line in lines if line.lstrip().startswith("0.0001 |"))
    assert "⣀" in first
    assert last.endswith("⣀⣀⣀")
    assert {"0", "20k", "100k"} <= set(lines[-1].split())


def test_show_up_to_a_stop():
    shown = output("show", "linear(100, max_lr=1)", "--stop", "0.5k")
    assert shown.startswith(lehr.linear(100, max_lr=1.0).describe(500))
    assert shown.splitlines()[-1].split()[-1] == "500"


def test_show_on_a_logarithmic_axis_and_over_the_share():
    shown = output("show", "exponential(300, max_lr=1, min_lr=1e-4)", "--log", "--share")
    assert "0.01 |" in shown
    assert shown.splitlines()[-2].endswith("(% of the run)")
    assert shown.splitlines()[-1].split()[-1] == "100"


def test_every_row_of_steps_is_drawn_at_its_height():
    shown = output("show", "multistep(100, max_lr=1, milestones=[50], decay_factor=0.5)")
    rows = {line.split("|")[0].strip(): line.split("|")[1].strip() for line in shown.splitlines() if " | " in line}
    assert set(rows["1"][:20]) == {"⣀"}
    assert set(rows["0.5"][-20:]) == {"⣀"}


def test_plot_writes_a_picture(tmp_path):
    for suffix, start in [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]:
        path = tmp_path / f"picture{suffix}"
        assert output("plot", TEXT, "-o", str(path), "--log", "--share", "--no-phases") == f"wrote {path}\n"
        assert path.read_bytes().startswith(start)


def test_plot_hands_its_options_on(tmp_path):
    words = ["plot", "wsd(100, warmup_steps=10, max_lr=1)", "--out", str(tmp_path / "a.svg")]
    drawn = set()
    for options in ([], ["--log"], ["--share"], ["--no-phases"], ["--stop", "50"]):
        output(*words, *options)
        drawn.add(len((tmp_path / "a.svg").read_bytes()))
    assert len(drawn) == 5


def test_compare_puts_key_numbers_side_by_side():
    shown = output("compare", "cosine", "linear(500, max_lr=2e-3)", "--training-steps", "1000", "--max-lr", "1")
    head, *rows = [line.split(maxsplit=8) for line in shown.splitlines()[:3]]
    assert head == ["steps", "first", "peak", "at", "step", "final", "area", "mean", "schedule"]
    assert rows[0] == ["A", "1,000", "1", "1", "0", "0", "500.5", "0.5005", "cosine"]
    assert rows[1] == ["B", "500", "0.002", "0.002", "0", "0", "0.501", "0.001002", "linear(500, max_lr=2e-3)"]
    plot = shown.partition("\n\n")[2]
    assert plot.count("A") == 3
    assert plot.count("B") == 3


def test_compare_draws_a_picture(tmp_path):
    shown = output("compare", "cosine(100, max_lr=1)", "constant(max_lr=1)", "-o", str(tmp_path / "both.png"))
    assert shown.endswith(f"wrote {tmp_path / 'both.png'}\n")
    assert "endless" in shown
    assert "⣀" not in shown
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")


def test_export_csv():
    rows = list(csv.DictReader(output("export", TEXT).splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(100_000))
    assert all(float(row["lr"]) == SCHEDULE(int(row["step"])) for row in rows)


def test_export_json():
    rows = json.loads(output("export", TEXT, "--format", "json", "--every", "1k"))
    assert rows == [{"step": step, "lr": SCHEDULE(step)} for step in range(0, 100_000, 1000)]


def test_export_more_or_fewer_steps_than_the_run_has():
    assert output("export", "linear(4, max_lr=1)", "--steps", "2") == "step,lr\n0,1.0\n1,0.75\n"
    assert output("export", "linear(2, max_lr=1)", "--steps", "4") == "step,lr\n0,1.0\n1,0.5\n2,0.0\n3,0.0\n"
    assert output("export", "constant(max_lr=1)", "--steps", "2") == "step,lr\n0,1.0\n1,1.0\n"


def test_export_into_a_file(tmp_path):
    path = tmp_path / "rates.csv"
    assert output("export", "linear(2, max_lr=1)", "-o", str(path)) == f"wrote {path}\n"
    assert path.read_text() == "step,lr\n0,1.0\n1,0.5\n"


@settings(deadline=None)
@given(recipes)
def test_an_exported_function_gives_the_same_rates(schedule):
    bare = {}
    exec(output("export", repr(schedule), "--python", "--name", "rate"), bare)
    for step in [*range(320), 10**6]:
        assert bare["rate"](step) == schedule(step)


def test_an_exported_function_is_called_learning_rate():
    assert "\ndef learning_rate(" in output("export", TEXT, "--python")


def test_version_and_help():
    assert output("--version") == f"lehr {lehr.__version__}\n"
    assert output().startswith("Usage")
    for command in main.commands:
        assert output(command, "--help").startswith(f"Usage: main {command}")
