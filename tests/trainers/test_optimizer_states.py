"""The state of an optimizer that torch.distributed.checkpoint makes, saves and loads, and that of its Scheduler."""

import copy
import warnings

import pytest
import torch
from catalogue.optimizers import recorded
from catalogue.trainers import quietly

import lehr
from lehr import Scheduler

dcp = quietly(lambda: __import__("torch.distributed.checkpoint", fromlist=["state_dict"]))
state_dict = quietly(lambda: __import__("torch.distributed.checkpoint.state_dict", fromlist=["get_state_dict"]))

SCHEDULE = lehr.Ramp(1e-2, 0, 40)


class Run:
    """A model, its optimizer and a Scheduler, as DCP's Stateful objects."""

    def __init__(self, follow=True, tensor=False, momentum=True):
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
        kind = torch.optim.AdamW if momentum else torch.optim.SGD
        self.optimizer = kind(self.model.parameters(), lr=torch.tensor(1e-2) if tensor else 1e-2)
        self.scheduler = Scheduler(self.optimizer, SCHEDULE)
        self.follow = follow
        if follow:
            self.scheduler.follow()
        self.used = recorded(self.optimizer)

    def train(self, updates):
        del self.used[:]
        for _ in range(updates):
            self.model(torch.ones(3, 2)).sum().backward()
            self.optimizer.step()
            if not self.follow:
                self.scheduler.step()
            self.optimizer.zero_grad()
        return [pytest.approx(rate, rel=1e-6) for rate in self.used]

    def state(self):
        model, optimizer = state_dict.get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}

    def load(self, state):
        state_dict.set_state_dict(
            self.model, self.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"]
        )


def rates(begin, end):
    return [SCHEDULE(t) for t in range(begin, end)]


@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "scheduler twice"])
def test_a_fresh_optimizer_gets_a_state_in_either_order(order, follow, tensor, momentum):
    """torch makes an update at rate 0 to create the state of a fresh optimizer, which is none of the run."""
    run = Run(follow, tensor, momentum)
    state = run.state()
    assert (run.scheduler.position, run.scheduler.updates) == (0, 0)
    assert run.train(5) == rates(0, 5)
    state, ours = copy.deepcopy((run.state(), run.scheduler.state_dict()))
    resumed = Run(follow, tensor, momentum)
    resumed.state()  # dcp.load asks for it first
    if order != "optimizer first":
        resumed.scheduler.load_state_dict(ours)
    resumed.load(state)
    if order != "scheduler first":
        resumed.scheduler.load_state_dict(ours)
    assert resumed.train(5) == rates(5, 10)
    assert resumed.scheduler.position == resumed.scheduler.updates == 10


@pytest.mark.parametrize("names", [("a scheduler", "the optimizer"), ("the scheduler", "an optimizer")])
def test_through_a_folder_in_the_order_of_the_keys(tmp_path, names):
    """`dcp.load` loads Stateful objects in the order of their keys."""

    class Stateful:
        def __init__(self, run):
            self.state_dict, self.load_state_dict = run.state, run.load

    run, resumed = Run(), Run()
    run.train(5)
    ours, theirs = names
    quietly(lambda: dcp.save({ours: run.scheduler, theirs: Stateful(run)}, checkpoint_id=tmp_path))
    quietly(lambda: dcp.load({ours: resumed.scheduler, theirs: Stateful(resumed)}, checkpoint_id=tmp_path))
    assert resumed.train(5) == rates(5, 10)


WARNING = r"the optimizer's state was loaded, and this Scheduler's was not: the schedule begins at step 0"


@pytest.mark.parametrize("through", ["torch", "dcp"])
@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("follow", [False, True])
def test_an_optimizer_that_was_loaded_alone_is_warned_of_once(follow, momentum, through):
    run = Run(momentum=momentum)
    run.train(5)
    resumed = Run(follow, momentum=momentum)
    if through == "torch":
        resumed.optimizer.load_state_dict(run.optimizer.state_dict())
    else:
        resumed.load(run.state())
    with pytest.warns(UserWarning, match=WARNING) as seen:
        assert resumed.train(5) == rates(0, 5)
    assert len(seen) == 1


def own_state(run, _):
    run.optimizer.load_state_dict(run.optimizer.state_dict())  # as accelerate.prepare does


def initial_state(run, _):
    run.optimizer.load_state_dict(torch.optim.AdamW(run.model.parameters(), lr=1e-2).state_dict())


def with_the_schedulers(run, other):
    run.optimizer.load_state_dict(other.optimizer.state_dict())
    run.scheduler.load_state_dict(other.scheduler.state_dict())


def with_a_step(run, other):
    run.optimizer.load_state_dict(other.optimizer.state_dict())
    run.scheduler.step(0)  # a new phase


def created(run, _):
    run.state()


def created_and_loaded(run, other):
    run.state()
    with_the_schedulers(run, other)


def of_its_beginning(run, _):
    run.load(copy.deepcopy(Run().state()))


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize(
    "prepare", [own_state, initial_state, with_the_schedulers, with_a_step, created, created_and_loaded]
)
def test_what_is_no_resumed_run_without_its_scheduler_is_not_warned_of(prepare, follow):
    other = Run()
    other.train(5)
    run = Run(follow)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(run, other)
        run.train(5)
