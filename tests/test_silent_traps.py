"""What once went wrong without a word: each is now right, refused with the way out, or warned of."""

import warnings
from fractions import Fraction
from functools import partial

import catalogue.optimizers
import pytest
import torch
from catalogue.optimizers import parameter, rates_of

import lehr
from lehr import Constant, Ramp, Scheduler, control
from lehr.scheduler import StateMismatchError

sgd = partial(catalogue.optimizers.sgd, gradient=True)


@pytest.fixture(autouse=True)
def no_other_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# Changes that could do nothing.


@pytest.mark.parametrize("policy", ["stretch", "hold"])
def test_an_extension_that_would_train_at_rate_0_is_refused(policy):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    with pytest.raises(ValueError, match=r"would train at the rate 0.*policy='replan' or policy='restart', or amend"):
        scheduler.extend(200, policy)
    assert (scheduler.history, scheduler.training_steps) == ([], 100)


@pytest.mark.parametrize(("policy", "rate"), [("replan", 0.5), ("restart", 1.0)])
def test_the_ways_out_train(policy, rate):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    scheduler.extend(200, policy)
    assert scheduler.current_lr == pytest.approx(rate)
    assert scheduler.training_steps == 200


def test_a_run_that_ended_above_0_can_be_extended_at_its_floor():
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0, min_lr=0.1))
    scheduler.step(100)
    scheduler.extend(200)
    assert (scheduler.current_lr, scheduler.training_steps) == (0.1, 200)


def test_a_schedule_that_is_over_does_not_make_the_run_endless():
    scheduler = Scheduler(sgd(weight_decay=0.1), {"lr": Ramp(1, 0, 100), "weight_decay": Ramp(0.1, 0.2, 10)})
    scheduler.step(50)
    scheduler.scale(0.5)
    assert scheduler.training_steps == 100
    assert scheduler.schedules["weight_decay"] == Ramp(0.1, 0.2, 10)
    scheduler.extend(200)
    assert scheduler.training_steps == 200
    scheduler.step(200)
    with pytest.warns(UserWarning, match=r"step 201 is past the end of the schedule \(200 steps\)"):
        scheduler.step(201)


def test_amend_does_not_give_every_group_the_same_rate():
    scheduler = Scheduler(sgd(1.0, 0.1, names=("head", "body")), {"head": Constant(1.0), "body": Constant(0.1)})
    with pytest.raises(ValueError, match=r"every param group the same rate.*a mapping.*'head', 'body'"):
        scheduler.amend(Constant(0.5))
    with pytest.raises(ValueError, match="a schedule for each of 'head', 'body', got 'head', 'tail'"):
        scheduler.amend({"head": Constant(0.5), "tail": Constant(0.5)})
    scheduler.amend({"body": Constant(0.05), "head": Constant(0.5)})
    assert rates_of(scheduler.optimizer) == [0.5, 0.05]


@pytest.mark.parametrize("act", [control.Rebase, control.Scale])
def test_refusals_are_value_errors_with_a_schedule_per_group(act):
    scheduler = Scheduler(sgd(1.0, 0.1), {0: Constant(1.0), 1: Constant(0.1)})
    for wrong in ("3e-4", None, 10**400, float("nan")):
        with pytest.raises(ValueError, match="finite number"):
            scheduler.change(act(wrong))


def test_factors_of_0_leave_nothing_to_rebase():
    scheduler = Scheduler(sgd(), Constant(1.0), group_scale=[0.0])
    with pytest.raises(ValueError, match="rebase multiplies the present rate, which is 0"):
        scheduler.rebase(0.1)


def test_lengths_of_changes_may_be_shares_of_the_run():
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(50)
    scheduler.extend("200%")
    scheduler.cooldown("10%")
    assert [change.what for change in scheduler.history] == [
        "extend(training_steps=200, policy='stretch')",
        "cooldown(steps=20, to=0.0, shape='1-sqrt')",
    ]


