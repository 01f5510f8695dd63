"""Schedules of timm are those of its own schedulers, to the step: warmups, cycles, k-decay and noise."""

import warnings

import pytest
from catalogue.optimizers import groups, sgd
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr import Constant, Exponential, Ramp
from lehr.importers import from_timm
from lehr.importers.comparing import difference
from lehr.importers.timm import from_config, original, recognises, stepped

cases = pytest.importorskip("benchmarks.importers.timm")
timm = pytest.importorskip("timm.scheduler")

ABOUT = pytest.importorskip("benchmarks.importers").FRAMEWORKS["timm"]
FAMILIES = sorted(cases.FAMILIES)


def same(config):
    """The imported schedule is the original at every position, past the end too."""
    schedule = from_config(config, after="peer")
    rates = original(config, cases.steps(config))
    assert difference(schedule, rates, ABOUT.smallest).largest < ABOUT.tolerance, config
    assert all(schedule(t) == 0 for t, rate in enumerate(rates) if rate == 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_scheduler(family):
    configs = [c.config for c in cases.FAMILIES[family]()]
    assert len(configs) >= 36
    for config in configs:
        same(config)


def test_every_class_of_timm_is_read_or_refused():
    classes = {name for name in dir(timm) if name.endswith("Scheduler")}
    assert classes == {*FAMILIES, "PlateauLRScheduler"}
    scheduler = quietly(lambda: timm.PlateauLRScheduler(sgd(0.1)))
    with pytest.raises(ValueError, match=r"follows a metric.*lehr\.Plateau"):
        from_timm(scheduler)


CYCLES = {
    "t_initial": st.integers(1, 40),
    "lr_min": st.floats(0, 0.2),
    "cycle_mul": st.sampled_from([1.0, 1.3, 2.0, 3.0, 1.1]),
    "cycle_decay": st.floats(0.1, 1),
    "cycle_limit": st.integers(1, 5),
    "warmup_prefix": st.booleans(),
}
OWN = {
    "CosineLRScheduler": CYCLES | {"k_decay": st.floats(0.3, 3)},
    "PolyLRScheduler": CYCLES | {"k_decay": st.floats(0.3, 3), "power": st.floats(1, 3)},
    "TanhLRScheduler": CYCLES | {"lb": st.floats(-8, -1), "ub": st.floats(1, 4)},
    "StepLRScheduler": {"decay_t": st.integers(1, 30), "decay_rate": st.floats(0.1, 1), "warmup_prefix": st.booleans()},
    "MultiStepLRScheduler": {
        "decay_t": st.lists(st.integers(0, 100), max_size=5).map(sorted),
        "decay_rate": st.floats(0.1, 1),
        "warmup_prefix": st.booleans(),
    },
    "WSDLRScheduler": {
        "t_initial": st.integers(20, 60),
        "decay_t": st.integers(1, 20),
        "lr_min": st.floats(0, 0.2),
        "stable_fn": st.sampled_from(["constant", "rsqrt", "power"]),
        "stable_timescale": st.floats(1, 50),
        "stable_power": st.floats(0.1, 2),
        "decay_fn": st.sampled_from(["linear", "1-sqrt", "cosine", "power", "exp"]),
        "decay_power": st.floats(0.3, 3),
        "decay_ratio": st.floats(0.01, 0.9),
    },
}
NOISE = st.none() | st.fixed_dictionaries(
    {
        "noise_range_t": st.tuples(st.floats(0, 30), st.floats(20, 90)),
        "noise_pct": st.floats(0.05, 0.9),
        "noise_seed": st.integers(0, 10**6),
    }
)


@pytest.mark.parametrize("name", OWN)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_drawn_settings(name, data):
    config = {
        "name": name,
        "lr": data.draw(st.floats(0.01, 1)),
        "warmup_t": data.draw(st.integers(0, 20)),
        "warmup_lr_init": data.draw(st.floats(0, 0.5)),
        "t_in_epochs": data.draw(st.booleans()),
        **data.draw(st.fixed_dictionaries(OWN[name])),
        **(data.draw(NOISE) or {}),
    }
    if config.get("cycle_mul") in (1.1, 1.3):
        config.pop("k_decay", None)  # timm fails on the root of a position of -1e-16
    same(config)


def scheduler(name="CosineLRScheduler", optimizer=None, **own):
    return getattr(timm, name)(optimizer or sgd(0.1), **own)


def test_the_schedule_is_built_from_parts():
    cosine = {"t_initial": 100, "lr_min": 0.01, "warmup_t": 5}
    assert from_timm(scheduler(**cosine, warmup_prefix=True)) == Ramp(0, 0.1, 5).then(Ramp(0.1, 0.01, 100, "cosine"))
    assert from_timm(scheduler(**cosine)) == Ramp(0, 0.1, 5).then(Ramp(0.1, 0.01, 100, "cosine").cut(5))
    assert from_timm(scheduler("StepLRScheduler", decay_t=30, decay_rate=0.5)) == Exponential(0.1, 0.5, 30, True)
    wsd = scheduler("WSDLRScheduler", t_initial=100, decay_t=20, warmup_t=5)
    assert from_timm(wsd) == Ramp(0, 0.1, 5).then(Constant(0.1, 80), Ramp(0.1, 0, 20, "1-sqrt"))


def test_a_restart_that_timm_misses():
    """ln(81) / ln(3) is 4 minus a bit: timm takes the end of the cycle before for its start."""
    config = {"name": "CosineLRScheduler", "lr": 1.0, "t_initial": 10, "cycle_mul": 3.0, "cycle_limit": 6}
    rates = original(config, 1300)
    with pytest.warns(UserWarning, match="CosineLRScheduler misses the restart at step 1210 by rounding"):
        schedule = from_config(config)
    assert [schedule(t) for t in (0, 10, 40, 130, 400, 1210)] == [1.0] * 6
    assert rates[1210] == 0.0 == from_config(config, after="peer")(1210)
    assert difference(from_config(config, after="peer"), rates).largest < 1e-12
    rates[1210] = 1.0
    assert difference(schedule, rates).largest < 1e-12


def test_the_warning_counts_the_warmup():
    own = {"t_initial": 10, "cycle_mul": 3.0, "cycle_limit": 6, "warmup_t": 7}
    with pytest.warns(UserWarning, match="restart at step 1217 by"):
        from_timm(scheduler(**own, warmup_prefix=True))
    with warnings.catch_warnings():  # the restart comes before the end of the warmup
        warnings.simplefilter("error")
        from_timm(scheduler(**own | {"warmup_t": 1300}))


def test_a_restart_at_which_timm_fails():
    """The third cycle begins at 23, minus a bit: timm takes the root of it, and lehr begins the cycle."""
    own = {"t_initial": 10, "cycle_mul": 1.3, "cycle_limit": 3, "k_decay": 0.5}
    with pytest.raises(TypeError, match="not complex"):
        stepped(scheduler(**own), 30)
    assert difference(from_timm(scheduler(**own)), stepped(scheduler(**own), 22)).largest < 1e-12
    assert from_timm(scheduler(**own))(23) == 0.1
    assert from_timm(scheduler("PolyLRScheduler", **own))(23) == 0.1  # where timm writes a complex number


def test_more_cycles_than_any_run_has():
    """Those that begin after a thousand million positions are left out; timm misses the last of the others."""
    with pytest.warns(UserWarning, match="misses the restart at step 1342177270 by"):
        schedule = from_timm(scheduler(t_initial=10, cycle_mul=2.0, cycle_limit=500))
    assert [schedule(10 * (2**k - 1)) for k in range(27)] == [0.1] * 27


def test_cycles_that_shrink():
    """Past the sum of all cycles timm takes the logarithm of a negative number; lehr holds the floor."""
    config = {"name": "PolyLRScheduler", "lr": 1.0, "t_initial": 16, "cycle_mul": 0.5, "cycle_limit": 4, "lr_min": 0.1}
    schedule = from_config(config, after="peer")
    assert difference(schedule, original(config, 31)).largest < 1e-12
    with pytest.raises(ValueError, match="math domain error"):
        original(config, 40)
    assert schedule(31) == schedule(400) == pytest.approx(0.1)


def test_noise_without_an_end():
    open_ended = scheduler(t_initial=50, noise_range_t=20, noise_seed=5)
    with pytest.raises(ValueError, match=r"noise .* begins at 20 and has no end.* give tabulate=N"):
        from_timm(open_ended)
    rates = stepped(scheduler(t_initial=50, noise_range_t=20, noise_seed=5), 60)
    schedule = from_timm(open_ended, tabulate=45)
    assert difference(schedule, rates[:45]).largest < 1e-12
    assert schedule(47) == Ramp(0.1, 0, 50, "cosine")(47)


def test_a_decay_of_ones_own():
    def build():
        return scheduler(
            "WSDLRScheduler",
            t_initial=30,
            decay_t=11,
            decay_fn=lambda share: 1 - share**3 / 2,
            lr_min=0.01,
            stable_fn="rsqrt",
            stable_timescale=7,
            warmup_t=3,
        )

    assert difference(from_timm(build()), stepped(build(), 90)).largest < 1e-12


def test_groups_with_rates_of_their_own():
    def build():
        optimizer = sgd(0.1, 0.3)
        optimizer.param_groups[1]["lr_scale"] = 0.5
        return scheduler("TanhLRScheduler", optimizer, t_initial=20, lr_min=0.01, warmup_t=4, warmup_lr_init=0.02)

    with pytest.raises(ValueError, match=r"group 0 has the rate 0.1, group 1 has 0.15; say which with group="):
        from_timm(build())
    for group in (0, 1):
        assert difference(from_timm(build(), group=group), stepped(build(), 40, group)).largest < 1e-12
    with pytest.raises(ValueError, match="at most 1 for `group`"):
        from_timm(build(), group=2)


def test_a_scheduler_in_the_middle_of_a_run():
    used = scheduler(t_initial=20, warmup_t=4)
    stepped(used, 9)
    assert from_timm(used) == from_timm(scheduler(t_initial=20, warmup_t=4))


def test_position_0_has_what_the_constructor_writes():
    """timm's train.py calls neither step nor step_update before the first epoch."""
    multistep = scheduler("MultiStepLRScheduler", decay_t=[1, 5], decay_rate=0.5)
    assert [from_timm(multistep)(t) for t in (0, 1, 3, 4)] == pytest.approx([0.1, 0.05, 0.05, 0.025])
    noisy = scheduler(t_initial=20, noise_range_t=[0, 5])
    assert from_timm(noisy)(0) == 0.1


def test_the_arguments_of_the_train_script():
    config = {"sched": "cosine", "lr": 0.05, "epochs": 30, "warmup_epochs": 3, "warmup_lr": 1e-5, "min_lr": 1e-4}
    assert recognises(config)
    assert not recognises({"sched": "cosine"})
    schedule = from_config(config)
    assert schedule == Ramp(1e-5, 0.05, 3).then(Ramp(0.05, 1e-4, 30, "cosine").cut(3))
    assert difference(schedule, original(config, 40)).largest < 1e-12
    with pytest.raises(ValueError, match="no `lr`"):
        from_config(config | {"lr": None})
    with pytest.raises(ValueError, match="follows a metric"):
        from_config(config | {"sched": "plateau"})


def test_a_scheduler_that_lehr_does_not_know():
    class Halving(timm.scheduler.Scheduler):
        def _get_lr(self, t):
            return [value / 2**t for value in self.base_values]

    halving = Halving(sgd(0.1), "lr")
    with pytest.raises(ValueError, match=r"Halving is not one of CosineLRScheduler.*tabulate=N"):
        from_timm(halving)
    assert from_timm(halving, tabulate=3)(2) == 0.025
    with pytest.raises(ValueError, match=r"needs a scheduler of timm\.scheduler, got 7"):
        from_timm(7)


def test_milestones_out_of_order_are_refused():
    with pytest.raises(ValueError, match="`decay_t` must be in order"):
        from_timm(scheduler("MultiStepLRScheduler", decay_t=[5, 2]))


def test_one_optimizer_of_equal_groups_needs_no_group():
    import torch

    assert from_timm(scheduler(optimizer=torch.optim.SGD(groups(0.1, 0.1)), t_initial=9)).length == 9
