"""Building a torch scheduler writes the optimizer's rate and loading its state does not, so the order of the two silently decides the rate.

Loading writes the rate, which depends on the schedule and the position alone: in any order, the rates that follow are those of the uninterrupted run, bit for bit.

Reported in https://github.com/pytorch/pytorch/issues/119168 https://github.com/pytorch/pytorch/issues/29697 https://github.com/huggingface/transformers/issues/23099
"""

import functools

import pytest
import torch
from catalogue.examples import EXAMPLES, POSITIONS
from catalogue.optimizers import adamw, rates_of, through_a_file, update
from catalogue.trainers import quietly

from lehr import Scheduler

pytestmark = pytest.mark.filterwarnings("ignore:step .* is past the end")

LATER = 50
NAMED = {f"by name: {name}": name for name in ("cosine", "linear", "constant", "wsd", "rex", "polynomial")}
EACH = pytest.mark.parametrize("which", [*EXAMPLES, *NAMED])


def optimizer(tensor=False, groups=(1.0, 0.25)):
    """AdamW, whose step needs a tensor rate in place, with two groups of different rates."""
    return adamw(*(torch.tensor(rate, dtype=torch.float64) if tensor else rate for rate in groups))


def build(which, optimizer):
    if which in NAMED:  # the peak is the optimizer's own
        return Scheduler(optimizer, NAMED[which], 100, 10, group_scale="ratio")
    return Scheduler(optimizer, EXAMPLES[which], group_scale="ratio")


def natural(which, new, saved):
    new.load_state_dict(saved["optimizer"])
    scheduler = build(which, new)
    scheduler.load_state_dict(saved["scheduler"])
    return scheduler


def optimizer_first(which, new, saved):
    scheduler = build(which, new)
    new.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    return scheduler


def scheduler_first(which, new, saved):
    scheduler = build(which, new)
    scheduler.load_state_dict(saved["scheduler"])
    new.load_state_dict(saved["optimizer"])
    return scheduler


def scheduler_only(which, new, saved):
    scheduler = build(which, new)
    scheduler.load_state_dict(saved["scheduler"])
    return scheduler


def twice(which, new, saved):
    """Again on an optimizer that a scheduler which is gone has driven before."""
    scheduler_first(which, new, saved).load_state_dict(saved["scheduler"])
    return natural(which, new, saved)


ORDERS = [natural, optimizer_first, scheduler_first, scheduler_only, twice]


@functools.cache
def uninterrupted(which, tensor):
    """What was saved at each position, and the rates of all groups there and after."""
    whole = optimizer(tensor)
    scheduler = build(which, whole)
    found = {}
    for at in POSITIONS:
        scheduler.step(at)
        saved = through_a_file({"optimizer": whole.state_dict(), "scheduler": scheduler.state_dict()})
        rates = [rates_of(whole)]
        for _ in range(LATER):
            scheduler.step()
            rates.append(rates_of(whole))
        found[at] = saved, rates
    return found


@EACH
@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_the_rates_that_follow_are_those_of_the_uninterrupted_run(which, order, tensor):
    for at, (saved, expected) in uninterrupted(which, tensor).items():
        new = optimizer(tensor)
        resumed = order(which, new, saved)
        assert resumed.position == at
        rates = [rates_of(new)]
        for _ in range(LATER):
            resumed.step()
            rates.append(rates_of(new))
        assert rates == expected, at
        assert resumed.get_last_lr() == rates[-1]


@EACH
def test_the_schedule_says_the_rate(which):
    whole = optimizer()
    scheduler = build(which, whole)
    for at in range(50):
        scheduler.step(at)
    saved = {"optimizer": whole.state_dict(), "scheduler": scheduler.state_dict()}
    scheduler.step(50)
    for order in ORDERS:
        new = optimizer()
        resumed = order(which, new, saved)
        resumed.step()
        assert rates_of(new) == [resumed.schedule(50), resumed.schedule(50) * 0.25]


@pytest.mark.parametrize("order", ORDERS)
def test_a_run_that_follows_its_updates(order):
    whole = optimizer()
    scheduler = build("cosine", whole).follow()
    for _ in range(30):
        update(whole)
    saved = through_a_file({"optimizer": whole.state_dict(), "scheduler": scheduler.state_dict()})
    new = optimizer()
    resumed = order("cosine", new, saved).follow()
    for _ in range(LATER):
        assert update(new) == update(whole)
    assert resumed.position == scheduler.position == 30 + LATER


def test_accelerate_saves_and_loads_it(tmp_path):
    accelerate = pytest.importorskip("accelerate")

    def run(updates, load=False):
        accelerator = accelerate.Accelerator(cpu=True)
        model = torch.nn.Linear(2, 1)
        inner = torch.optim.AdamW(model.parameters(), lr=1.0)
        scheduler = Scheduler(inner, EXAMPLES["cosine"]).follow()
        model, prepared, _ = accelerator.prepare(model, inner, scheduler)
        if load:
            accelerator.load_state(str(tmp_path))
        rates = []
        for _ in range(updates):
            rates.append(inner.param_groups[0]["lr"])
            accelerator.backward(1e-9 * model(torch.ones(3, 2)).sum())
            prepared.step()
            prepared.zero_grad()
        if not load:
            accelerator.save_state(str(tmp_path))
        return rates

    whole = [EXAMPLES["cosine"](t) for t in range(100)]
    assert run(50) == whole[:50]
    assert run(50, load=True) == whole[50:]


def test_the_peer_is_still_wrong_in_the_natural_order():
    from torch.optim import lr_scheduler

    def peer(optimizer):
        warmup = lr_scheduler.LinearLR(optimizer, 0.01, total_iters=10)
        return lr_scheduler.SequentialLR(optimizer, [warmup, lr_scheduler.CosineAnnealingLR(optimizer, 90)], [10])

    def step(optimizer, scheduler):
        update(optimizer)
        scheduler.step()

    whole = optimizer(groups=(1.0,))
    scheduler = peer(whole)
    for _ in range(50):
        quietly(lambda: step(whole, scheduler))
    new = optimizer(groups=(1.0,))
    new.load_state_dict(whole.state_dict())
    resumed = quietly(lambda: peer(new))
    resumed.load_state_dict(scheduler.state_dict())
    assert rates_of(new)[0] < 0.05 * rates_of(whole)[0]