# The first update and the peak.


def stepped_before(scheduler, optimizer):
    scheduler.step()
    optimizer.step()


def counted_from_1(scheduler, optimizer):
    scheduler.step(1)
    optimizer.step()


@pytest.mark.parametrize("loop", [stepped_before, counted_from_1])
def test_a_rate_of_position_0_that_is_never_used_is_warned_of_once(loop):
    optimizer = sgd()
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None  # also before the first gradient
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    with pytest.warns(UserWarning, match="that of 0 is never used.*after optimizer.step") as seen:
        loop(scheduler, optimizer)
    assert len(seen) == 1
    for t in range(2, 6):
        scheduler.step(t)
        optimizer.step()


def test_right_loops_and_resumed_ones_are_not_warned_of():
    for loop in (
        lambda s, o: [(s.step(t), o.step()) for t in range(5)],
        lambda s, o: [(o.step(), s.step()) for _ in range(5)],
        lambda s, o: [(s.step(t), o.step()) for t in range(5_000, 5_005)],  # resumed by hand
        lambda s, o: [o.step() for _ in range(5)],
    ):
        optimizer = sgd()
        loop(Scheduler(optimizer, Ramp(1, 0, 10_000)), optimizer)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    optimizer.step()
    scheduler.step()
    resumed = Scheduler(again := sgd(), Ramp(1, 0, 10))
    resumed.load_state_dict(scheduler.state_dict())
    again.step()


def test_the_rate_of_an_earlier_scheduler_is_not_taken_for_a_peak():
    optimizer = sgd(1.0)
    first = Scheduler(optimizer, "cosine", 100)
    first.step(90)
    first.detach()
    with pytest.raises(ValueError, match=r"what an earlier Scheduler wrote.*before it the rate was 1\).*max_lr="):
        Scheduler(optimizer, "cosine", 100)
    assert Scheduler(optimizer, "cosine", 100, max_lr=0.5).current_lr == 0.5


def test_a_rate_that_somebody_set_since_is_a_peak():
    optimizer = sgd(1.0)
    first = Scheduler(optimizer, "cosine", 100)
    first.step(90)
    first.detach()
    optimizer.param_groups[0]["lr"] = 0.25
    assert Scheduler(optimizer, "cosine", 100).current_lr == 0.25


def test_a_rate_that_the_first_scheduler_never_changed_is_a_peak():
    optimizer = sgd(0.5)
    first = Scheduler(optimizer, "constant", 100)
    first.step(90)
    first.detach()
    assert Scheduler(optimizer, "cosine", 100).current_lr == 0.5


# What is reported.


def test_a_scheduler_of_the_weight_decay_alone_does_not_report_it_as_a_rate():
    scheduler = Scheduler(sgd(0.3, weight_decay=0.1), {"weight_decay": Ramp(0.1, 0.2, 10)})
    scheduler.step(5)
    assert scheduler.current_lr == 0.3
    assert scheduler.get_last_lr() == scheduler.next_lrs == scheduler.last_used_lrs == [0.3]


def test_the_report_says_what_came_after_the_end():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(14):
            optimizer.step()
            scheduler.step()
    assert scheduler.report().splitlines()[1] == "10 of 10 steps (100 %) used, and 4 steps after its end"


def test_a_reason_cannot_forge_a_line_of_the_report():
    scheduler = Scheduler(sgd(), Constant(1.0))
    for why in ("flat\nat 7 cooldown(steps=1)", "a\rb", "\x1b[2J", "\u2028", 3, None, "x" * 2_000):
        with pytest.raises(ValueError, match="one line of text"):
            scheduler.scale(0.5, why=why)
    scheduler.scale(0.5, why="flat: naïve é 平 \xa0")
    assert scheduler.history[0].why == "flat: naïve é 平 \xa0"


# Groups.


