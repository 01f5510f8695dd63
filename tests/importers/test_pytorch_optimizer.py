"""Schedules of pytorch_optimizer are those of its own classes, to the step, with the updates by which they are late."""

import subprocess
import sys

import pytest
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Ramp
from lehr.importers import from_pytorch_optimizer
from lehr.importers.comparing import difference
from lehr.importers.pytorch_optimizer import from_config, original, recognises

theirs = pytest.importorskip("pytorch_optimizer")
cases = pytest.importorskip("benchmarks.importers.pytorch_optimizer")

ABOUT = pytest.importorskip("benchmarks.importers").FRAMEWORKS["pytorch_optimizer"]
FAMILIES = sorted(cases.FAMILIES)


def same(config):
    """The imported schedule is the original at every update, past the end too."""
    schedule = from_config(config, after="peer")
    rates = original(config, cases.steps(config))
    assert difference(schedule, rates, ABOUT.smallest).largest < ABOUT.tolerance, config


@pytest.mark.parametrize("family", FAMILIES)
def test_every_scheduler(family):
    configs = [c.config for c in cases.FAMILIES[family]()]
    for config in configs:
        assert recognises(config)
        same(config)


RATES = st.floats(0.01, 1)
LATE = {
    "t_max": st.integers(21, 60),
    "max_lr": st.floats(0.5, 1),
    "min_lr": st.floats(0, 0.2),
    "init_lr": st.floats(0, 0.3),
    "warmup_steps": st.integers(0, 20),
}
OWN = {
    "linear": LATE,
    "cosine": LATE,
    "poly": LATE | {"poly_order": st.floats(0.2, 3)},
    "rex": {"total_steps": st.integers(1, 80), "max_lr": RATES, "min_lr": st.floats(0, 0.01)},
    "cosine_annealing_with_warmup": {
        "first_cycle_steps": st.integers(11, 40),
        "warmup_steps": st.integers(0, 10),
        "cycle_mult": st.floats(0.3, 3),
        "gamma": st.floats(0.3, 1),
        "max_lr": RATES,
    },
    "chebyshev": {"num_epochs": st.integers(1, 70), "lr": RATES},
    "warmup_stable_decay": {
        "num_warmup_steps": st.integers(0, 20),
        "num_stable_steps": st.integers(0, 20),
        "num_decay_steps": st.integers(0, 40),
        "cooldown_type": st.sampled_from(["cosine", "1-sqrt", "linear", "1-square"]),
        "min_lr_ratio": st.floats(0, 1),
        "num_cycles": st.floats(0.1, 2),
        "lr": RATES,
    },
}


@pytest.mark.parametrize("name", OWN)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_drawn_arguments(name, data):
    same({"name": name, **data.draw(st.fixed_dictionaries(OWN[name]))})


def test_every_name_of_the_registry_is_read_or_refused():
    names = set(theirs.get_supported_lr_schedulers())
    assert set(OWN) <= names
    for name in names - set(OWN):
        reason = "map" if name == "proportion" else r"of torch: .*from_torch"
        with pytest.raises(ValueError, match=reason):
            from_pytorch_optimizer(name)


def test_the_first_update_has_the_lowest_rate():
    linear = from_pytorch_optimizer("LinearScheduler", t_max=10, warmup_steps=4, max_lr=1.0, min_lr=0.1, after="peer")
    assert linear.cut(0, 11) == Constant(0.1, 1).then(Ramp(0, 1, 4), Ramp(1, 0.1, 6))
    rex = from_pytorch_optimizer("rex", total_steps=10, max_lr=1.0)
    assert [rex(t) for t in (0, 1, 10)] == [0.0, Ramp(1, 0, 10, "rex")(1), 0.0]


TAILS = {"linear": "goes on below 0", "cosine": "rises again", "poly": "goes on growing"}


@pytest.mark.parametrize("name", TAILS)
def test_what_misbehaves_after_its_end_holds(name):
    config = {"name": name, "t_max": 20, "max_lr": 1.0, "min_lr": 0.1, "warmup_steps": 3}
    with pytest.warns(UserWarning, match=rf"{name} {TAILS[name]} after step 21; .*after=\"peer\""):
        schedule = from_config(config)
    rates = original(config, 50)
    assert difference(schedule, rates[:22]).largest < 1e-12
    assert schedule(49) == schedule(21)
    assert abs(rates[49] - schedule(49)) > 0.1


def test_cycles_whose_lengths_come_to_rest():
    """int(1.01 · 20) is 20: such cycles are repeated for ever."""
    config = {"name": "cosine_annealing_with_warmup", "first_cycle_steps": 20, "cycle_mult": 1.01, "gamma": 0.9}
    schedule = from_config(config)
    assert schedule.length is None
    assert difference(schedule, original(config, 500), 1e-6).largest < 1e-10


def test_pytorch_optimizer_is_not_needed():
    code = (
        "import sys; sys.modules['pytorch_optimizer'] = None\n"
        "from lehr.importers.pytorch_optimizer import from_config, original\n"
        "config = {'name': 'chebyshev', 'num_epochs': 5, 'is_warmup': True, 'lr': 0.5}\n"
        "print(from_config(config)(3), original(config, 3))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "0.5 None\n"


LINEAR = {"t_max": 20, "max_lr": 1.0}

REFUSED = {
    "a name that there is not": (lambda: from_pytorch_optimizer("rexx"), "did you mean 'rex'"),
    "an argument that there is not": (
        lambda: from_pytorch_optimizer("rex", total_step=3),
        "did you mean 'total_steps'",
    ),
    "no length": (lambda: from_pytorch_optimizer("linear", max_lr=1.0), "linear needs `t_max`"),
    "all warmup": (lambda: from_pytorch_optimizer("linear", **LINEAR, warmup_steps=20), "divides by their difference"),
    "no rate": (lambda: from_pytorch_optimizer("chebyshev", num_epochs=5), "the optimizer's rate, so it needs `lr`"),
    "a cooldown that there is not": (
        lambda: from_pytorch_optimizer(
            "warmup_stable_decay",
            lr=1.0,
            num_warmup_steps=1,
            num_stable_steps=1,
            num_decay_steps=1,
            cooldown_type="sqrt",
        ),
        "did you mean '1-sqrt'",
    ),
    "cycles of nothing but warmup": (
        lambda: from_pytorch_optimizer("cosine_annealing_with_warmup", first_cycle_steps=5, warmup_steps=5),
        "`warmup_steps` below `first_cycle_steps`",
    ),
    "a word for the end": (lambda: from_pytorch_optimizer("linear", **LINEAR, after="hole"), "did you mean 'hold'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        quietly(call)
