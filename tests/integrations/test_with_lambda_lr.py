"""`as_lambda` under torch's LambdaLR: every used rate, and what its state keeps and refuses."""

import copy
import io
import pickle

import pytest
import torch
from catalogue.examples import EXAMPLES
from catalogue.optimizers import recorded, sgd, through_a_file, update, used_by
from catalogue.trainers import CHECKED, printed_by_example

import lehr
from lehr.integrations import as_lambda

STEPS = 40
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = [pytest.approx(COSINE(t), rel=1e-15) for t in range(STEPS)]
LambdaLR = torch.optim.lr_scheduler.LambdaLR


@pytest.mark.parametrize("base_lr", [0.3, 1.0, 0.007])
def test_each_update_uses_the_rate(base_lr):
    optimizer = sgd(base_lr)
    assert used_by(optimizer, LambdaLR(optimizer, as_lambda(COSINE, base_lr)), STEPS) == RATES


@pytest.mark.parametrize("schedule", EXAMPLES.values(), ids=str)
def test_any_schedule_is_a_factor(schedule):
    factor = as_lambda(schedule)
    assert [factor(t) for t in range(101)] == [schedule(t) for t in range(101)]
    assert pickle.loads(pickle.dumps(factor)) == factor == copy.deepcopy(factor)


def run(factor, saved=None, updates=STEPS):
    """Make updates, from a checkpoint or from the start; the used rates, and a checkpoint."""
    optimizer = sgd(1.0)
    scheduler = LambdaLR(optimizer, factor)
    if saved:
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
    rates = recorded(optimizer)
    for _ in range(updates):
        update(optimizer)
        scheduler.step()
    parts = {"optimizer": optimizer, "scheduler": scheduler}
    return rates, through_a_file({name: part.state_dict() for name, part in parts.items()})


def test_resumed_from_a_file_that_holds_plain_data():
    before, saved = run(as_lambda(COSINE), updates=15)
    after, _ = run(as_lambda(COSINE), saved, STEPS - 15)
    assert before + after == RATES
    assert saved["scheduler"]["lr_lambdas"] == [{"schedule": lehr.spec.to_text(COSINE), "base_lr": 1.0}]


def test_another_schedule_in_the_code_is_refused_with_both():
    _, saved = run(as_lambda(COSINE), updates=15)
    with pytest.raises(ValueError, match=r"cosine\(.*and the code has as_lambda\(linear\(.*keep='checkpoint'"):
        run(as_lambda(lehr.linear(STEPS, max_lr=0.3)), saved, 5)


def test_another_base_rate_is_refused():
    _, saved = run(as_lambda(COSINE, 0.3), updates=15)
    with pytest.raises(ValueError, match=r"base_lr=0\.3\), and the code has .*base_lr=0\.6"):
        run(as_lambda(COSINE, 0.6), saved, 5)


def test_keep_decides():
    linear = lehr.linear(STEPS, max_lr=0.3)
    _, saved = run(as_lambda(COSINE), updates=15)
    code, _ = run(as_lambda(linear, keep="code"), saved, 10)
    assert code[1:] == [linear(t) for t in range(16, 25)]  # LambdaLR itself leaves the first to the optimizer's state
    checkpoint, again = run(as_lambda(linear, keep="checkpoint"), saved, 10)
    assert checkpoint == RATES[15:25]
    assert again["scheduler"]["lr_lambdas"] == saved["scheduler"]["lr_lambdas"]
    after_code, _ = run(as_lambda(linear), run(as_lambda(linear, keep="code"), saved, 10)[1], 5)
    assert after_code == [linear(t) for t in range(25, 30)]


def test_a_pickled_scheduler_goes_on():
    optimizer = sgd(1.0)
    scheduler = LambdaLR(optimizer, as_lambda(COSINE))
    used = used_by(optimizer, scheduler, 15)
    file = io.BytesIO()
    torch.save((optimizer, scheduler), file)
    file.seek(0)
    optimizer, scheduler = torch.load(file, weights_only=False)
    assert used + used_by(optimizer, scheduler, STEPS - 15) == RATES


def test_it_is_a_value():
    assert repr(as_lambda(COSINE, 0.3)) == f"as_lambda({COSINE!r}, base_lr=0.3)"
    assert eval(repr(as_lambda(COSINE, 0.3, keep="code")), vars(lehr) | {"as_lambda": as_lambda}) == as_lambda(
        COSINE, 0.3, keep="code"
    )
    assert len({as_lambda(COSINE), as_lambda(COSINE), as_lambda(COSINE, 2.0)}) == 2
    assert as_lambda(COSINE) != COSINE


def test_a_dead_optimizer_can_not_be_its_base():
    for base_lr in (0, -1.0, float("nan"), "0.1", True):
        with pytest.raises(ValueError, match=r"as_lambda needs a finite number above 0 for `base_lr`"):
            as_lambda(COSINE, base_lr)
    with pytest.raises(ValueError, match="as_lambda needs a Schedule, got 'cosine'"):
        as_lambda("cosine")
    with pytest.raises(ValueError, match="`keep` must be 'checkpoint' or 'code', got 'mine'"):
        as_lambda(COSINE, keep="mine")


def test_the_example():
    assert CHECKED in printed_by_example("with_lambda_lr")