def test_a_late_group_gets_its_own_factor():
    optimizer = sgd(1e-3, names=("head",))
    scheduler = Scheduler(optimizer, "constant", group_scale={"head": 1.0, "body": 0.1})
    optimizer.step()
    optimizer.add_param_group({"params": [parameter(gradient=True)], "name": "body"})
    scheduler.step(1)
    assert rates_of(optimizer) == scheduler.get_last_lr() == [1e-3, 1e-4]


@pytest.mark.parametrize("groups", [1, 2, 7, 8, 9, 20])
@pytest.mark.parametrize("follow", [False, True])
def test_a_late_group_is_found_at_any_number_of_groups(groups, follow):
    optimizer = sgd(*[1.0] * groups)
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10), group_scale="ratio")
    if follow:
        scheduler.follow()
    for t in range(4):
        if not follow:
            scheduler.step(t)
        if t == 2:
            optimizer.add_param_group({"params": [parameter(gradient=True)], "lr": rates_of(optimizer)[0] * 0.5})
        optimizer.step()
    expected = [scheduler.schedule(scheduler.position)] * groups
    assert rates_of(optimizer)[:groups] == expected
    assert rates_of(optimizer) == scheduler.get_last_lr()


@pytest.mark.parametrize("groups", [1, 2, 7, 8, 9, 20])
@pytest.mark.parametrize("way", ["step(t)", "step(t) across a boundary", "step()", "follow"])
def test_a_late_group_with_the_very_float_of_the_others_gets_its_own_rate(groups, way):
    names = [f"group {n}" for n in range(groups)]
    optimizer = sgd(*[1e-3] * groups, names=names)
    schedule = Ramp(1e-3, 0, 1).then(Ramp(1e-3, 0, 9)) if "boundary" in way else Ramp(1e-3, 0, 10)
    scheduler = Scheduler(optimizer, schedule, group_scale=dict.fromkeys(names, 1.0) | {"body": 0.1})
    if way == "follow":
        scheduler.follow()
    used = []
    optimizer.register_step_pre_hook(lambda inner, *_: used.append(rates_of(inner)))
    for t in range(4):
        if "step(t)" in way:
            scheduler.step(t)
        optimizer.step()
        if way == "step()":
            scheduler.step()
        if t == 0:
            late = {"params": [parameter(gradient=True)], "name": "body", "lr": optimizer.param_groups[0]["lr"]}
            optimizer.add_param_group(late)
        if t == 0 and way == "step()":
            scheduler.step(1)  # torch's loop has no step between a group that comes here and the next update
    factors = [[1.0] * groups, *[[1.0] * groups + [0.1]] * 3]
    assert used == [[schedule(t) * factor for factor in row] for t, row in enumerate(factors)]


def test_group_scale_refuses_what_fits_no_group():
    with pytest.raises(ValueError, match="group_scale has 3 factors, and the optimizer 2 param groups"):
        Scheduler(sgd(1.0, 1.0), Constant(1.0), group_scale=[1.0, 0.5, 0.1])
    with pytest.raises(ValueError, match="'haed'; did you mean 'head'"):
        Scheduler(sgd(1.0, 1.0, names=("head", "body")), Constant(1.0), group_scale={"haed": 1.0, "body": 0.1})
    with pytest.raises(ValueError, match="the param groups have no names: give each a 'name'"):
        Scheduler(sgd(1.0, 1.0), Constant(1.0), group_scale={"head": 1.0, "body": 0.1})


def test_a_name_for_which_no_group_comes_is_warned_of():
    optimizer = sgd(1.0, names=("head",))
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10), group_scale={"head": 1.0, "tail": 0.1})
    with pytest.warns(UserWarning, match="group_scale names 'tail', and no param group has that name so far") as seen:
        [(scheduler.step(t), optimizer.step()) for t in range(6)]
    assert len(seen) == 1


