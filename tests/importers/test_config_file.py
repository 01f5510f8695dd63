"""Config files of other frameworks: read by their suffix, never executed, and recognised by what they hold."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lehr.importers import comparing, config_file, reading
from lehr.importers.config_file import NotRead, assignments, read
from lehr.schedules import Constant, checks

FILES = {
    "a.json": '{"lr": 0.1, "inner": {"steps": 3}}',
    "a.toml": "lr = 0.1\n[inner]\nsteps = 3\n",
    "a.yaml": "lr: 0.1\ninner:\n  steps: 3\n",
    "a.yml": "lr: 1e-1\ninner: {steps: 3}\n",
    "a.py": "lr = 0.1\ninner = {'steps': 3}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_every_language(name, tmp_path):
    path = tmp_path / name
    path.write_text(FILES[name])
    assert read(path) == {"lr": 0.1, "inner": {"steps": 3}}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint(zipped, tmp_path):
    path = tmp_path / "run.pt"
    saved = {"model": {"w": torch.ones(3)}, "scheduler": {"last_epoch": 3}}
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    assert read(path)["scheduler"] == {"last_epoch": 3}


class _Runs:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.ini", "", r"a\.ini: a config ends in \.json, \.toml, .*; got '\.ini'"),
        ("a", "", "got ''"),
        ("a.json", "{", r"a\.json: invalid JSON: "),
        ("a.json", "[1]", r"a\.json: a config is a mapping with names as its keys, got \[1\]"),
        ("a.json", "3", "is a mapping"),
        ("a.json", "[" * 100_000, "JSON is nested too deeply"),
        ("a.json", '{"a": "' + "a" * config_file.LARGEST + '"}', r"at most 4,000,000 bytes, and this file is larger"),
        ("a.yaml", "a: &b [1]\nc: *b", r"a\.yaml: invalid YAML: line 1 has the anchor &b"),
        ("a.yaml", "", r"a\.yaml: the file is empty"),
        ("a.yaml", "# nothing", "is a mapping with names as its keys, got None"),
        ("a.toml", "a = ", "invalid TOML"),
        ("a.py", "a = (", "invalid Python"),
        ("a.py", "a = 1\x00", "invalid Python"),
        ("a.pt", "no checkpoint", r"a\.pt: torch cannot read the checkpoint with weights_only=True"),
    ],
    ids=range(14),
)
def test_what_is_refused(name, content, says, tmp_path):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=says):
        read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "a.json")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, capsys):
    path = tmp_path / "run.pt"
    torch.save(_Runs(), path)
    with pytest.raises(ValueError, match="torch cannot read the checkpoint with weights_only=True"):
        read(path)
    assert capsys.readouterr().out == ""


NANOGPT = """
import time
wandb_log = False
gradient_accumulation_steps = 5 * 8
learning_rate: float = 6e-4
min_lr = -6e-5
max_iters = lr_decay_iters = 600000
betas, name = (0.9, 0.95), "gpt"
warmup_iters = 2000
if wandb_log:
    warmup_iters = 100
for beta1 in (0.9,):
    pass
def f():
    min_lr = 3
print("executed")
learning_rate *= 2
"""


def test_a_python_file_is_read_and_not_executed(capsys):
    found = assignments(NANOGPT)
    assert capsys.readouterr().out == ""
    literal = {name: value for name, value in found.items() if not isinstance(value, NotRead)}
    assert literal == {"wandb_log": False, "min_lr": -6e-5, "max_iters": 600000, "lr_decay_iters": 600000}
    unread = {name: value.source for name, value in found.items() if isinstance(value, NotRead)}
    assert unread == {
        "gradient_accumulation_steps": "5 * 8",
        "betas": "(betas, name)",
        "name": "(betas, name)",
        "warmup_iters": "if wandb_log:",
        "beta1": "for beta1 in (0.9,):",
        "learning_rate": "learning_rate *= 2",
    }


def test_a_value_that_was_not_read_is_refused_where_it_is_needed():
    (value,) = assignments("max_iters = 5 * 1000").values()
    with pytest.raises(ValueError, match="`max_iters`, got `5 \\* 1000`, which is not a literal"):
        checks.integer("max_iters", value, owner="nanoGPT")


# Which framework.

WORDS = st.sampled_from(
    [
        *("scheduler", "lr_scheduler", "type", "params", "name", "class_name", "config", "train_module", "optim"),
        *(
            "learning_rate",
            "lr",
            "sched",
            "_CLASS_",
            "warmup_epochs",
            "schedulers",
            "max_duration",
            "training",
            "steps",
        ),
        *(
            "lr_decay_style",
            "lr_scheduler_type",
            "lr_decay_iters",
            "steps",
            "last_epoch",
            "_schedulers",
            "param_groups",
        ),
    ]
)
VALUES = st.sampled_from([None, True, 3, 0.1, math.nan, "cosine", "10ep", "", [], [3], ["lr"], {}, {"type": 3}])
CONFIGS = st.dictionaries(WORDS, VALUES | st.dictionaries(WORDS, VALUES, max_size=3), max_size=5)


@given(CONFIGS)
def test_no_importer_fails_at_what_is_not_its_own(config):
    assert {type(reading.importer(name).recognises(config)) for name in reading.FRAMEWORKS} == {bool}


@pytest.mark.parametrize("framework", reading.FRAMEWORKS)
def test_every_importer_has_the_three_functions(framework):
    module = reading.importer(framework)
    assert all(callable(getattr(module, name)) for name in ("recognises", "from_config", "original"))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({}, r"no framework recognises a config with the keys \[\]\. Known are composer: `scheduler`"),
        ({"lr": 0.1}, r"with the keys \['lr'\].*torchtitan: `\[lr_scheduler\]` beside `\[training\]`, in a TOML"),
        ({"log_history": [], "global_step": 3}, r"trainer_state\.json logs rates .*: give the training_args\.json"),
        (
            {"lr_scheduler_type": "cosine", "scheduler": {"type": "WarmupLR", "params": {}}},
            "may be one of deepspeed or of transformers: say which",
        ),
    ],
    ids=["empty", "unknown", "trainer_state", "two"],
)
def test_a_config_that_is_nobodys_or_two_peoples(config, says):
    with pytest.raises(ValueError, match=says):
        reading.framework_of(config)


def test_an_unknown_framework():
    with pytest.raises(ValueError, match="unknown framework 'transformer'; did you mean 'transformers'"):
        reading.importer("transformer")


def test_the_largest_difference():
    found = comparing.difference(Constant(1.0), [1.0, 0.5, 1.0, 1e-9])
    assert (found.steps, found.at) == (4, 3)
    assert found.largest == pytest.approx(1 / 1e-3)  # relative to a thousandth of the highest rate
    assert comparing.difference(Constant(0.0), [0.0]) == (1, 0.0, 0)
    assert json.dumps(found.largest)
