"""Configs of frameworks that are not installed: the imported schedule has the rates of the transcribed original.

Hundreds of configs of each framework are drawn in `benchmarks.importers`, which transcribes and names each source;
here they are compared update by update, also where a warmup is 0 or as long as the run, the run is one update long, and
past its end. The files beside this one have tables that a reader can check by hand.
"""

import importlib
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import lehr
from lehr import importers
from lehr.importers import reading
from lehr.importers.comparing import difference

bench = pytest.importorskip("benchmarks.importers")

FRAMEWORKS = [name for name, about in bench.FRAMEWORKS.items() if about.beside == bench.TRANSCRIPTION]
each_family = pytest.mark.parametrize(
    ("framework", "cases"),
    [
        pytest.param(framework, cases, id=f"{framework} {family}")
        for framework in FRAMEWORKS
        for family, cases in bench.families(framework).items()
    ],
)


@each_family
def test_every_update_has_the_rate_of_the_original(framework, cases):
    for c in cases():
        assert difference(c.schedule(), c.original(c.steps)).largest < bench.FRAMEWORKS[framework].tolerance, c


def test_a_difference_would_be_seen():
    wrong = lehr.Ramp(1.0, 0.1, 10)
    assert difference(wrong, [wrong(t) for t in range(12)]).largest == 0
    assert difference(wrong, [wrong(t) * (1 + 2e-12 * (t == 4)) for t in range(12)]).largest > 1e-12
    assert difference(wrong, [wrong(max(t - 1, 0)) for t in range(12)]).largest > 0.05


@each_family
def test_what_is_imported_is_a_schedule_like_any_other(framework, cases):
    """It prints as code and is saved; its rates in an array are those one by one."""
    for c in cases(4):
        schedule = c.schedule()
        assert eval(repr(schedule), vars(lehr)) == schedule
        assert lehr.spec.from_dict(lehr.spec.to_dict(schedule)) == schedule
        rates = [schedule(t) for t in range(c.steps)]
        assert schedule(np.arange(c.steps)) == pytest.approx(rates, rel=1e-13, abs=1e-15 * max(map(abs, rates)))


@each_family
def test_a_config_is_recognised_by_its_framework_alone(framework, cases):
    for c in cases(10):
        assert [name for name in reading.FRAMEWORKS if reading.importer(name).recognises(c.config)] == [framework]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_is_not_of_the_framework_is_not_recognised(framework):
    recognises = importlib.import_module(f"lehr.importers.{framework}").recognises
    others = [{}, {"a": 1}, {"scheduler": None}, {"scheduler": {"name": ["x"], "type": {}}}, {"lr_scheduler": 3}]
    others += [
        {"lr_scheduler": {"_name": []}},
        {"train_module": 3},
        {"scheduler": "cosine"},
        {"lr_scheduler_type": "cosine"},
    ]
    assert not any(recognises(config) for config in others)


@pytest.mark.parametrize(("framework", "package"), [("deepspeed", "deepspeed"), ("torchtitan", "torchtitan")])
def test_the_original_runs_where_it_is_installed(framework, package):
    (c,) = next(iter(bench.families(framework).values()))(1)
    rates = importlib.import_module(f"lehr.importers.{framework}").original(c.config, 3)
    assert rates == (None if find_spec(package) is None else pytest.approx(c.original(3)))


def test_no_framework_is_loaded():
    """Nor torch or NumPy: a config is read in a fraction of a second."""
    code = (
        "import sys; from lehr import importers\n"
        "importers.from_deepspeed({'type': 'WarmupLR', 'params': {'warmup_max_lr': 0.1}})\n"
        "importers.from_olmo({'type': 'cos_with_warmup', 'warmup': 3}, lr=1.0, training_steps=9)\n"
        "print(*{'torch', 'numpy', 'deepspeed', 'olmo_core'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []


def test_every_importer_is_found_by_name():
    names = [f"from_{name}" for name in (*FRAMEWORKS, "nanochat")]
    assert set(names) <= set(importers.__all__)
    assert all(callable(getattr(importers, name)) for name in names)