# Who writes.


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 20])
def test_under_follow_each_update_uses_the_schedules_rate_whoever_wrote(groups, tensor):
    optimizer = sgd(*(torch.tensor(1.0) if tensor else 1.0 for _ in range(groups)))
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8)).follow()
    used = []
    optimizer.register_step_pre_hook(lambda inner, *_: used.append(rates_of(inner)))
    other = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5)
    with pytest.warns(
        UserWarning, match="was changed by somebody else, from 1 to 0.5; the schedule's value is written"
    ):
        optimizer.step()
    for _ in range(5):
        other.step()
        optimizer.step()
    assert used == [[1 - t / 8] * groups for t in range(6)]
    assert scheduler.position == 6


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("tensor", [False, True])
def test_an_update_at_a_rate_of_0_that_torch_makes_is_not_one_of_the_run(follow, tensor):
    """`torch.distributed.checkpoint` makes one to create the state of a fresh optimizer."""
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=torch.tensor(1.0) if tensor else 1.0)
    scheduler = Scheduler(optimizer, Ramp(1, 0, 8))
    if follow:
        scheduler.follow()
    get_optimizer_state_dict(model, optimizer)
    assert (scheduler.position, scheduler.updates, rates_of(optimizer)) == (0, 0, [1.0])
    model(torch.ones(1)).sum().backward()
    optimizer.step()
    if not follow:
        scheduler.step()
    assert (scheduler.position, scheduler.updates, rates_of(optimizer)) == (1, 1, [0.875])


@pytest.mark.parametrize("fake", [0, 1])
def test_an_update_at_a_rate_of_0_of_one_of_several_optimizers_is_not_one_of_the_run(fake):
    both = [sgd(), sgd()]
    scheduler = Scheduler(both, Ramp(1, 0, 8)).follow()
    both[fake].param_groups[0]["lr"] = 0.0
    both[fake].step()
    both[fake].param_groups[0]["lr"] = 1.0
    assert (scheduler.position, scheduler.updates) == (0, 0)
    for t in range(4):
        assert [rates_of(optimizer) for optimizer in both] == [[1 - t / 8]] * 2
        [optimizer.step() for optimizer in both]
    assert (scheduler.position, scheduler.updates) == (4, 4)


# Positions.


def test_going_back_and_forth_saves_where_it_stands():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    scheduler.step(5)
    optimizer.step()
    scheduler.step(2)
    scheduler.step(5)
    assert scheduler.state_dict()["position"] == scheduler.next_position == 5


@pytest.mark.parametrize("saved_after", ["step", "advance"])
def test_advance_after_a_restore_counts_once(saved_after):
    def built():
        return Scheduler(sgd(), Ramp(1, 0, 100), unit="samples", per_update=10)

    scheduler = built()
    scheduler.optimizer.step()
    if saved_after == "advance":
        scheduler.advance(10)
    resumed = built()
    resumed.load_state_dict(scheduler.state_dict())
    assert (resumed.position, rates_of(resumed.optimizer)) == (10, [0.9])
    if saved_after == "step":
        resumed.advance(10)  # of the update before the save
    assert resumed.position == 10
    resumed.optimizer.step()
    resumed.advance(10)
    assert resumed.position == 20


def test_positions_that_no_checkpoint_could_hold_are_refused():
    scheduler = Scheduler(sgd(), Constant(1.0))
    for wrong in (10**18, 10**400, -1, 0.5, float("nan"), True, "3"):
        with pytest.raises(ValueError, match="step needs the index of an update"):
            scheduler.step(wrong)
    scheduler.step(10**18 - 1)
    Scheduler(sgd(), Constant(1.0)).load_state_dict(scheduler.state_dict())


def test_epochs_may_be_fractions():
    scheduler = Scheduler(sgd(), lehr.linear(10, 2, max_lr=1.0), unit="epochs")
    scheduler.step(6.0)
    assert (scheduler.current_lr, scheduler.position) == (0.5, 6)
    scheduler.step(epoch=6.4)
    assert (scheduler.current_lr, scheduler.position) == (pytest.approx(0.45), 6.4)
    resumed = Scheduler(sgd(), lehr.linear(10, 2, max_lr=1.0), unit="epochs")
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.position == 6.4
    with pytest.raises(ValueError, match="unit='epochs'"):
        Scheduler(sgd(), "linear", 10).step(0.1)


