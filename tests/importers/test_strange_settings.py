"""A strange setting is refused as a ValueError, or the schedule has finite rates: no importer fails otherwise."""

import math

import numpy as np
import pytest
from catalogue.trainers import quietly

from lehr.importers import from_optax, from_torchtitan

bench = pytest.importorskip("benchmarks.importers")

STRANGE = [
    None, True, 0, 1, -1, 0.5, 2.5, math.nan, math.inf, 10**30, 1e300, 1e-9, "auto", "3", "", [], [0.1, 0.2], {},
    {"a": 1}, (1,), np.int64(3), np.float32(0.5), np.array([1, 2]), b"x", 3 + 0j, object(),
]  # fmt: skip
MISSING = object()
"""Stands for a setting that is left out."""


def places(config, place=()):
    """Where in a config a value is."""
    inside = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in inside:
        yield (*place, key)
        yield from places(value, (*place, key))


def changed(config, place, value):
    """The config with another value there, or without it."""
    key, *rest = place
    copy = config.copy()
    if rest:
        copy[key] = changed(config[key], rest, value)
    elif value is MISSING:
        del copy[key]
    else:
        copy[key] = value
    return copy


FRAMEWORKS = [name for name in bench.FRAMEWORKS if name not in ("torch", "ignite")]  # those read from a config


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_strange_setting(framework):
    strange = [*STRANGE, MISSING]
    if framework == "timm":
        pytest.importorskip("timm.scheduler")
        strange = [value for value in strange if not isinstance(value, np.ndarray)]  # a live scheduler may hold one
    for family, cases in bench.families(framework).items():
        if family == "OneCycle, momentum":  # the test's own importer looks up the momentum, which a setting removes
            continue
        for case in cases(5):
            for place in places(case.config):
                for value in strange:
                    check(case, changed(case.config, place, value))


def check(case, config):
    try:
        schedule = quietly(lambda: case.importer(config, **case.options))
    except ValueError as error:
        refusal = str(error)
    else:
        assert all(math.isfinite(schedule(t)) for t in (0, 1, 7, 1000, 10**9)), config
        return
    of_python = ("math domain", "could not convert", "unpack", "ambiguous", "invalid literal")
    by_timm = refusal.startswith("timm does not build a scheduler from this config: ")
    assert by_timm or not any(words in refusal for words in of_python), (config, refusal)


def test_the_numbers_of_numpy_are_numbers():
    """What is computed from a float32 is computed in float64."""
    rates = {"init_value": np.float32(0), "peak_value": np.float32(0.3), "end_value": np.float32(0.1)}
    steps = {"warmup_steps": 3, "decay_steps": 9}
    name = "warmup_cosine_decay_schedule"
    ours = from_optax(name, **rates, **{word: np.int64(value) for word, value in steps.items()})
    assert ours == from_optax(name, **{word: float(value) for word, value in rates.items()}, **steps)
    plain, numpy = (
        {"training": {"steps": n}, "optimizer": {"lr": r}} for n, r in ((8, 0.5), (np.int32(8), np.float64(0.5)))
    )
    assert repr(from_torchtitan(numpy)) == repr(from_torchtitan(plain))
