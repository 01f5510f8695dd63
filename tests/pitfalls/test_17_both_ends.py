"""The first update in transformers is wasted at rate 0, and torch's cosine never uses its end value.

No update of lehr's warmup has the rate 0, the documented end is exact, and other conventions can be built from parts.

Reported in https://github.com/pytorch/torchtitan/pull/1261 https://github.com/pytorch/pytorch/issues/47560 https://github.com/huggingface/pytorch-image-models/issues/2125
"""

import pytest
import torch
import transformers
from catalogue.optimizers import sgd, used_by

import lehr
from lehr import Constant, Ramp, Scheduler

COSINE = torch.optim.lr_scheduler


@pytest.mark.parametrize("name", ["cosine", "linear", "polynomial", "rex", "exponential", "wsd", "trapezoid"])
def test_both_ends_of_three_in_ten(name):
    schedule = getattr(lehr, name)(10, 3, 1.0, 0.01)
    assert [schedule(t) for t in (0, 1, 2, 3)] == [1 / 3, 1 / 3, 2 / 3, 1.0]
    assert schedule(9) > schedule(10) == schedule(11) == 0.01


def test_an_end_that_the_last_update_uses():
    schedule = Ramp(1 / 3, 1.0, 2).then(Ramp(1.0, 0.0, 7))
    opt = sgd()
    assert used_by(opt, Scheduler(opt, schedule), 9)[-1] == schedule(8) > 0
    assert schedule(9) == 0


def test_transformers_numbers_from_parts():
    opt = sgd()
    theirs = used_by(opt, transformers.get_linear_schedule_with_warmup(opt, 3, 10), 13)
    ours = Ramp(0, 1, 3).then(Ramp(1, 0, 7))
    assert theirs[0] == 0  # alive: the first update does nothing
    assert [ours(t) for t in range(13)] == pytest.approx(theirs, rel=1e-12)
    opt = sgd()
    with pytest.warns(UserWarning, match="past the end"):
        assert used_by(opt, Scheduler(opt, ours), 13) == [ours(t) for t in range(13)]


def test_the_end_that_torchs_cosine_never_uses():
    opt = sgd()
    assert used_by(opt, COSINE.CosineAnnealingLR(opt, 10), 10)[-1] == pytest.approx(0.0245, abs=1e-4)
    opt = sgd()
    assert min(used_by(opt, COSINE.CosineAnnealingWarmRestarts(opt, 10, eta_min=1e-3), 31)) > 0.02
    # With one position fewer the last update has the end; a restart that reaches it holds it for one.
    reached = Ramp(1.0, 1e-3, 9, "cosine").then(Constant(1e-3, 1)).repeat()
    assert [reached(t) for t in (0, 9, 10, 19, 20, 29)] == [1.0, 1e-3] * 3
