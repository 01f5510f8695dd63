"""A Scheduler that is given a wrapper drives the optimizer inside it, which updates."""

import copy
from importlib import import_module

import pytest
import torch
from catalogue.optimizers import adamw, parameter, rates_of, recorded, sgd
from catalogue.processes import on_ranks
from catalogue.trainers import quietly

import lehr
from lehr import Scheduler

SCHEDULE = lehr.cosine(20, 4, max_lr=1e-2)
UPDATES = 8


def lookahead():
    package = pytest.importorskip("pytorch_optimizer")
    inner = adamw(1e-2)
    return package.Lookahead(inner), inner, None


def sharpness_aware():
    package = pytest.importorskip("pytorch_optimizer")
    wrapper = package.SAM([parameter()], torch.optim.AdamW, lr=1e-2)
    return wrapper, wrapper.base_optimizer, lambda: wrapper.step(lambda: None)


def sharpness_aware_in_two_steps():
    wrapper, inner, _ = sharpness_aware()
    return wrapper, inner, lambda: (wrapper.first_step(), wrapper.second_step())


def trac():
    package = pytest.importorskip("pytorch_optimizer")
    inner = adamw(1e-2)
    return package.TRAC(inner), inner, None


def schedule_free():
    package = pytest.importorskip("pytorch_optimizer")
    inner = adamw(1e-2)
    wrapper = package.ScheduleFreeWrapper(inner, momentum=0.9)
    wrapper.train()
    return wrapper, inner, None


def post_local_sgd():
    post_local_sgd = quietly(lambda: import_module("torch.distributed.optim")).PostLocalSGDOptimizer

    class Never:
        step = 0

        def average_parameters(self, params):
            pass

    inner = sgd(1e-2)
    return post_local_sgd(inner, Never()), inner, None


def fabric():
    package = pytest.importorskip("lightning_fabric")
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.AdamW(model.parameters(), lr=1e-2)
    _, wrapper = package.Fabric(accelerator="cpu").setup(model, inner)
    return wrapper, inner, None


def lightning():
    package = pytest.importorskip("pytorch_lightning")
    inner = adamw(1e-2)
    wrapper = package.core.optimizer.LightningOptimizer(inner)
    return wrapper, inner, inner.step  # its own step needs a strategy, which calls this


def accelerated():
    package = pytest.importorskip("accelerate")
    inner = adamw(1e-2)
    return package.Accelerator(cpu=True).prepare(inner), inner, None


class Opt:
    """As fastai's `OptimWrapper`: no torch Optimizer, and its groups are built anew whenever they are read."""

    def __init__(self, opt):
        self.opt = opt

    @property
    def param_groups(self):
        return [dict(group) for group in self.opt.param_groups]

    def step(self):
        self.opt.step()

    def state_dict(self):
        return self.opt.state_dict()

    def load_state_dict(self, state):
        self.opt.load_state_dict(state)


def as_fastai():
    inner = adamw(1e-2)
    return Opt(inner), inner, None


def nested():
    wrapper, inner, _ = lookahead()
    return Opt(wrapper), inner, None


WRAPPERS = [
    lookahead, sharpness_aware, sharpness_aware_in_two_steps, trac, schedule_free, post_local_sgd, fabric, lightning,
    accelerated, as_fastai, nested,
]  # fmt: skip


def train(scheduler, inner, step, updates, follow):
    for _ in range(updates):
        for group in inner.param_groups:
            for p in group["params"]:
                p.grad = torch.ones_like(p)
        step()
        if not follow:
            scheduler.step()


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("make", WRAPPERS)
def test_each_update_uses_the_schedules_rate(make, follow):
    wrapper, inner, step = make()
    scheduler = Scheduler(wrapper, SCHEDULE)
    if follow:
        scheduler.follow()
    used = recorded(inner)
    train(scheduler, inner, step or wrapper.step, UPDATES, follow)
    assert used == [SCHEDULE(t) for t in range(UPDATES)]
    assert (scheduler.position, scheduler.updates, scheduler.optimizer) == (UPDATES, UPDATES, wrapper)
    scheduler.check()


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("scheduler_first", [False, True])
@pytest.mark.parametrize("make", [lookahead, sharpness_aware, as_fastai])
def test_a_state_that_the_wrapper_loads(make, scheduler_first, follow):
    """SAM puts its own groups into the inner optimizer after torch has told that the state was loaded."""
    wrapper, inner, step = make()
    scheduler = Scheduler(wrapper, SCHEDULE)
    train(scheduler, inner, step or wrapper.step, UPDATES, follow=False)
    states = copy.deepcopy((wrapper.state_dict(), scheduler.state_dict()))
    wrapper, inner, step = make()
    scheduler = Scheduler(wrapper, SCHEDULE)
    if follow:
        scheduler.follow()
    if scheduler_first:
        scheduler.load_state_dict(states[1])
    wrapper.load_state_dict(states[0])
    if not scheduler_first:
        scheduler.load_state_dict(states[1])
    used = recorded(inner)
    train(scheduler, inner, step or wrapper.step, UPDATES, follow)
    assert used == [SCHEDULE(t) for t in range(UPDATES, 2 * UPDATES)]


