"""Specs: what people write, what is checked, and that nothing is ever run."""

import contextlib
import json

import jsonschema
import pytest
from catalogue.schedules import schedules
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import Constant, Ramp, spec

COSINE = lehr.cosine(100_000, 1_000, 1e-3, 1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "cosine(training_steps=100k, warmup_steps=1k, max_lr=1e-3, min_lr=1e-4)",
        "cosine(100k, 1%, 1e-3, 1e-4)",
        "  cosine( 100_000 ,'1k', 0.001, min_lr = 1e-4 )\n",
        'cosine(training_steps="0.1M", warmup_steps=1.0k, max_lr=1e-3, min_lr=1e-4)',
    ],
)
def test_one_line(text):
    assert spec.from_text(text) == COSINE


def test_one_line_of_parts():
    text = "Ramp(0, 1, 10).then(Constant(1, 1k), wsd(1k, max_lr=1, decay_shape=1-sqrt) * 0.5 + 0.25).clip(hi=0.9)"
    parts = Ramp(0, 1, 10).then(Constant(1, 1000), lehr.wsd(1000, max_lr=1.0) * 0.5 + 0.25).clip(hi=0.9)
    assert spec.from_text(text) == parts


@pytest.mark.parametrize("shape", ["linear", "1-sqrt", "polynomial(2)", "tanh(-7, 3)"])
def test_shapes_need_no_quotes(shape):
    assert spec.from_text(f"wsd(100, decay_shape={shape}, max_lr=2)") == lehr.wsd(100, 0, 2.0, decay_shape=shape)
    assert spec.from_text(f"wsd(100, decay_shape='{shape}', max_lr=2)") == lehr.wsd(100, 0, 2.0, decay_shape=shape)


def test_yaml_as_people_write_it():
    text = """
    # the run of Tuesday
    schedule: cosine
    training_steps: 100k
    warmup_steps: 1%
    max_lr: 1e-3   # a string in YAML 1.1
    min_lr: 1.0e-4
    """
    assert spec.from_yaml(text) == COSINE


def test_toml_as_people_write_it():
    text = 'schedule = "cosine"\ntraining_steps = 100_000\nwarmup_steps = "1k"\nmax_lr = 1e-3\nmin_lr = 1e-4\n'
    assert spec.from_toml(text) == COSINE


def test_the_dict_is_what_the_scheduler_takes():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    assert lehr.Scheduler(optimizer, **spec.to_dict(COSINE)).schedule == COSINE


