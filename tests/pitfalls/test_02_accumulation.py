"""Under gradient accumulation Accelerate may count micro-batches where the schedule counts updates, or the reverse: a schedule of 40 micro-batches stops at 0.75 of the peak.

Only updates that happened count, whether `step` is called for each micro-batch, for each update, or never.

Reported in https://github.com/huggingface/accelerate/issues/963 https://github.com/huggingface/accelerate/pull/4262 https://github.com/huggingface/diffusers/issues/2632
"""

import pytest
import torch
from catalogue.optimizers import recorded, sgd
from catalogue.trainers import Line, Rows, batches, lightning_model, lightning_trainer, quietly

import lehr
from lehr import Ramp, Scheduler

MICRO_BATCHES, ACCUMULATE, UPDATES = 40, 4, 10
LINEAR = lehr.linear(UPDATES, max_lr=1.0)
RATES = [LINEAR(t) for t in range(UPDATES)]


def micro_batches(optimizer):
    """Yields whether the micro-batch that is over ended with an update."""
    for i in range(1, MICRO_BATCHES + 1):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.requires_grad:
                    parameter.sum().backward()
        if i % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
        yield i % ACCUMULATE == 0


@pytest.mark.parametrize("calls", ["each micro-batch", "each update", "none, it follows", "each, and it follows"])
def test_only_updates_count(calls):
    optimizer = sgd()
    scheduler = Scheduler(optimizer, LINEAR)
    rates = recorded(optimizer)
    if "follows" in calls:
        scheduler.follow()
    for updated in micro_batches(optimizer):
        if calls.startswith("each,") or calls == "each micro-batch" or (calls == "each update" and updated):
            scheduler.step()
    assert rates == RATES
    assert rates[9] == LINEAR(9)
    assert scheduler.position == scheduler.updates == UPDATES


def test_the_micro_batches_are_reported():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, LINEAR)
    for _ in micro_batches(optimizer):
        scheduler.step()
    assert scheduler.skipped == MICRO_BATCHES - UPDATES
    assert "30 calls without an update" in scheduler.report()


def test_a_frozen_first_group_does_not_hide_the_updates():
    optimizer = sgd(1.0, 1.0)
    optimizer.param_groups[0]["params"][0].requires_grad_(False)
    scheduler = Scheduler(optimizer, LINEAR)
    rates = recorded(optimizer)
    for _ in micro_batches(optimizer):
        scheduler.step()
    assert rates == RATES


def test_a_step_by_number_is_the_callers_own_count():
    scheduler = Scheduler(sgd(), LINEAR)
    for step in (0, 3, 3, 7):
        scheduler.step(step)
        assert scheduler.position == step


def accelerated(build, adjust=False, follow=False):
    """The rates of 40 micro-batches under accelerate, the one in place at the end, and the scheduler."""
    accelerate = pytest.importorskip("accelerate")
    plugin = accelerate.utils.GradientAccumulationPlugin(num_steps=ACCUMULATE, adjust_scheduler=adjust)
    accelerate.state.GradientState._reset_state()
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_plugin=plugin)
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = build(inner)
    rates = recorded(inner)
    if follow:
        scheduler.follow()
    model, optimizer, prepared = accelerator.prepare(model, inner, scheduler)
    try:
        for _ in range(MICRO_BATCHES):
            with accelerator.accumulate(model):
                accelerator.backward(1e-9 * model(torch.ones(3, 2)).sum())
                optimizer.step()
                prepared.step()
                optimizer.zero_grad()
    finally:
        accelerate.state.GradientState._reset_state()
    return rates, inner.param_groups[0]["lr"], scheduler


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("adjust", [False, True])
def test_under_accelerate(adjust, follow):
    rates, last, scheduler = accelerated(lambda optimizer: Scheduler(optimizer, LINEAR), adjust, follow)
    assert rates == RATES
    assert last == 0.0
    assert scheduler.position == UPDATES


@pytest.mark.parametrize("adjust", [False, True])
def test_the_peer_still_stops_at_three_quarters(adjust):
    def sized_in_micro_batches(optimizer):
        return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, MICRO_BATCHES)

    assert accelerated(sized_in_micro_batches, adjust)[1] == pytest.approx(0.75)


@pytest.mark.parametrize("follow", [False, True])
def test_under_trainer(tmp_path, follow):
    transformers = pytest.importorskip("transformers")
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = Scheduler(optimizer, Ramp(1.0, 0.0, UPDATES))
    rates = recorded(optimizer)
    if follow:
        scheduler.follow()
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=1, gradient_accumulation_steps=ACCUMULATE,
        num_train_epochs=1, use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    trainer = transformers.Trainer(
        model, arguments, train_dataset=Rows(MICRO_BATCHES), optimizers=(optimizer, scheduler)
    )
    quietly(trainer.train)
    assert rates == RATES
    assert scheduler.position == trainer.state.global_step == UPDATES


@pytest.mark.parametrize("follow", [False, True])
def test_under_lightning(tmp_path, follow):
    pytest.importorskip("pytorch_lightning")
    model = lightning_model(lambda optimizer: Scheduler(optimizer, LINEAR), follow=follow)
    quietly(
        lambda: lightning_trainer(tmp_path, 1, accumulate_grad_batches=ACCUMULATE).fit(model, batches(MICRO_BATCHES))
    )
    assert model.rates == RATES
