"""Changes during a run: from which update they hold, what they leave in a checkpoint, and what a refused one leaves."""

import copy
import pickle
import random
import warnings
from functools import partial

import pytest
import torch
from catalogue.optimizers import through_a_file

import lehr
from control.schedulers import AHEAD, scheduler
from lehr import Constant, Ramp, Scheduler

CALLS = {
    "cooldown": lambda s: s.cooldown(50),
    "dip": lambda s: s.dip(0.5, 10),
    "rebase": lambda s: s.rebase(0.25),
    "extend": lambda s: s.extend(500, "hold"),
    "amend": lambda s: s.amend(lehr.linear(20, 0, 0.125)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("way", ["step(t) before", "step() after", "follow"])
def test_a_change_holds_from_the_next_update_on_in_every_loop(call, way):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    run = Scheduler(optimizer, lehr.cosine(100, 10, 1.0, 0.1))
    if way == "follow":
        run.follow()
    rates = []
    optimizer.register_step_pre_hook(lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    for t in range(60):
        if way == "step(t) before":
            run.step(t)
        parameter.grad = torch.ones(1)
        optimizer.step()
        if t == 40 and way != "step() after":
            call(run)
        if way == "step() after":
            run.step()
            if t == 40:
                call(run)
    planned = scheduler()
    planned.step(41)
    call(planned)
    assert run.history[0].position == 41
    assert rates == [planned.schedule(t) for t in range(60)]
    assert [run.schedule(t) for t in range(60)] == rates


def test_a_share_is_one_of_the_run_as_planned():
    run = scheduler(lehr.wsd(1_000, 100, 1.0))
    run.step(500)
    run.dip(0.5, "5%")
    assert run.history[0].what == "dip(factor=0.5, recover=50)"
    run.step(600)
    run.cooldown("10%")
    assert run.training_steps == 700
    endless = scheduler(Constant(1.0))
    with pytest.raises(ValueError, match="`steps` is '10%', a share of `training_steps`, which is not given"):
        endless.cooldown("10%")


def test_a_dip_does_not_give_an_end_to_what_has_none():
    s = scheduler(Constant(0.1))
    s.dip(0.5, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        s.step(20)
    assert (s.training_steps, s.current_lr) == (None, 0.1)


REFUSED = {
    "extend": [{"training_steps": 5}, {"training_steps": 400, "policy": "wish"}, {"training_steps": "3 epochs"}],
    "cooldown": [
        *({"steps": wrong} for wrong in (0, -1, True, None, "x", 2.5, float("nan"))),
        *({"steps": 5, "to": wrong} for wrong in (9.0, -1.0, float("nan"), float("inf"), None, "x", True, [1])),
        *({"steps": 5, "shape": wrong} for wrong in ("wish", None, 3, "exponential")),
        {"steps": 5, "why": 3},
    ],
    "rebase": [{"lr": wrong} for wrong in (-1.0, float("nan"), float("inf"), None, "x", True)],
    "dip": [
        *({"factor": wrong, "recover": 5} for wrong in (-1.0, 1.5, float("nan"), None, "x", True)),
        *({"factor": 0.5, "recover": wrong} for wrong in (0, -1, "x", None)),
    ],
    "scale": [{"factor": wrong} for wrong in (-1.0, float("nan"), float("inf"), None, "x", True, 1e309)],
    "amend": [{"schedule": wrong} for wrong in (None, 0.1, "cosine", [])],
}


def everything(s):
    return s.state_dict(), copy.deepcopy(s.optimizer.state_dict()), repr(s.schedule), s.current_lr, list(s.history)


@pytest.mark.parametrize(("call", "given_"), [(call, given_) for call, rows in REFUSED.items() for given_ in rows])
def test_a_refused_call_changes_nothing(call, given_):
    s = scheduler()
    s.step(50)
    s.scale(0.5, why="before")
    before = everything(s)
    with pytest.raises(ValueError) as refused:
        getattr(s, call)(**given_)
    assert everything(s) == before
    assert len(str(refused.value)) < 1_000


def test_a_change_that_no_checkpoint_could_hold_is_refused():
    s = scheduler()
    deep = Constant(0.1)
    for n in range(60):
        deep = (deep * Ramp(1.0, 0.5, 10)).clip(lo=n / 1e6)
    before = everything(s)
    with pytest.raises(ValueError, match="no checkpoint could hold"):
        s.amend(deep)
    assert everything(s) == before


def test_restarts_of_restarts_stay_loadable():
    s = scheduler()
    for _ in range(30):  # each has the whole run before in it, twice
        s.step(s.training_steps - 1)
        before = everything(s)
        try:
            s.extend(s.training_steps * 2, policy="restart")
        except ValueError as error:
            assert "no checkpoint could hold" in str(error)  # noqa: PT017  # it comes after some, not at once
            break
    assert everything(s) == before
    scheduler().load_state_dict(s.state_dict())


def test_history_survives_a_checkpoint():
    s = scheduler()
    s.step(20)
    s.dip(0.5, 10, why="a spike")
    s.step(60)
    s.cooldown("20", to=0.01, why="flat")
    s.step(70)
    other = scheduler()
    other.load_state_dict(through_a_file(s.state_dict()))
    assert other.history == s.history
    assert (other.schedule, other.current_lr, other.position) == (s.schedule, s.current_lr, 70)
    assert [(c.position, c.why) for c in other.history] == [(20, "a spike"), (60, "flat")]
    with pytest.warns(UserWarning, match="used"):
        said = other.report()
    assert "cooldown(steps=20, to=0.01, shape='1-sqrt'): flat" in said


def test_one_checkpoint_branches_in_two_ways():
    trunk = scheduler(lehr.constant_with_warmup(1_000, 100, max_lr=1.0))
    trunk.step(700)
    state = through_a_file(trunk.state_dict())
    ends = []
    for steps, shape in [(100, "1-sqrt"), (200, "linear")]:
        branch = scheduler(lehr.constant_with_warmup(1_000, 100, max_lr=1.0))
        branch.load_state_dict(state)
        branch.cooldown(steps, shape=shape)
        assert branch.current_lr == 1.0
        assert [branch.schedule(t) for t in range(700)] == [trunk.schedule(t) for t in range(700)]
        branch.step(700 + steps)
        ends.append((branch.current_lr, branch.training_steps))
    assert ends == [(0.0, 800), (0.0, 900)]
    assert trunk.history == []


def amend_at_random(s, dice):
    """One change, of any kind, as people make them."""
    end = max(s.training_steps or 0, s.position) + dice.randint(10, 1_000)
    dice.choice(
        [
            lambda: s.extend(end, dice.choice(["stretch", "hold"]), why="more data"),
            lambda: s.cooldown(dice.randint(100, 2_000), to=s.current_lr * dice.random(), why="loss is flat"),
            lambda: s.rebase(dice.uniform(1e-4, 1e-3)),
            lambda: s.dip(dice.random(), dice.randint(10, 200), why="a spike"),
            lambda: s.scale(dice.uniform(0.5, 1.5)),
            lambda: s.amend(lehr.wsd(dice.randint(1_000, 9_000), 50, dice.uniform(1e-4, 1e-3), decay_steps="20%")),
        ]
    )()


def check_amendments(changes, most):
    """No rate of the past is lost, and the state is small and loads."""
    dice, build = random.Random(changes), partial(scheduler, lehr.cosine(100_000, 1_000, 1e-3, 1e-5))
    s, seen = build(), {}
    for _ in range(changes):
        for _ in range(dice.randint(1, 20)):
            s.step(s.position + 1)
            seen[s.position] = s.current_lr
        amend_at_random(s, dice)
        seen[s.position] = s.current_lr
    assert [t for t, rate in seen.items() if s.schedule(t) != rate] == []
    state = s.state_dict()
    assert len(pickle.dumps(state)) < most
    other = build()
    other.load_state_dict(through_a_file(state))
    assert other.schedule == s.schedule
    assert [other.schedule(s.position + t) for t in AHEAD] == [s.schedule(s.position + t) for t in AHEAD]


def test_many_amendments_lose_no_rate_and_stay_small():
    check_amendments(150, most=16_000)