@pytest.mark.parametrize("suffix", spec.FORMATS)
def test_files(tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    spec.write(COSINE, path)
    assert spec.read(path) == COSINE
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_culprit_in_a_file_is_named_with_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("schedule: cosine\ntraining_steps: 10\nmax_lr: high\n", encoding="utf-8")
    with pytest.raises(spec.SpecError, match=r"run\.yaml: spec\.max_lr: .*got the string 'high'"):
        spec.read(path)


def test_a_new_kind_of_ones_own_is_known_by_its_name():
    from dataclasses import dataclass

    @dataclass(frozen=True, eq=False, repr=False)
    class Sawtooth(lehr.Schedule):
        height: float
        length: int

        def _pieces(self, xp):
            return [(0, lambda t: self.height * (1 - t / self.length))]

    saw = Sawtooth(2.0, 10)
    try:
        assert saw(5) == 1.0
        assert spec.from_dict(spec.to_dict(saw)) == saw
        assert spec.from_text(repr(saw.then(Constant(1)))) == saw.then(Constant(1))
    finally:
        from lehr.schedules.base import KINDS

        del KINDS["Sawtooth"]


# The JSON Schema.

VALIDATOR = jsonschema.Draft202012Validator(spec.json_schema())


def test_the_schema_is_one():
    VALIDATOR.check_schema(spec.json_schema())


@settings(deadline=None, max_examples=50)
@given(schedules)
def test_every_spec_fulfils_the_schema(schedule):
    VALIDATOR.validate(spec.to_dict(schedule))


@pytest.mark.parametrize(
    "bad",
    [
        {"schedule": "cosin", "training_steps": 10, "max_lr": 1.0},
        {"schedule": "cosine", "max_lr": 1.0},
        {"schedule": "cosine", "training_steps": 10, "max_lr": "1"},
        {"schedule": "cosine", "training_steps": 10, "max_lr": 1.0, "warmup": 1},
        {"schedule": "Then", "parts": [{"schedule": "Ramp", "start": 1, "end": 0}]},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(bad):
    assert not VALIDATOR.is_valid(bad)
    with pytest.raises(spec.SpecError):
        spec.from_dict(bad)


# Differences.


def test_differences_name_each_field():
    a, b = lehr.wsd(100, 10, 1.0), lehr.wsd(100, 20, 1.0, decay_steps=30)
    assert spec.differences(a, b, names=("old", "new")) == [
        "warmup_steps: old 10, new 20",
        "decay_steps: old 20, new 30",
    ]
    assert spec.differences(a, lehr.linear(100, 10, 1.0), names=("old", "new")) == [
        "schedule: old 'wsd', new 'linear'",
        "decay_steps: old 20, new (not given)",
    ]
    assert spec.differences(a, a * 1.0, names=("old", "new"))[0] == "schedule: old 'wsd', new 'Product'"
    assert spec.differences(Ramp(1, 0, 5).then(Constant(0)), Ramp(1, 0, 6).then(Constant(0)), names=("a", "b")) == [
        "parts[0].length: a 5, b 6"
    ]
    assert spec.differences(lehr.linear(5, max_lr=1.0), Ramp(1, 0, 5), names=("a", "b")) == []


# Nothing is run, nothing hangs, and every refusal is a SpecError.

words = st.sampled_from(
    ["schedule", "cosine", "Then", "parts", "Repeat", "of", "times", "length", "training_steps", "x"]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), words)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=5)),
    max_leaves=12,
)
TOKENS = """cosine Ramp ( ) 100k 2% , = .then .repeat * + - 1e9 10**9 0 training_steps ' [ ] lambda: .__class__
length_factor 𝟙 __import__('os')"""
tokens = st.lists(st.sampled_from([*TOKENS.split(), "\n", "\0"]), max_size=14).map("".join)


def refused_or_a_schedule(read, data):
    with contextlib.suppress(spec.SpecError):
        assert isinstance(read(data), lehr.Schedule)


@settings(deadline=None)
@given(trees)
def test_any_data(data):
    refused_or_a_schedule(spec.from_dict, data)
    refused_or_a_schedule(spec.from_json, json.dumps(data))


@settings(deadline=None)
@given(tokens)
def test_any_text(text):
    for read in (spec.from_text, spec.from_yaml, spec.from_toml, spec.from_json):
        refused_or_a_schedule(read, text)


@pytest.mark.parametrize(
    "text",
    [
        "Ramp(0, 1, 10).repeat(1000000000, length_factor=2)",
        "Ramp(0, 1, 10).repeat(1000000000, length_factor=0.999999999)",
        "Ramp(0, 1, 10)" + ".then(Ramp(0, 1, 10))" * 300,
        "Ramp(0, 1, 10)" + " * 0.5" * 3000,
        "Ramp(0, 1, " + "9" * 5000 + ")",
        "cosine(10**10**10, max_lr=1)",
    ],
)
def test_what_would_cost_endless_work_is_refused_or_quick(text):
    refused_or_a_schedule(spec.from_text, text)


def test_a_bomb_of_aliases_is_refused():
    layers = "\n".join(f"a{i}: &a{i} {{schedule: Then, parts: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 40))
    bomb = f"a0: &a0 {{schedule: linear, training_steps: 1, max_lr: 1}}\n{layers}"
    data = "schedule: Then\nparts:\n- &a0 {schedule: linear, training_steps: 1, max_lr: 1}\n" + "\n".join(
        f"- &a{i} {{schedule: Then, parts: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 40)
    )
    for text in (bomb, data):
        with pytest.raises(spec.SpecError):
            spec.from_yaml(text)
