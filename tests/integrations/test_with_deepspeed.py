"""`for_deepspeed` under what DeepSpeed's engine does with it.

DeepSpeed is not installed here. `Engine` below is a stand-in of its contract (deepspeed/runtime/engine.py): the
scheduler is called with the optimizer if it is callable; the engine calls ``step(**lr_kwargs)`` after an update that it
did not skip, and on a TypeError ``step(train_batch_size)``; it saves and loads the scheduler's state.
"""

import pickle
from collections.abc import Callable

import pytest
from catalogue.optimizers import recorded, sgd, through_a_file, update

import lehr
from lehr.integrations import for_deepspeed

STEPS = 40
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)


class Engine:
    def __init__(self, lr_scheduler):
        self.optimizer = sgd(1.0)
        assert lr_scheduler
        self.lr_scheduler = lr_scheduler(self.optimizer) if isinstance(lr_scheduler, Callable) else lr_scheduler
        self.rates = recorded(self.optimizer)

    def step(self, overflow=False, lr_kwargs=None):
        if overflow:
            return
        update(self.optimizer)
        try:
            self.lr_scheduler.step(**(lr_kwargs or {}))
        except TypeError:
            self.lr_scheduler.step(32)


def test_each_update_uses_the_rate_also_after_a_resume():
    factory = for_deepspeed("cosine", training_steps=STEPS, warmup_steps="10%", max_lr=0.3)
    first = Engine(factory)
    for t in range(15):
        first.step(overflow=t == 0)
        if t == 0:
            first.step()
    saved = through_a_file({"optimizer": first.optimizer.state_dict(), "lr": first.lr_scheduler.state_dict()})
    second = Engine(factory)
    second.optimizer.load_state_dict(saved["optimizer"])
    second.lr_scheduler.load_state_dict(saved["lr"])
    for _ in range(STEPS - 15):
        second.step()
    assert first.rates + second.rates == [COSINE(t) for t in range(STEPS)]


def test_a_schedule_and_options():
    engine = Engine(for_deepspeed(COSINE, keep="code"))
    engine.step()
    assert engine.rates == [COSINE(0)]
    assert engine.lr_scheduler.schedule == COSINE


def test_it_is_picklable():
    factory = pickle.loads(pickle.dumps(for_deepspeed(COSINE)))
    assert factory(sgd(1.0)).schedule == COSINE


def test_a_scheduler_itself_is_not_taken_for_a_factory():
    assert not isinstance(lehr.Scheduler(sgd(1.0), COSINE), Callable)


def test_a_misspelt_name_is_refused_at_once():
    with pytest.raises(ValueError, match="did you mean 'cosine'"):
        for_deepspeed("cosin")
