"""DeepSpeed's engine wraps and reloads the optimizer, so the scheduler writes to groups that the update no longer reads: the rate restarts or freezes.

Groups are looked up at each write, loading writes the rate, and `check()` compares what the innermost optimizer reads with the schedule.

Reported in https://github.com/deepspeedai/DeepSpeed/issues/3875 https://github.com/deepspeedai/DeepSpeed/issues/4344 https://github.com/huggingface/accelerate/issues/1673
"""

import copy

import pytest
import torch
from catalogue.optimizers import adamw, parameter, rates_of, update
from catalogue.trainers import quietly

import lehr
from lehr import Scheduler

COSINE = lehr.cosine(100, 10, max_lr=1.0)


class Engine:
    """As DeepSpeed's FP16 and ZeRO optimizers: no torch Optimizer, with groups of its own until it shares the inner ones."""

    def __init__(self, optimizer, shares=True):
        self.optimizer, self.shares = optimizer, shares
        self.param_groups = optimizer.param_groups

    def step(self):
        self.optimizer.step()

    def state_dict(self):
        return {"inner": copy.deepcopy(self.optimizer.state_dict())}

    def load_state_dict(self, state):
        self.optimizer.load_state_dict(state["inner"])  # torch puts new groups there
        if self.shares:
            self.param_groups = self.optimizer.param_groups


def trained(updates, **engine):
    inner = adamw()
    wrapped = Engine(inner, **engine)
    scheduler = Scheduler(wrapped, COSINE)
    for _ in range(updates):
        update(inner)
        scheduler.step()
    return inner, wrapped, scheduler


@pytest.mark.parametrize("updates", [0, 1, 9, 10, 11, 50, 99])
@pytest.mark.parametrize("optimizer_first", [True, False])
def test_after_a_resume_the_inner_optimizer_reads_the_schedule(updates, optimizer_first):
    _, wrapped, scheduler = trained(updates)
    inner, engine, resumed = trained(0)
    loads = [
        lambda: engine.load_state_dict(wrapped.state_dict()),
        lambda: resumed.load_state_dict(scheduler.state_dict()),
    ]
    for load in loads if optimizer_first else reversed(loads):
        load()
    if not optimizer_first:
        resumed.load_state_dict(scheduler.state_dict())  # a wrapper without hooks needs it last
    resumed.check()
    for t in range(updates, 100):
        assert rates_of(inner) == [COSINE(t)]
        update(inner)
        resumed.step()
        resumed.check()


def test_rates_land_in_the_groups_that_the_update_reads():
    _, wrapped, scheduler = trained(50, shares=False)
    inner, engine, resumed = trained(0, shares=False)
    engine.load_state_dict(wrapped.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    update(inner)
    resumed.step()
    assert engine.param_groups is not inner.param_groups
    assert rates_of(inner) == [COSINE(51)]
    resumed.check()


def test_an_optimizer_that_was_replaced_inside_is_found():
    _, engine, scheduler = trained(50)
    engine.optimizer = adamw(COSINE(50))
    scheduler.step(51)
    with pytest.raises(ValueError, match="does not read what the schedule says at step 51") as caught:
        scheduler.check()
    assert repr(COSINE(50)) in str(caught.value)
    assert repr(COSINE(51)) in str(caught.value)
    assert "param group 0" in str(caught.value)
    assert "give the Scheduler the innermost optimizer" in str(caught.value)


def test_the_way_out_of_the_message_works():
    inner = adamw()
    engine = Engine(inner, shares=False)
    scheduler = Scheduler(inner, COSINE).follow()
    for _ in range(20):
        update(inner)
    engine.load_state_dict(engine.state_dict())
    scheduler.check()
    assert [update(inner) for _ in range(10)] == [COSINE(t) for t in range(20, 30)]
    scheduler.check()


def test_a_rate_that_somebody_else_wrote_is_found():
    inner, _, scheduler = trained(20)
    inner.param_groups[0]["lr"] = 0.123
    with pytest.raises(ValueError, match=r"lr of param group 0.*0\.123") as caught:
        scheduler.check()
    assert repr(COSINE(20)) in str(caught.value)


def test_groups_that_are_missing_inside_are_found():
    inner = adamw(1.0, 1.0)
    engine = Engine(inner)
    scheduler = Scheduler(engine, COSINE)
    inner.param_groups = inner.param_groups[:1]
    with pytest.raises(ValueError, match="param group"):
        scheduler.check()
    inner.param_groups = [*engine.param_groups, {"params": [parameter()], "lr": COSINE(0)}]
    with pytest.raises(ValueError, match="param group"):
        scheduler.check()


def test_the_peer_still_writes_to_groups_that_nobody_reads():
    inner = adamw()
    outer = torch.optim.SGD([parameter()], lr=1.0)
    outer.param_groups = inner.param_groups
    scheduler = torch.optim.lr_scheduler.ExponentialLR(outer, 0.5)
    inner.load_state_dict(inner.state_dict())
    used = []
    for _ in range(3):
        used.append(update(inner))
        quietly(scheduler.step)
    assert used == [1.0, 1.0, 1.0]
    assert scheduler.get_last_lr() == [0.125]
