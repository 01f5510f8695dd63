"""The asked-for class: rates in the optimizer, positions, groups, checkpoints."""

import copy
import io
import json
import math
import pickle
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import run, schedules

import lehr
from lehr import Ramp, Scheduler
from lehr.scheduler.state import StateMismatchError


def optimizer(*rates, **group):
    rates = rates or (0.5,)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": rate, **group} for rate in rates]
    return torch.optim.AdamW(groups)


def rates_of(opt):
    return [float(group["lr"]) for group in opt.param_groups]


def formula(name, t, n, w, top, low):
    """A transcription of the three formulas, with nothing of lehr's."""
    if name == "constant":
        return top
    if t < w:
        return max(1, t) / w * top
    if t >= n:
        return top if w == n else low
    if name == "cosine":
        return low + 0.5 * (top - low) * (1 + math.cos(math.pi * (t - w) / (n - w)))
    return top - (t - w) / (n - w) * (top - low)


@settings(deadline=None)
@given(st.sampled_from(["cosine", "linear", "constant"]), run())
def test_the_formulas_to_4_ulp_at_every_step(name, given_):
    n, w, top, low = given_.values()
    opt = optimizer()
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
    opt = optimizer()
    scheduler = Scheduler(opt, name, training_steps=n, warmup_steps=warmup, max_lr=top, min_lr=low)
    for t in {*range(0, n, 997), 1, 2, max(warmup, 1) - 1, warmup, min(warmup + 1, n), n - 1, n}:
        scheduler.step(t)
        expected = formula(name, t, n, warmup, top, low)
        assert abs(opt.param_groups[0]["lr"] - expected) <= 4 * math.ulp(expected)


def test_positions_and_words_mean_the_same():
    by_position = Scheduler(optimizer(), "cosine", 100, 10, 1e-3, 1e-4)
    by_word = Scheduler(optimizer(), schedule="cosine", training_steps=100, warmup_steps=10, max_lr=1e-3, min_lr=1e-4)
    assert by_position.schedule == by_word.schedule == lehr.cosine(100, 10, 1e-3, 1e-4)


def test_the_first_rate_is_there_before_the_first_step():
    opt = optimizer()
    scheduler = Scheduler(opt, "linear", 10, 2, 1.0, 0.0)
    assert (rates_of(opt), scheduler.position, scheduler.current_lr) == ([0.5], 0, 0.5)


def test_step_without_a_number_moves_one_on():
    scheduler = Scheduler(optimizer(), "linear", 10, 0, 1.0)
    seen = []
    for _ in range(3):
        scheduler.step()
        seen.append((scheduler.position, scheduler.current_lr))
    assert seen == [(1, 0.9), (2, 0.8), (3, 0.7)]


def test_any_order_of_steps_gives_the_same_rates():
    schedule = lehr.wsd(100, 10, 1.0) * lehr.cosine_restarts(cycle_steps=7)
    scheduler = Scheduler(optimizer(), schedule)
    for t in [5, 5, 99, 0, 50, 12, 12, 3, 100, 64]:
        scheduler.step(t)
        assert (scheduler.current_lr, scheduler.position) == (schedule(t), t)


@settings(deadline=None)
@given(schedules, st.lists(st.integers(0, 500), max_size=20))
def test_any_schedule_is_followed_to_the_bit(schedule, steps):
    opt = optimizer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # late steps are tested below
        scheduler = Scheduler(opt, schedule)
        for t in steps:
            scheduler.step(t)
            assert opt.param_groups[0]["lr"] == scheduler.current_lr == schedule(t)


def test_late_steps_hold_the_final_rate_and_warn_once():
    opt = optimizer()
    scheduler = Scheduler(opt, "cosine", 10, 2, 1.0, 0.25)
    scheduler.step(10)
    with pytest.warns(UserWarning, match="step 11 is past the end of the schedule \\(10 steps\\)"):
        scheduler.step(11)
    scheduler.step()
    scheduler.step(10**12)
    assert (rates_of(opt), scheduler.current_lr, scheduler.position) == ([0.25], 0.25, 10**12)


def test_a_checkpoint_still_says_the_ratios_after_a_refused_step():
    state = Scheduler(optimizer(1.0, 0.5), Ramp(1.0, 0.0, 10), group_scale="ratio").state_dict()
    opt = optimizer(0.0, 0.0)
    scheduler = Scheduler(opt, Ramp(1.0, 0.0, 10), group_scale="ratio")
    with pytest.raises(ValueError, match="every group starts at 0"):
        scheduler.step(5)
    scheduler.load_state_dict(state)
    scheduler.step(5)
    assert rates_of(opt) == [0.5, 0.25]