@pytest.mark.parametrize("per_epoch", [3, 7, 10, 49, 250, 1_001])
def test_fractions_of_an_epoch_add_up(per_epoch):
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 100), unit="epochs", per_update=1 / per_epoch).follow()
    for n in range(3 * per_epoch):
        assert scheduler.position == float(Fraction(n, per_epoch))
        optimizer.step()
    assert scheduler.position == 3


# Checkpoints.


@pytest.mark.parametrize(
    "schedule", [lehr.Table([0.1] * 200_000), Ramp(1, 0.5, 10).repeat(3).then(*[Constant(0.1, 1)] * 20_000)]
)
def test_what_no_checkpoint_could_hold_is_refused_at_once(schedule):
    with pytest.raises(ValueError, match="at most"):
        Scheduler(sgd(), schedule)
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match="no checkpoint could hold"):
        scheduler.amend(schedule)
    Scheduler(sgd(), Constant(1.0)).load_state_dict(scheduler.state_dict())


def test_a_trainer_can_be_told_what_to_keep():
    state = Scheduler(sgd(), "linear", 10).state_dict()
    with pytest.raises(StateMismatchError, match=r"Scheduler\(\.\.\., keep='checkpoint'\)"):
        Scheduler(sgd(), "linear", 20).load_state_dict(state)
    for keep, steps in [("checkpoint", 10), ("code", 20)]:
        scheduler = Scheduler(sgd(), "linear", 20, keep=keep)
        scheduler.load_state_dict(state)
        assert scheduler.training_steps == steps
    with pytest.raises(ValueError, match="`keep` must be"):
        Scheduler(sgd(), "linear", 20, keep="mine")


ODD = [
    b"[[1.0, 1]]",
    "[[1.0, 100000000]]",
    "[[1.0, 1000000], [2.0, 1000000]]",
    f"[{', '.join(['[1.0, 999999]'] * 3_000)}]",
]


@pytest.mark.parametrize("factors", ODD)
def test_factors_of_a_state_cost_what_they_say(factors):
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match=r"group_factors|corrupt"):
        scheduler.load_state_dict(scheduler.state_dict() | {"group_factors": factors})


@pytest.mark.parametrize("wrong", [10**400, 10**19, -1, 1.5, True, "3"])
@pytest.mark.parametrize("key", ["samples_per_step", "updates", "commands", "position", "pending"])
def test_counts_of_a_state_are_counts(key, wrong):
    scheduler = Scheduler(sgd(), Constant(1.0))
    with pytest.raises(ValueError, match=f"`{key}` must be an integer"):
        scheduler.load_state_dict(scheduler.state_dict() | {key: wrong})


def test_other_plateaus_are_a_difference():
    scheduler = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(scheduler, patience=3)
    state = scheduler.state_dict()
    with pytest.raises(StateMismatchError, match="Plateaus: checkpoint 1, code 0"):
        Scheduler(sgd(), Constant(1.0)).load_state_dict(state)
    other = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(other, patience=5)
    other.scale(0.5)
    with pytest.raises(StateMismatchError, match="Plateau: patience: checkpoint 3, code 5"):
        other.load_state_dict(state)


def test_settings_of_a_plateau_alone_drop_no_changes():
    scheduler = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(scheduler, patience=3)
    scheduler.scale(0.5)
    other = Scheduler(sgd(), Constant(1.0))
    lehr.Plateau(other, patience=5)
    other.load_state_dict(scheduler.state_dict(), keep="code")
    assert other.current_lr == 0.5


# What no param group can hold.


