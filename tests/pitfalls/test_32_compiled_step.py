"""If `optimizer.step` was compiled before a torch scheduler is built, the scheduler's constructor raises.

A step compiled before or after gives one graph with a tensor rate, and at most two with a float.

Reported in https://github.com/pytorch/pytorch/issues/120934 https://github.com/pytorch/pytorch/issues/130467 https://github.com/pytorch/pytorch/issues/133898
"""

import itertools

import pytest
import torch
from catalogue.optimizers import parameter, rates_of

import lehr
from lehr import Scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch, of itself, while it traces

STEPS = 200
SCHEDULES = {
    "cosine": lehr.cosine(STEPS, 10, 0.1),
    "one_cycle": lehr.one_cycle(STEPS, max_lr=0.1),
    "stairs": lehr.step_decay(max_lr=0.1, decay_steps=20, decay_factor=0.7),
}


class Counting:
    """A backend that counts the graphs it is given and runs them as they are."""

    def __init__(self):
        self.graphs = 0

    def __call__(self, module, inputs):
        self.graphs += 1
        return module.forward


@pytest.fixture(autouse=True)
def _fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def optimizer(kind, tensor, **more):
    return kind([parameter(gradient=True)], lr=torch.tensor(0.1) if tensor else 0.1, **more)


def plain_weights(kind, schedule):
    opt = optimizer(kind, tensor=False)
    for t in range(STEPS):
        opt.param_groups[0]["lr"] = schedule(t)
        opt.step()
    return opt.param_groups[0]["params"][0].detach()


def run(opt, schedule, compiled, follow):
    count = Counting()
    step = None
    if compiled == "before":
        opt.step = torch.compile(opt.step, backend=count)
    scheduler = Scheduler(opt, schedule)
    if follow:
        scheduler.follow()
    if compiled == "after":
        opt.step = torch.compile(opt.step, backend=count)
    if compiled == "a function":
        step = torch.compile(lambda: opt.step(), backend=count)
    for _ in range(STEPS):
        (step or opt.step)()
        if not follow:
            scheduler.step()
    return scheduler, count.graphs


MODES = list(itertools.product(["before", "after", "a function"], [False, True]))


@pytest.mark.parametrize(("compiled", "follow"), MODES)
@pytest.mark.parametrize("tensor", [True, False])
def test_graphs_of_200_steps(tensor, compiled, follow):
    opt = optimizer(torch.optim.SGD, tensor)
    scheduler, graphs = run(opt, SCHEDULES["cosine"], compiled, follow)
    assert graphs == 1 if tensor else 1 <= graphs <= 2
    assert scheduler.position == scheduler.updates == STEPS
    expected = plain_weights(torch.optim.SGD, SCHEDULES["cosine"])
    assert torch.allclose(opt.param_groups[0]["params"][0], expected, rtol=1e-4)


@pytest.mark.parametrize("compiled", ["before", "after", "a function"])
def test_a_schedule_that_was_compiled_itself_is_not_traced_by_the_step(compiled):
    """Else dynamo warns that it cannot trace the search for the piece of the formula."""
    torch.compile(SCHEDULES["cosine"].__call__, fullgraph=True, backend="eager")(torch.arange(3))
    scheduler, graphs = run(optimizer(torch.optim.SGD, tensor=False), SCHEDULES["cosine"], compiled, follow=True)
    assert 1 <= graphs <= 2
    assert scheduler.position == scheduler.updates == STEPS


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("tensor", [True, False])
def test_any_schedule(name, tensor):
    opt = optimizer(torch.optim.AdamW, tensor)
    scheduler, graphs = run(opt, SCHEDULES[name], "before", follow=False)
    assert graphs == 1 if tensor else 1 <= graphs <= 2
    assert rates_of(opt) == pytest.approx([SCHEDULES[name](STEPS)])
    assert scheduler.updates == STEPS


def test_after_a_load_one_graph_more_at_most():
    opt = optimizer(torch.optim.SGD, tensor=True)
    count = Counting()
    opt.step = torch.compile(opt.step, backend=count)
    scheduler = Scheduler(opt, SCHEDULES["cosine"])
    for t in range(100):
        if t == 50:
            opt.load_state_dict(opt.state_dict())
        opt.step()
        scheduler.step()
    assert count.graphs <= 2
    assert rates_of(opt) == pytest.approx([SCHEDULES["cosine"](100)])


def test_alive_in_torch():
    opt = optimizer(torch.optim.SGD, tensor=True)
    opt.step = torch.compile(opt.step, backend=Counting())
    with pytest.raises(AttributeError, match="__func__"):
        torch.optim.lr_scheduler.CosineAnnealingLR(opt, STEPS)
