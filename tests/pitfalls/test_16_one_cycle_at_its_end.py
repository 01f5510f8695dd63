"""OneCycleLR jumps back up at its last step, raises an error at the next one, and divides by zero on short runs.

`one_cycle` never raises after its end, and every length and every warmup, from none to the whole run, gives a schedule.

Reported in https://github.com/pytorch/pytorch/issues/91765 https://github.com/pytorch/pytorch/issues/38170 https://github.com/vLAR-group/GrowSP/issues/11
"""

import math

import pytest
import torch
from catalogue.optimizers import sgd, update, used_by

import lehr
from lehr import Scheduler

ONE_CYCLE = torch.optim.lr_scheduler.OneCycleLR


def test_fifteen_steps_of_ten():
    opt = sgd()
    scheduler = Scheduler(opt, "one_cycle", 10, max_lr=1.0)
    with pytest.warns(UserWarning, match="past the end"):
        rates = used_by(opt, scheduler, 15)
    floor = 1 / 25 / 10_000
    # Position 9 is the last update, one before the end; the floor is at 10 and after.
    assert max(rates) == rates[3] == 1.0
    assert floor < rates[9] < rates[8] < 0.2
    assert rates[10] == rates[14] == pytest.approx(floor, rel=1e-12)


@pytest.mark.parametrize("ramps", [2, 3])
@pytest.mark.parametrize("total", [1, 2, 3])
def test_short_runs_and_any_warmup(total, ramps):
    for warmup in {0, 1, total}:
        if warmup * (ramps - 1) > total:
            with pytest.raises(ValueError, match=f"warmup_steps={warmup}, training_steps={total}"):
                lehr.one_cycle(total, warmup, max_lr=1.0, ramps=ramps)
            continue
        schedule = lehr.one_cycle(total, warmup, max_lr=1.0, ramps=ramps)
        rates = [schedule(t) for t in range(total + 3)]
        assert all(math.isfinite(rate) and 0 < rate <= 1 for rate in rates)
        assert rates[total] == rates[total + 2]


def test_alive_in_torch():
    opt = sgd()
    scheduler = ONE_CYCLE(opt, 1.0, total_steps=10)
    rates = used_by(opt, scheduler, 10)
    assert rates[-1] < 1e-5
    assert opt.param_groups[0]["lr"] == pytest.approx(0.0495, abs=1e-4)  # 12,000 times the floor
    update(opt)
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.step()
    with pytest.raises(ZeroDivisionError):
        ONE_CYCLE(sgd(), 1.0, total_steps=1000, pct_start=0.001)