@pytest.mark.parametrize("step", [7, 7.0, torch.tensor(7), pytest.param("numpy", id="numpy")])
def test_whole_numbers_of_any_type_are_steps(step):
    import numpy as np

    scheduler = Scheduler(optimizer(), "linear", 10, 0, 1.0)
    scheduler.step(np.int64(7) if step == "numpy" else step)
    assert (scheduler.position, type(scheduler.position)) == (7, int)
    scheduler.step(epoch=3)
    assert scheduler.position == 3


def test_default_peak_is_the_optimizers_own():
    scheduler = Scheduler(optimizer(0.25), "linear", 10)
    assert scheduler.schedule == lehr.linear(10, 0, 0.25)


def test_other_recipes_take_their_options():
    scheduler = Scheduler(optimizer(), "wsd", 100, "5%", 1.0, decay_steps="10%", decay_shape="linear")
    assert scheduler.schedule == lehr.wsd(100, 5, 1.0, decay_steps=10, decay_shape="linear")
    assert scheduler.training_steps == 100


# Groups.


def test_groups_that_start_alike_get_the_same_in_silence():
    opt = optimizer(0.1, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert (rates_of(opt), scheduler.get_last_lr()) == ([0.5, 0.5], [0.5, 0.5])


def test_flattening_is_said_once():
    opt = optimizer(0.1, 0.01)
    with pytest.warns(UserWarning, match=r"\(0.1, 0.01\).*group_scale='same'.*group_scale='ratio'") as seen:
        scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert (rates_of(opt), len(seen)) == ([0.5, 0.5], 1)


@pytest.mark.parametrize(
    ("scale", "factors"),
    [("same", [1.0, 1.0]), ("ratio", [1.0, 0.25]), ([0.5, 2], [0.5, 2.0]), ({0: 1.0, 1: 0.0}, [1.0, 0.0])],
)
def test_group_scale(scale, factors):
    opt = optimizer(0.4, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0, group_scale=scale)
    for t in (0, 5, 9):
        scheduler.step(t)
        expected = [scheduler.schedule(t) * factor for factor in factors]
        assert rates_of(opt) == scheduler.get_last_lr() == expected
        assert scheduler.current_lr == max(expected)


def test_factors_by_name():
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "name": name} for name in ("body", "head")]
    opt = torch.optim.SGD(groups, lr=0.1)
    Scheduler(opt, "constant", 10, max_lr=1.0, group_scale={"head": 1.0, "body": 0.1})
    assert rates_of(opt) == [0.1, 1.0]


@pytest.mark.parametrize(("scale", "expected"), [("same", 0.5), ("ratio", 0.25)])
def test_a_late_group_joins_by_the_rule_of_the_others(scale, expected):
    opt = optimizer(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0, group_scale=scale)
    opt.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.05})
    scheduler.step(5)
    assert rates_of(opt) == [0.5, expected]
    assert scheduler.get_last_lr() == [0.5, expected]