def test_a_wrapper_and_what_it_wraps_have_one_scheduler():
    wrapper, inner, _ = lookahead()
    scheduler = Scheduler(wrapper, SCHEDULE)
    with pytest.raises(ValueError, match="AdamW already has a Scheduler for lr"):
        Scheduler(inner, SCHEDULE)
    scheduler.detach()


def test_groups_that_are_built_anew_are_refused():
    class Fastai:
        """As fastai's `Optimizer`, which wraps none."""

        hypers = ({"lr": 1e-2},)

        @property
        def param_groups(self):
            return [{"params": [], **hypers} for hypers in self.hypers]

    with pytest.raises(ValueError, match=r"Fastai builds its param groups anew.*give the Scheduler a torch optimizer"):
        Scheduler(Fastai(), SCHEDULE)


def test_without_hooks_anywhere_follow_says_the_way_out():
    class Alone:
        def __init__(self):
            self.param_groups = sgd(1e-2).param_groups

    scheduler = Scheduler(Alone(), SCHEDULE)
    with pytest.raises(ValueError, match=r"step hooks of torch optimizers, which Alone does not have; .* or call step"):
        scheduler.follow()
    scheduler.step()
    assert rates_of(scheduler.optimizer) == [SCHEDULE(1)]


# Several processes.


def _accelerated_rates(follow, given):
    import accelerate

    accelerator = accelerate.Accelerator(cpu=True)
    model = torch.nn.Linear(2, 1)
    inner = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model, prepared = accelerator.prepare(model, inner)
    scheduler = Scheduler(prepared if given == "prepared" else inner, SCHEDULE)
    if follow:
        scheduler.follow()
    stepped = accelerator.prepare(scheduler)
    used = recorded(inner)
    for _ in range(UPDATES):
        accelerator.backward(model(torch.ones(3, 2)).sum())
        prepared.step()
        stepped.step()
        prepared.zero_grad()
    scheduler.check()
    return used, scheduler.position, accelerator.num_processes


@pytest.mark.parametrize("given", ["prepared", "raw"])
@pytest.mark.parametrize("follow", [False, True])
def test_accelerates_optimizer_on_two_processes(follow, given):
    """accelerate calls `step` once for each process; only updates move."""
    pytest.importorskip("accelerate")
    for used, position, processes in on_ranks(_accelerated_rates, 2, follow, given):
        assert used == [SCHEDULE(t) for t in range(UPDATES)]
        assert (position, processes) == (UPDATES, 2)


def _sharded_rates(follow):
    from torch.distributed.optim import ZeroRedundancyOptimizer

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    sharded = quietly(lambda: ZeroRedundancyOptimizer(model.parameters(), torch.optim.AdamW, lr=1e-2))
    scheduler = Scheduler(sharded, SCHEDULE)
    if follow:
        scheduler.follow()
    used = recorded(sharded.optim)
    for _ in range(UPDATES):
        model(torch.ones(3, 2)).sum().backward()
        sharded.step()
        if not follow:
            scheduler.step()
    scheduler.check()
    return used, scheduler.position


@pytest.mark.parametrize("follow", [False, True])
def test_torchs_sharded_optimizer(follow):
    """`ZeroRedundancyOptimizer` copies the rates of its own groups into the optimizer inside it."""
    for used, position in on_ranks(_sharded_rates, 2, follow):
        assert used == [SCHEDULE(t) for t in range(UPDATES)]
        assert position == UPDATES
