"""Accelerate's prepared scheduler moves `num_processes` steps for each update, so a schedule ends after 1/N of the run.

The position is the number of updates that happened, no matter who calls `step` or how often.

Reported in https://github.com/huggingface/accelerate/issues/2142 https://github.com/huggingface/accelerate/issues/2926 https://github.com/huggingface/diffusers/issues/3954
"""

import itertools

import pytest
import torch
from catalogue.optimizers import rates_of, recorded
from catalogue.processes import on_ranks

import lehr
from lehr import Plateau, Scheduler

accelerate = pytest.importorskip("accelerate")

COSINE = lehr.cosine(100, max_lr=1.0)


@pytest.fixture
def processes(monkeypatch):
    """Sets what accelerate takes for the number of processes, and nothing else of it."""

    def pretend(n):
        monkeypatch.setattr(accelerate.state.AcceleratorState, "num_processes", property(lambda self: n), raising=False)

    return pretend


def train(build, updates, follow=False, metric=None):
    """The rates of a run in an accelerate loop, the one in place at its end, and its scheduler."""
    accelerator = accelerate.Accelerator(cpu=True)
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.SGD(model.parameters(), lr=1.0)
    used = recorded(inner)
    scheduler = build(inner)
    if follow:
        scheduler.follow()
    model, optimizer, prepared = accelerator.prepare(model, inner, scheduler)
    for _ in range(updates):
        accelerator.backward(1e-9 * model(torch.ones(3, 2)).sum())
        optimizer.step()
        prepared.step(**({} if metric is None else {"metric": metric}))
        optimizer.zero_grad()
    return [*used, *rates_of(inner)], scheduler


def lehr_cosine(optimizer):
    return Scheduler(optimizer, COSINE)


def torch_cosine(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 100)


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("n", [1, 8])
def test_a_prepared_cosine_takes_100_updates(processes, n, follow):
    processes(n)
    rates, scheduler = train(lehr_cosine, 100, follow)
    assert rates == [COSINE(t) for t in range(101)]
    assert scheduler.position == scheduler.updates == 100


@pytest.mark.parametrize("n", [1, 8])
def test_a_plateau_counts_a_metric_once(processes, n):
    def plateau(optimizer):
        scheduler = Scheduler(optimizer, lehr.Constant(1.0))
        Plateau(scheduler, patience=3, factor=0.5)
        return scheduler

    processes(n)
    rates, _ = train(plateau, 9, metric=1.0)
    # The first metric is the best; the cut comes with the fourth bad one after it, and with the eighth.
    assert rates == [1.0] * 5 + [0.5] * 4 + [0.25]


def test_the_peer_is_still_eight_times_too_fast(processes):
    processes(8)
    rates, scheduler = train(torch_cosine, 100)
    assert scheduler.last_epoch == 800
    assert sum(after > before for before, after in itertools.pairwise(rates)) > 40


def prepared_on_a_rank():
    """The same loop where accelerate counts real processes."""
    n = accelerate.Accelerator(cpu=True).num_processes
    ours, scheduler = train(lehr_cosine, 100)
    following, _ = train(lehr_cosine, 100, follow=True)
    _, theirs = train(torch_cosine, 25)
    return n, ours, following, scheduler.position, theirs.last_epoch


@pytest.mark.parametrize("world", [2, 4])
def test_real_processes(world):
    expected = [COSINE(t) for t in range(101)]
    for n, ours, following, position, theirs in on_ranks(prepared_on_a_rank, world):
        assert n == world
        assert ours == following == expected
        assert position == 100
        assert theirs == 25 * world
