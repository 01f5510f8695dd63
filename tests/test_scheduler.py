"""The asked-for class: rates in the optimizer, positions, and what trainers ask for."""

import math
import warnings

import exact
import pytest
import torch
from catalogue.optimizers import adamw, rates_of
from catalogue.schedules import schedules
from catalogue.settings import runs
from hypothesis import given, settings
from hypothesis import strategies as st

import lehr
from lehr import Scheduler


def formula(name, t, n, w, top, low):
    """A transcription of the three formulas, with nothing of lehr's."""
    if name == "constant":
        return top
    if t < w:
        return max(1, t) / w * top
    if t >= n:
        return top if w == n else low
    if name == "cosine":
        return low + (top - low) * exact.cosine_left(t - w, n - w)
    return top - (t - w) / (n - w) * (top - low)


@settings(deadline=None)
@given(st.sampled_from(["cosine", "linear", "constant"]), runs())
def test_the_formulas_to_4_ulp_at_every_step(name, given_):
    n, w, top, low = given_.values()
    opt = adamw()
    scheduler = Scheduler(opt, name, n, w, top, low)
    for t in range(n + 1):
        scheduler.step(t)
        expected = formula(name, t, n, w, top, low)
        assert abs(opt.param_groups[0]["lr"] - expected) <= 4 * math.ulp(expected)
        assert scheduler.current_lr == opt.param_groups[0]["lr"]


@pytest.mark.parametrize("warmup", [0, 1, 7, 10_000, 100_000])
@pytest.mark.parametrize("name", ["cosine", "linear", "constant"])
def test_the_formulas_in_a_long_run(name, warmup):
    n, top, low = 100_000, 1e-3, 1e-4
    opt = adamw()
    scheduler = Scheduler(opt, name, training_steps=n, warmup_steps=warmup, max_lr=top, min_lr=low)
    for t in {*range(0, n, 997), 1, 2, max(warmup, 1) - 1, warmup, min(warmup + 1, n), n - 1, n}:
        scheduler.step(t)
        expected = formula(name, t, n, warmup, top, low)
        assert abs(opt.param_groups[0]["lr"] - expected) <= 4 * math.ulp(expected)


def test_positions_and_words_mean_the_same():
    by_position = Scheduler(adamw(), "cosine", 100, 10, 1e-3, 1e-4)
    by_word = Scheduler(adamw(), schedule="cosine", training_steps=100, warmup_steps=10, max_lr=1e-3, min_lr=1e-4)
    assert by_position.schedule == by_word.schedule == lehr.cosine(100, 10, 1e-3, 1e-4)


def test_the_first_rate_is_there_before_the_first_step():
    opt = adamw()
    scheduler = Scheduler(opt, "linear", 10, 2, 1.0, 0.0)
    assert (rates_of(opt), scheduler.position, scheduler.current_lr) == ([0.5], 0, 0.5)


def test_step_without_a_number_moves_one_on():
    scheduler = Scheduler(adamw(), "linear", 10, 0, 1.0)
    seen = []
    for _ in range(3):
        scheduler.step()
        seen.append((scheduler.position, scheduler.current_lr))
    assert seen == [(1, 0.9), (2, 0.8), (3, 0.7)]


def test_any_order_of_steps_gives_the_same_rates():
    schedule = lehr.wsd(100, 10, 1.0) * lehr.cosine_restarts(max_lr=1.0, cycle_steps=7)
    scheduler = Scheduler(adamw(), schedule)
    for t in [5, 5, 99, 0, 50, 12, 12, 3, 100, 64]:
        scheduler.step(t)
        assert (scheduler.current_lr, scheduler.position) == (schedule(t), t)


@settings(deadline=None)
@given(schedules, st.lists(st.integers(0, 500), max_size=20))
def test_any_schedule_is_followed_to_the_bit(schedule, steps):
    opt = adamw()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # late steps are tested below
        scheduler = Scheduler(opt, schedule)
        for t in steps:
            scheduler.step(t)
            assert opt.param_groups[0]["lr"] == scheduler.current_lr == schedule(t)


def test_late_steps_hold_the_final_rate_and_warn_once():
    opt = adamw()
    scheduler = Scheduler(opt, "cosine", 10, 2, 1.0, 0.25)
    scheduler.step(10)
    with pytest.warns(UserWarning, match="step 11 is past the end of the schedule \\(10 steps\\)"):
        scheduler.step(11)
    scheduler.step()
    scheduler.step(10**12)
    assert (rates_of(opt), scheduler.current_lr, scheduler.position) == ([0.25], 0.25, 10**12)


@pytest.mark.parametrize("step", [7, 7.0, torch.tensor(7), pytest.param("numpy", id="numpy")])
def test_whole_numbers_of_any_type_are_steps(step):
    import numpy as np

    scheduler = Scheduler(adamw(), "linear", 10, 0, 1.0)
    scheduler.step(np.int64(7) if step == "numpy" else step)
    assert (scheduler.position, type(scheduler.position)) == (7, int)
    scheduler.step(epoch=3)
    assert scheduler.position == 3


def test_default_peak_is_the_optimizers_own():
    scheduler = Scheduler(adamw(0.25), "linear", 10)
    assert scheduler.schedule == lehr.linear(10, 0, 0.25)


def test_other_recipes_take_their_options():
    scheduler = Scheduler(adamw(), "wsd", 100, "5%", 1.0, decay_steps="10%", decay_shape="linear")
    assert scheduler.schedule == lehr.wsd(100, 5, 1.0, decay_steps=10, decay_shape="linear")
    assert scheduler.training_steps == 100


# What torch's trainers ask for.


def test_it_is_a_torch_scheduler():
    scheduler = Scheduler(adamw(0.1), "linear", 10, 0, 1.0)
    assert isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler)
    assert not any(hasattr(scheduler, name) for name in ("total_steps", "__call__", "__len__", "__bool__"))
    scheduler.step(4)
    assert (scheduler.last_epoch, scheduler._step_count) == (4, 5)
    scheduler.last_epoch += 1  # ignite moves it so, and asks get_lr
    assert scheduler.get_lr() == [0.5]
    assert scheduler.base_lrs == [1.0]


def test_rates_that_are_handed_out_are_nobodys_reference():
    opt = adamw(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    handed = scheduler.get_last_lr()
    handed[0] = 7.0
    assert scheduler.get_last_lr() == rates_of(opt) == [1.0]


def test_no_warning_in_either_order_of_steps():
    opt = adamw()
    opt.param_groups[0]["params"][0].grad = torch.ones(2)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(0)  # torch's own would warn of this
    opt.step()
    scheduler.step()
    opt.step()
    scheduler.step(2)
    opt.step()


def test_an_optimizer_is_freed_without_the_collector():
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        opt = adamw()
        scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
        scheduler.step(3)
        dead = weakref.ref(opt), weakref.ref(scheduler)
        del opt, scheduler
        assert [ref() for ref in dead] == [None, None]
    finally:
        gc.enable()