def test_a_rate_that_a_tensor_cannot_hold_is_refused_and_changes_nothing():
    with pytest.raises(ValueError, match=r"lr of param group 0 can be at most 3\.40282e"):
        Scheduler(sgd(torch.tensor(1.0)), Constant(1e100))
    scheduler = Scheduler(sgd(torch.tensor(1.0)), lehr.cosine(100, max_lr=1.0))
    for act in (control.Scale(1e100), control.Rebase(1e300), control.Amend(Ramp(0.1, 1e100, 50))):
        with pytest.raises(ValueError, match="can be at most"):
            scheduler.change(act)
    scheduler.step(1)
    assert scheduler.history == []


def test_factors_put_no_infinity_into_the_optimizer():
    with pytest.raises(ValueError, match=r"times the factor 1e\+200 of the group"):
        Scheduler(sgd(), Constant(1e200), group_scale=[1e200])
    scheduler = Scheduler(sgd(), Constant(1.0), group_scale=[1e30])
    with pytest.raises(ValueError, match="times the factor"):  # torch's own arithmetic ends at float32
        scheduler.scale(1e30)
    assert rates_of(scheduler.optimizer) == [1e30]


def test_a_tensor_that_an_earlier_scheduler_wrote_is_not_taken_for_a_peak():
    optimizer = sgd(torch.tensor(1.0))
    first = Scheduler(optimizer, "cosine", 100, 10)
    first.step(50)
    first.detach()
    with pytest.raises(ValueError, match="what an earlier Scheduler wrote"):
        Scheduler(optimizer, "cosine", 100, 10)


def test_the_report_compares_a_schedule_with_itself():
    scheduler = Scheduler(sgd(weight_decay=0.1), {"weight_decay": Ramp(0.1, 0.2, 10)})
    with pytest.warns(UserWarning, match=r"the schedule ends at 0\.1 and not at 0\.2"):
        scheduler.report()


def test_the_largest_position_can_be_saved_after_its_update():
    scheduler = Scheduler(optimizer := sgd(), Constant(1.0))
    scheduler.step(10**18 - 1)
    optimizer.step()
    state = scheduler.state_dict()
    assert state["position"] == 10**18
    Scheduler(sgd(), Constant(1.0)).load_state_dict(state)


@pytest.mark.parametrize("act", [control.Cooldown(10), control.Dip(0.5, 10), control.Scale(5.0)])
def test_a_change_that_leaves_the_rate_at_0_is_refused(act):
    scheduler = Scheduler(sgd(), lehr.cosine(100, max_lr=1.0))
    scheduler.step(100)
    with pytest.raises(ValueError, match=r"would train at the rate 0.*amend with another schedule"):
        scheduler.change(act)
    assert scheduler.history == []


@pytest.mark.parametrize("changed", [1, 2, 7])
def test_the_group_that_was_changed_is_named(changed):
    optimizer = sgd(*[0.1] * 8)
    scheduler = Scheduler(optimizer, Ramp(0.1, 0, 100))
    scheduler.step(1)
    scheduler.step(2)
    optimizer.param_groups[changed]["lr"] = 0.5
    with pytest.warns(UserWarning, match=rf"lr of param group {changed} was changed .* from 0\.098 to 0\.5"):
        scheduler.step(3)
    assert rates_of(optimizer) == [scheduler.schedule(3)] * 8


def test_the_rates_that_were_used_stay_what_they_were():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    scheduler.step(5)
    optimizer.step()
    scheduler.step(2)
    scheduler.scale(0.1)
    assert scheduler.last_used_lrs == [0.5]
    resumed = Scheduler(sgd(), Ramp(1, 0, 10))
    scheduler = Scheduler(optimizer := sgd(), Ramp(1, 0, 10))
    optimizer.step()
    scheduler.step()
    resumed.load_state_dict(scheduler.state_dict())
    assert (resumed.last_used_lrs, resumed.next_lrs) == ([1.0], [0.9])
