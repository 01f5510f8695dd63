"""LambdaLR saves None for its function, so another curve is silently resumed, and with a lambda it cannot be pickled.

A schedule converts to plain data and back, the state contains it, and what cannot be saved is refused by name.

Reported in https://github.com/huggingface/transformers/issues/21689 https://github.com/Lightning-AI/pytorch-lightning/issues/18493 https://github.com/pytorch/pytorch/issues/98921
"""

import json
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, through_a_file, update

import lehr
from lehr import Schedule, Scheduler, spec
from lehr.scheduler import StateMismatchError
from lehr.schedules.base import KINDS


@pytest.mark.parametrize("name", SHORT)
def test_to_json_and_back(name):
    schedule = SHORT[name]
    for back in (
        spec.from_json(spec.to_json(schedule)),
        spec.from_yaml(spec.to_yaml(schedule)),
        spec.from_text(spec.to_text(schedule)),
        pickle.loads(pickle.dumps(schedule)),
    ):
        assert back == schedule
        assert [back(t) for t in range(25)] == [schedule(t) for t in range(25)]


def plain(value):
    if isinstance(value, dict):
        return all(type(k) is str and plain(v) for k, v in value.items())
    return all(map(plain, value)) if type(value) is list else type(value) in (str, int, float)


@pytest.mark.parametrize("name", SHORT)
def test_the_state_is_plain_and_resumes(name):
    scheduler = Scheduler(sgd(), SHORT[name])
    scheduler.step(7)
    scheduler.dip(0.5, 5)
    state = scheduler.state_dict()
    assert plain(state)
    assert json.loads(json.dumps(state)) == state
    opt = sgd()
    Scheduler(opt, SHORT[name]).load_state_dict(through_a_file(state))
    assert rates_of(opt) == [scheduler.schedule(7)]


def test_another_schedule_is_refused():
    state = Scheduler(sgd(), "linear", 10).state_dict()
    opt = sgd()
    other = Scheduler(opt, lehr.polynomial(10, max_lr=1.0, power=3))
    with pytest.raises(StateMismatchError, match="checkpoint"):
        other.load_state_dict(state)
    assert (rates_of(opt), other.position) == ([1.0], 0)


def test_a_function_is_refused_by_name_and_never_dropped():
    @dataclass(frozen=True, eq=False)
    class Mine(Schedule):
        function: Any
        length = 10

        def _pieces(self, xp):
            return [(0, self.function)]

    try:
        mine = Mine(lambda t: 1 - t / 10)
        assert mine(5) == 0.5
        for save in (spec.to_json, spec.to_text, spec.to_yaml):
            with pytest.raises(ValueError, match=r"function|Mine"):
                save(mine)
        with pytest.raises(ValueError, match=r"function|Mine"):  # at once, not at the first checkpoint
            Scheduler(sgd(), mine)
    finally:
        KINDS.pop("Mine")


def test_alive_in_torch():
    make = torch.optim.lr_scheduler.LambdaLR
    first = make(sgd(), lambda t: 1 - t / 10)
    update(first.optimizer)
    first.step()
    state = first.state_dict()
    assert state["lr_lambdas"] == [None]
    second = make(sgd(), lambda t: 0.9**t)
    second.load_state_dict(state)  # another curve, without a word
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(second)
