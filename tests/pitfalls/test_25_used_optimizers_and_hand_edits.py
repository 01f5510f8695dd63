"""A new torch scheduler on a used optimizer starts from a stale hidden rate, and an edit by hand is silently lost or kept.

The Scheduler knows its own peak; a rate that somebody else wrote is reported with both values, and `rebase` continues from it.

Reported in https://github.com/pytorch/pytorch/issues/78003 https://github.com/pytorch/pytorch/issues/33416 https://github.com/pytorch/pytorch/issues/21965
"""

import warnings

import pytest
import torch
from catalogue.optimizers import rates_of, sgd, update, used_by

from lehr import Scheduler

make = torch.optim.lr_scheduler


def test_a_new_schedule_after_the_end_of_one():
    opt = sgd()
    first = Scheduler(opt, "cosine", 5)
    used_by(opt, first, 5)
    assert rates_of(opt) == [0.0]
    first.detach()
    second = Scheduler(opt, "cosine", 10, max_lr=1.0)
    assert used_by(opt, second, 3) == pytest.approx([1, 0.976, 0.905], abs=1e-3)


def test_alive_in_torch_after_the_end_of_one():
    opt = sgd()
    used_by(opt, make.CosineAnnealingLR(opt, 5), 5)
    assert used_by(opt, make.CosineAnnealingLR(opt, 10), 10) == [0.0] * 10


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize(("rates", "edited"), [([1.0], 0), ([1.0, 1.0], 0), ([1.0, 1.0], 1), ([1.0, 1.0, 1.0], 1)])
def test_a_hand_edit_is_reported_with_both_values(rates, edited, tensor):
    opt = sgd(*(torch.tensor(rate) if tensor else rate for rate in rates))
    scheduler = Scheduler(opt, "linear", 10)
    for _ in range(2):
        update(opt)
        scheduler.step()
    opt.param_groups[edited]["lr"] = torch.tensor(0.3) if tensor else 0.3
    with pytest.raises(ValueError, match=rf"param group {edited}.*0\.3.*0\.8"):
        scheduler.check()
    update(opt)
    said = rf"lr of param group {edited} was changed .*from 0\.8 to 0\.3.*rebase\(0\.3\)"
    with pytest.warns(UserWarning, match=said):
        scheduler.step()
    assert rates_of(opt) == pytest.approx([0.7] * len(rates))


def test_rebase_makes_it_an_edit():
    opt = sgd()
    scheduler = Scheduler(opt, "cosine", 10)
    schedule = scheduler.schedule
    scheduler.step(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.rebase(0.3, why="by hand")
        for t in range(4, 11):
            scheduler.step(t)
            assert rates_of(opt) == [pytest.approx(0.3 * schedule(t) / schedule(4), rel=1e-12)]
    assert "rebase(lr=0.3): by hand" in scheduler.report()


def test_no_hidden_keys():
    opt = sgd()
    Scheduler(opt, "cosine", 5)
    assert "initial_lr" not in opt.param_groups[0]


def test_alive_in_torch_by_hand():
    opt = sgd()
    first = make.LambdaLR(opt, lambda t: 1.0)
    opt.param_groups[0]["lr"] = 0.3
    update(opt)
    first.step()
    assert rates_of(opt) == [1.0]  # the edit is lost
    opt.param_groups[0]["lr"] = 0.3
    assert make.LambdaLR(opt, lambda t: 1.0).base_lrs == [1.0]  # a hidden key wins over what is there