def test_groups_that_are_replaced_are_found():
    opt = optimizer(0.1, 0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(1)
    opt.load_state_dict(copy.deepcopy(opt.state_dict()))
    scheduler.step(2)
    assert rates_of(opt) == [0.8, 0.8]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensor_rates_are_filled_in_place(dtype):
    rate = torch.tensor(0.5, dtype=dtype)
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    held = opt.param_groups[0]["lr"]
    scheduler = Scheduler(opt, "cosine", 50_000, 100, 1e-2)
    for t in range(0, 50_001, 50):
        scheduler.step(t)
    scheduler.step(30_000)
    assert opt.param_groups[0]["lr"] is held
    assert (held.dtype, held.shape) == (dtype, torch.Size([]))
    assert held == torch.tensor(scheduler.schedule(30_000), dtype=dtype)
    assert type(scheduler.current_lr) is float


def test_a_tensor_that_groups_share_is_given_to_each_apart():
    shared = torch.tensor(0.5)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
    opt = torch.optim.SGD(groups, lr=shared)
    Scheduler(opt, "constant", 10, max_lr=1.0, group_scale=[1.0, 0.5])
    assert rates_of(opt) == [1.0, 0.5]


def test_a_float_that_becomes_a_tensor_is_filled_from_then_on():
    opt = optimizer()
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(1)
    held = opt.param_groups[0]["lr"] = torch.tensor(0.9)
    scheduler.step(5)
    assert opt.param_groups[0]["lr"] is held
    assert held.item() == 0.5


def test_nothing_of_the_optimizer_changes_but_the_rate():
    opt = optimizer(weight_decay=0.1)
    before, keys = dict(vars(opt)), [set(group) for group in opt.param_groups]
    step = opt.step
    Scheduler(opt, "one_cycle", 10, max_lr=1.0).step(3)
    after = vars(opt)
    assert after.keys() == before.keys()
    assert "step" not in after
    assert opt.step == step
    assert [set(group) for group in opt.param_groups] == keys
    assert (opt.param_groups[0]["betas"], opt.param_groups[0]["weight_decay"]) == ((0.9, 0.999), 0.1)


def test_anything_with_groups_is_an_optimizer():
    class Wrapper:
        param_groups = [{"params": [], "lr": 0.1}]  # noqa: RUF012  # as some wrappers have it

    scheduler = Scheduler(Wrapper(), "linear", 10, 0, 1.0)
    scheduler.step(5)
    assert Wrapper.param_groups[0]["lr"] == 0.5


# What torch's trainers ask for.


def test_it_is_a_torch_scheduler():
    scheduler = Scheduler(optimizer(0.1), "linear", 10, 0, 1.0)
    assert isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler)
    assert not any(hasattr(scheduler, name) for name in ("total_steps", "__call__", "__len__", "__bool__"))
    scheduler.step(4)
    assert (scheduler.last_epoch, scheduler._step_count) == (4, 5)
    scheduler.last_epoch += 1  # ignite moves it so, and asks get_lr
    assert scheduler.get_lr() == [0.5]
    assert scheduler.base_lrs == [1.0]


