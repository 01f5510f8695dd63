"""`--json`: what each command prints for a script."""

import json

import numpy as np
import pytest
from command_line import NAME, SCHEDULE, TEXT, output

import lehr
from lehr import spec
from lehr.forecast import Run, fit

RUN = Run(lehr.wsd(2_000, 100, max_lr=8e-3), at := np.arange(20, 2_001, 20), 3 + 2 * (at / 50) ** -0.5)


@pytest.fixture(scope="module")
def law(tmp_path_factory):
    path = tmp_path_factory.mktemp("law") / "law.json"
    fit(RUN).write(path)
    return str(path)


def test_show():
    found = json.loads(output("show", TEXT, "--json"))
    assert spec.from_dict(found["schedule"]) == SCHEDULE
    assert (found["length"], found["peak"], found["peak_at"], found["final"]) == (100_000, 1e-3, 1_000, 1e-4)
    assert [(phase["kind"], phase["stop"]) for phase in found["phases"]] == [("warmup", 1_000), ("decay", 100_000)]
    assert found == json.loads(output("show", *NAME, "--json"))


def test_show_of_one_that_never_ends():
    found = json.loads(output("show", "Exponential(1e-3, 0.9, every=1k)", "--json", "--stop", "5k"))
    assert (found["length"], found["final"], found["first"]) == (None, None, 1e-3)


def test_compare():
    found = json.loads(output("compare", "cosine", "linear", "--training-steps", "1k", "--max-lr", "1", "--json"))
    assert list(found) == ["cosine", "linear"]
    assert found["linear"]["area"] == pytest.approx(500.5)


def test_import(tmp_path):
    config = {"lr_scheduler_type": "linear", "max_steps": 100, "learning_rate": 1e-3, "warmup_steps": 10}
    (tmp_path / "args.json").write_text(json.dumps(config))
    found = json.loads(output("import", str(tmp_path / "args.json"), "--no-check", "--json"))
    assert (found["framework"], found["length"], found["peak"]) == ("transformers", 100, 1e-3)


def test_optimise(law, tmp_path):
    words = ("optimise", law, "--training-steps", "2k", "--json", "--out", str(tmp_path / "best.yaml"))
    found = json.loads(output(*words))
    assert spec.from_dict(found["schedule"]) == spec.read(tmp_path / "best.yaml")
    assert found["low"] < found["loss"] < found["high"]
    assert [spec.from_dict(family["schedule"]).length for family in found["families"]] == [2_000] * len(
        found["families"]
    )


@pytest.mark.parametrize(
    "words",
    [("when-to-cool-down", "--budget", "2k"), ("extend-or-stop", "--more", "200,500")],
    ids=lambda words: words[0],
)
def test_a_run_that_goes_on(law, words):
    found = json.loads(output(words[0], law, "--done", "1k", *words[1:], "--json"))
    assert min(found["loss"]) == found["loss"][found["best"]]
    assert len(found["start"]) == len(found["total"]) == len(found["low"])
