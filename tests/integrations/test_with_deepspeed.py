"""`for_deepspeed` in DeepSpeed's engine, on the CPU: the updates that it skips, and its example.

A killed and resumed run is in tests/trainers. The first run on a machine compiles a part of DeepSpeed, for a minute.
"""

import importlib
import pickle
from collections.abc import Callable

import pytest
import torch
from catalogue.optimizers import recorded, sgd
from catalogue.processes import exit_codes, on_ranks
from catalogue.trainers import Line, quietly, why_not

import lehr
from lehr.integrations import for_deepspeed

STEPS = 40
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
with_deepspeed = pytest.mark.skipif(bool(why_not("deepspeed")), reason=why_not("deepspeed"))


def rates_of_engine(losses):
    """Train with DeepSpeed's own optimizer; the used rates, the position, and the updates that DeepSpeed skipped."""
    deepspeed = quietly(lambda: importlib.import_module("deepspeed"))
    config = {
        "train_micro_batch_size_per_gpu": 1, "optimizer": {"type": "Adam", "params": {"lr": 1.0, "torch_adam": True}},
        "zero_optimization": {"stage": 1}, "bf16": {"enabled": True, "check_grad_overflow": True},
    }  # fmt: skip
    model = Line()
    factory = for_deepspeed("cosine", training_steps=STEPS, warmup_steps="10%", max_lr=0.3)
    engine, optimizer, _, scheduler = deepspeed.initialize(
        model=model, model_parameters=model.parameters(), config=config, lr_scheduler=factory, dist_init_required=False
    )
    rates = recorded(optimizer.optimizer)
    for scale in losses:
        batch = {"x": torch.ones(1, 2, dtype=torch.bfloat16), "labels": torch.zeros(1, 1, dtype=torch.bfloat16)}
        engine.backward(scale * engine(**batch)["loss"])
        engine.step()
    return rates, scheduler.position, engine.skipped_steps


@with_deepspeed
def test_skipped_updates_do_not_count():
    losses = [1.0] * STEPS
    for at in (0, 1, 7):
        losses.insert(at, torch.inf)
    assert on_ranks(rates_of_engine, 1, losses) == [([COSINE(t) for t in range(STEPS)], STEPS, 3)]


def test_a_schedule_and_options():
    scheduler = for_deepspeed(COSINE, keep="code")(sgd(1.0))
    assert scheduler.schedule == COSINE
    scheduler.step()
    other = for_deepspeed(lehr.linear(STEPS, max_lr=0.3), keep="code")(sgd(1.0))
    other.load_state_dict(scheduler.state_dict())
    assert (other.position, other.schedule) == (1, lehr.linear(STEPS, max_lr=0.3))


def test_another_schedule_is_refused_with_what_the_user_can_type():
    state = for_deepspeed(COSINE)(sgd(1.0)).state_dict()
    with pytest.raises(ValueError, match=r"choose with for_deepspeed\(\.\.\., keep='checkpoint'\) or keep='code'$"):
        for_deepspeed(lehr.linear(STEPS, max_lr=0.3))(sgd(1.0)).load_state_dict(state)


def test_it_is_picklable():
    factory = pickle.loads(pickle.dumps(for_deepspeed(COSINE)))
    assert factory(sgd(1.0)).schedule == COSINE


def test_a_scheduler_itself_is_not_taken_for_a_factory():
    assert not isinstance(lehr.Scheduler(sgd(1.0), COSINE), Callable)


def test_a_misspelt_name_is_refused_at_once():
    with pytest.raises(ValueError, match="did you mean 'cosine'"):
        for_deepspeed("cosin")


def the_example():
    quietly(lambda: importlib.import_module("examples.with_deepspeed").main())


@with_deepspeed
def test_the_example():
    assert exit_codes(the_example, 1) == [0]
