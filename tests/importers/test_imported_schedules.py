"""An imported schedule is a schedule like any other: it prints as code, is saved, and is computed in arrays."""

import importlib

import numpy as np
import pytest
from catalogue.trainers import quietly

import lehr
from lehr import importers
from lehr.importers import reading
from lehr.importers.comparing import difference

bench = pytest.importorskip("benchmarks.importers")
BY_CONFIG = ("keras", "optax", "pytorch_optimizer", "timm", "transformers")
"""The installed frameworks whose schedules are built from a config."""


def importer(framework):
    return importlib.import_module(f"lehr.importers.{framework}")


def sample(framework, each):
    """Every so many configs of a framework, if what their import needs is installed."""
    if framework == "timm":
        pytest.importorskip("timm.scheduler")
    return [c.config for cases in bench.families(framework).values() for c in cases()][::each]


@pytest.mark.parametrize("framework", BY_CONFIG)
def test_it_prints_as_code_and_is_saved(framework):
    for config in sample(framework, 7):
        schedule = quietly(lambda config=config: importer(framework).from_config(config, after="peer"))
        assert eval(repr(schedule), vars(lehr)) == schedule
        assert lehr.spec.from_dict(lehr.spec.to_dict(schedule)) == schedule


@pytest.mark.parametrize("framework", BY_CONFIG)
def test_rates_in_an_array_are_those_one_by_one(framework):
    for config in sample(framework, 5):
        schedule = quietly(lambda config=config: importer(framework).from_config(config, after="peer"))
        rates = [schedule(t) for t in range(80)]
        assert schedule(np.arange(80)) == pytest.approx(rates, rel=1e-12, abs=1e-15 * max(map(abs, rates)))


@pytest.mark.parametrize("framework", BY_CONFIG)
def test_a_config_is_recognised_by_its_framework_alone(framework):
    for config in sample(framework, 3):
        assert [name for name in reading.FRAMEWORKS if importer(name).recognises(config)] == [framework]


def test_what_a_config_of_nothing_is():
    strange = [{}, {"name": ["cosine"]}, {"name": None, "config": 3}, {"lr_scheduler": "cosine"}, {"sched": "cosine"}]
    for config in strange:
        assert not any(importer(name).recognises(config) for name in BY_CONFIG)


def test_the_importers_are_listed():
    assert {f"from_{name}" for name in BY_CONFIG} <= set(importers.__all__)
    assert all(callable(getattr(importers, name)) for name in importers.__all__)


def test_a_difference_would_be_seen():
    schedule = lehr.Ramp(1.0, 0.1, 10)
    rates = [schedule(t) for t in range(12)]
    assert difference(schedule, rates).largest == 0
    assert difference(schedule, [rate * (1 + 2e-12 * (t == 4)) for t, rate in enumerate(rates)]).largest > 1e-12
    assert difference(schedule, [1.0, *rates]).largest > 0.05
    assert difference(schedule, [1e-5 + rate * (t < 10) for t, rate in enumerate(rates)]).largest > 0.9
