"""The cosine schedules of torch and transformers rise again after their end.

A schedule of lehr holds its final rate for ever, and a warning says once that the run is longer than the schedule.

Reported in https://github.com/allenai/allennlp/pull/1647 https://github.com/pytorch/pytorch/issues/78003
"""

import pytest
import torch
import transformers
from catalogue.examples import SHORT_ENDING
from catalogue.optimizers import rates_of, sgd, used_by

from lehr import Scheduler


@pytest.mark.parametrize("name", SHORT_ENDING)
def test_the_final_rate_holds(name):
    schedule = SHORT_ENDING[name]
    assert schedule.length == 20
    assert {schedule(20 + k) for k in (0, 1, 10, 10**6, 10**15)} == {schedule(20)}


def test_a_late_scheduler_says_so_once_and_holds():
    opt = sgd()
    scheduler = Scheduler(opt, "cosine", 10, max_lr=1.0, min_lr=0.25)
    with pytest.warns(UserWarning, match=r"step 10 is past the end of the schedule \(10 steps\)") as said:
        late = used_by(opt, scheduler, 14)[10:]
    assert (late, rates_of(opt), len(said)) == ([0.25] * 4, [0.25], 1)


@pytest.mark.parametrize("follows", [False, True])
def test_a_run_that_is_one_update_too_long_says_so(follows):
    """Neither a run of the planned length says it, nor one whose last `step` comes after its last update."""
    opt = sgd()
    scheduler = Scheduler(opt, "cosine", 10, max_lr=1.0, min_lr=0.25)
    if follows:
        scheduler.follow()
    for t in range(10):
        scheduler.step(t)
        opt.step()
    scheduler.step(10)
    with pytest.warns(UserWarning, match="is past the end of the schedule"):
        opt.step()


def test_alive_in_torch():
    opt = sgd()
    rates = used_by(opt, torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10), 14)
    assert rates[10:] == pytest.approx([0, 0.024, 0.095, 0.206], abs=1e-3)


def test_alive_in_transformers():
    opt = sgd()
    rates = used_by(opt, transformers.get_cosine_schedule_with_warmup(opt, 3, 10), 14)
    assert rates[9:] == pytest.approx([0.0495, 0, 0.0495, 0.188, 0.389], abs=1e-3)
