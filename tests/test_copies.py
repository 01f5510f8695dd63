"""A Scheduler copied or pickled with its optimizer."""

import copy
import pickle

import pytest
import torch
from catalogue.optimizers import adamw, rates_of, sgd

import lehr
from lehr import Scheduler


def trained(model, opt):
    model(torch.ones(1, 2)).sum().backward()
    opt.step()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
def test_a_copy_with_its_optimizer_goes_on_by_itself(copied, tmp_path):
    model = torch.nn.Linear(2, 1)
    opt = torch.optim.AdamW(model.parameters(), lr=1.0)
    scheduler = Scheduler(opt, lehr.cosine(20, 1, max_lr=1.0), control_file=tmp_path / "never-written.yaml").follow()
    lehr.Plateau(scheduler, patience=2)
    for _ in range(3):
        trained(model, opt)
    scheduler.scale(0.5)
    theirs, own, its = copied((model, opt, scheduler))
    state = scheduler.state_dict()
    for _ in range(2):
        trained(theirs, own)
    assert (scheduler.position, its.position) == (3, 5)
    assert scheduler.state_dict() == state
    trained(model, opt)
    trained(model, opt)
    assert rates_of(own) == rates_of(opt) == [scheduler.schedule(5)]
    for _ in range(4):
        its._watchers[0].update(1.0)
    assert rates_of(own) == pytest.approx([0.1 * rates_of(opt)[0]])
    its.detach()
    assert not own._optimizer_step_post_hooks
    assert opt._optimizer_step_post_hooks


def test_a_copy_on_the_same_optimizer_is_refused():
    scheduler = Scheduler(opt := adamw(0.1), "linear", 10)
    with pytest.raises(ValueError, match="already has a Scheduler for lr"):
        copy.copy(scheduler)
    scheduler.step(5)
    assert rates_of(opt) == [0.05]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
def test_a_copy_knows_what_was_written(copied):
    """So an update at a rate of 0, as torch.distributed.checkpoint makes one, is not taken for one of the run."""
    opt = sgd(1.0)
    scheduler = Scheduler(opt, lehr.linear(40, max_lr=1.0)).follow()
    scheduler.detach()
    opt, scheduler = copied((opt, scheduler))
    opt.param_groups[0]["lr"] = 0.0
    opt.step()
    assert (scheduler.position, scheduler.updates) == (0, 0)
    with pytest.warns(UserWarning, match="several updates were made at it"):
        [opt.step() for _ in range(3)]
    assert (scheduler.position, scheduler.updates) == (0, 0)
    opt.param_groups[0]["lr"] = 1.0
    opt.step()
    assert (scheduler.position, scheduler.updates) == (1, 1)


def test_a_pickle_of_an_earlier_scheduler_which_held_its_writers_itself():
    scheduler = Scheduler(opt := sgd(1.0), lehr.linear(10, max_lr=1.0))
    state = scheduler.__getstate__()
    rates = state.pop("_rates")
    state |= {"_writers": dict(rates.writers), "_writer": rates.first, "_written": rates.first.written}
    state |= {"_writes": rates.pairs, "_writes_one_rate": True, "_unmatched": []}
    state |= {"_group_count": 1, "_has_schedules_by_group": False}
    scheduler.detach()
    loaded = Scheduler.__new__(Scheduler)
    loaded.__setstate__(state)
    assert set(vars(loaded)) == set(vars(scheduler))
    loaded.step(5)
    assert rates_of(opt) == [0.5]