def test_rates_that_are_handed_out_are_nobodys_reference():
    opt = optimizer(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    handed = scheduler.get_last_lr()
    handed[0] = 7.0
    assert scheduler.get_last_lr() == rates_of(opt) == [1.0]


def test_no_warning_in_either_order_of_steps():
    opt = optimizer()
    opt.param_groups[0]["params"][0].grad = torch.ones(2)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.step(1)  # torch's own would warn of this
    opt.step()
    scheduler.step()


# Checkpoints.


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_the_state_is_small_and_plain():
    scheduler = Scheduler(optimizer(), "cosine", 100, 10, 1e-3, 1e-4)
    before = scheduler.state_dict()
    scheduler.step(50)
    state = scheduler.state_dict()
    assert before.keys() == state.keys()
    assert {type(value) for value in state.values()} <= {int, str}
    assert state["position"] == 50
    assert json.loads(state["schedule"]) == {
        "schedule": "cosine",
        "training_steps": 100,
        "warmup_steps": 10,
        "max_lr": 1e-3,
        "min_lr": 1e-4,
    }
    assert len(pickle.dumps(state)) <= 2048
    assert through_a_file(state) == state


def test_the_state_of_512_groups_is_small_too():
    factors = [0.1] * 256 + [1.0] * 256
    scheduler = Scheduler(optimizer(*[0.1] * 512), "cosine", 100, 10, 1e-3, group_scale=factors)
    assert len(pickle.dumps(scheduler.state_dict())) <= 2048


def _resumed(order, opt_state, scheduler_state, build):
    if order == "optimizer, scheduler, load":
        opt = optimizer(0.4, 0.1)
        opt.load_state_dict(opt_state)
        scheduler = build(opt)
        scheduler.load_state_dict(scheduler_state)
    else:
        opt = optimizer(0.4, 0.1)
        scheduler = build(opt)
        loads = {"o": lambda: opt.load_state_dict(opt_state), "s": lambda: scheduler.load_state_dict(scheduler_state)}
        for letter in order:
            loads[letter]()
    return opt, scheduler


@pytest.mark.parametrize("order", ["optimizer, scheduler, load", "os", "so", "s", "sos", "oss"])
@pytest.mark.parametrize("position", [0, 1, 5, 9, 10, 11, 99, 100, 105])
@pytest.mark.parametrize("scale", ["ratio", "same"])
def test_every_order_of_loading_goes_on_bit_equal(order, position, scale):
    def build(opt):
        return Scheduler(opt, "cosine", 100, 10, min_lr=1e-3, group_scale=scale)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opt = optimizer(0.4, 0.1)
        scheduler = build(opt)
        for t in range(position + 1):
            scheduler.step(t)
        saved = copy.deepcopy(opt.state_dict()), through_a_file(scheduler.state_dict())
        expected = [rates_of(opt)]
        for _ in range(50):
            scheduler.step()
            expected.append(rates_of(opt))

        opt, scheduler = _resumed(order, *saved, build)
        resumed = [rates_of(opt)]
        for _ in range(50):
            scheduler.step()
            resumed.append(rates_of(opt))
    assert resumed == expected


def test_a_difference_is_shown_field_by_field():
    state = Scheduler(optimizer(), "cosine", 100, 10, 1.0, 0.0).state_dict()
    opt = optimizer()
    scheduler = Scheduler(opt, "cosine", 400, 10, 0.1, 0.001)
    scheduler.step(7)
    before = rates_of(opt)
    with pytest.raises(StateMismatchError) as refused:
        scheduler.load_state_dict(state)
    assert refused.value.differences == [
        "training_steps: checkpoint 100, code 400",
        "max_lr: checkpoint 1.0, code 0.1",
        "min_lr: checkpoint 0.0, code 0.001",
    ]
    assert "keep='checkpoint'" in str(refused.value)
    assert (rates_of(opt), scheduler.position) == (before, 7)


def test_keep_says_who_is_right():
    old = Scheduler(optimizer(), "cosine", 100, 10, 1.0, 0.0)
    old.step(50)
    for keep, schedule in [("checkpoint", old.schedule), ("code", lehr.linear(400, 0, 0.1))]:
        opt = optimizer()
        scheduler = Scheduler(opt, "linear", 400, 0, 0.1)
        scheduler.load_state_dict(old.state_dict(), keep=keep)
        assert scheduler.schedule == schedule
        assert rates_of(opt) == [schedule(50)]
        scheduler.step()
        assert rates_of(opt) == [schedule(51)]


def test_the_same_schedule_by_another_name_is_no_difference():
    state = Scheduler(optimizer(), "linear", 10, 0, 1.0).state_dict()
    scheduler = Scheduler(optimizer(), Ramp(1.0, 0.0, 10))
    scheduler.load_state_dict(state)


def test_another_number_of_groups_is_a_difference():
    state = Scheduler(optimizer(0.1), "linear", 10, 0, 1.0).state_dict()
    scheduler = Scheduler(optimizer(0.1, 0.1), "linear", 10, 0, 1.0)
    with pytest.raises(StateMismatchError, match="param groups: checkpoint 1, code 2"):
        scheduler.load_state_dict(state)
    with pytest.raises(ValueError, match="keep='code'"):
        scheduler.load_state_dict(state, keep="checkpoint")
    scheduler.load_state_dict(state, keep="code")


def test_loading_does_not_change_the_state_it_is_given():
    state = Scheduler(optimizer(), "linear", 10, 0, 1.0).state_dict()
    kept = copy.deepcopy(state)
    Scheduler(optimizer(), "linear", 10, 0, 1.0).load_state_dict(state)
    assert state == kept


def test_an_optimizer_is_freed_without_the_collector():
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        opt = optimizer()
        scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
        scheduler.step(3)
        dead = weakref.ref(opt), weakref.ref(scheduler)
        del opt, scheduler
        assert [ref() for ref in dead] == [None, None]
    finally:
        gc.enable()


def test_a_state_of_version_1_loads():
    """As the first version wrote it: position, schedule and factors."""
    state = {
        "version": 1,
        "position": 5,
        "schedule": '{"schedule": "linear", "training_steps": 10, "warmup_steps": 0, "max_lr": 1.0, "min_lr": 0.0}',
        "group_factors": "[[1.0, 1]]",
    }
    opt = optimizer(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    scheduler.load_state_dict(state)
    assert (scheduler.position, scheduler.updates, rates_of(opt)) == (5, 5, [0.5])


def test_a_state_of_version_2_loads_and_its_check_holds():
    """As the second version wrote it: without `samples_per_step`."""
    opt = optimizer(0.1)
    scheduler = Scheduler(opt, "linear", 10, 0, 1.0)
    state = {
        "version": 2,
        "position": 5,
        "updates": 4,
        "unit": "steps",
        "schedule": '{"schedule": "linear", "training_steps": 10, "warmup_steps": 0, "max_lr": 1.0, "min_lr": 0.0}',
        "group_factors": "[[1.0, 1]]",
        "history": "[]",
        "watchers": "[]",
        "answered": 0,
        "check": 2957515066,
    }
    with pytest.raises(ValueError, match="its `check` does not fit"):
        scheduler.load_state_dict(state | {"position": 6})
    assert (scheduler.position, rates_of(opt)) == (0, [1.0])
    scheduler.load_state_dict(state)
    assert (scheduler.position, scheduler.updates, rates_of(opt)) == (5, 4, [0.5])
