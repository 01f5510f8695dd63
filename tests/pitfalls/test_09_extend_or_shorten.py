"""A checkpoint resumed with another total length keeps the old length, or its rate jumps: from 0.0955 to 0.9022 in one step in transformers.

`extend` lengthens or shortens a run by a named policy and continues from the present rate; a state of another length is refused unless `keep` says which one holds.

Reported in https://github.com/ultralytics/ultralytics/issues/19467 https://github.com/Lightning-AI/pytorch-lightning/issues/2823 https://github.com/huggingface/transformers/issues/27749
"""

import itertools
import math

import pytest
import torch
from catalogue.optimizers import rates_of, recorded, sgd
from catalogue.trainers import Line, Rows, batches, lightning_model, lightning_trainer, quietly

import lehr
from lehr import Scheduler
from lehr.scheduler import StateMismatchError

COSINE = lehr.cosine(100, max_lr=1.0)


def at_80(schedule=COSINE):
    optimizer = sgd()
    scheduler = Scheduler(optimizer, schedule)
    scheduler.step(80)
    return optimizer, scheduler


def rest(optimizer, scheduler, until):
    rates = rates_of(optimizer)
    while scheduler.position < until:
        scheduler.step()
        rates += rates_of(optimizer)
    return rates


def test_extended_by_default():
    optimizer, scheduler = at_80()
    before = [COSINE(t) for t in range(81)]
    steepest = max(abs(b - a) for a, b in itertools.pairwise(before))
    scheduler.extend(400)
    rates = rest(optimizer, scheduler, 400)
    assert rates[0] == pytest.approx(COSINE(80), rel=1e-12)
    assert max(abs(b - a) for a, b in itertools.pairwise(rates)) <= steepest
    assert rates[399 - 80] <= 0.0 + steepest
    assert max(rates) == rates[0]
    assert rates[-1] == 0.0
    assert [scheduler.schedule(t) for t in range(80)] == before[:80], "the past keeps its rates"


def test_the_named_policies():
    for policy, expected in {
        "stretch": lambda t: COSINE(80 + (t - 80) / 16),
        "hold": lambda t: COSINE(max(80, t - 300)),
        "replan": lambda t: lehr.cosine(400, max_lr=1.0)(t),
        "restart": lambda t: COSINE((t - 80) * 100 / 320),
    }.items():
        optimizer, scheduler = at_80()
        scheduler.extend(400, policy=policy)
        assert rest(optimizer, scheduler, 400) == pytest.approx([expected(t) for t in range(80, 401)], abs=1e-12), (
            policy
        )


def test_shortened():
    optimizer, scheduler = at_80()
    scheduler.extend(90)
    rates = rest(optimizer, scheduler, 90)
    assert rates[0] == COSINE(80)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0.0


def test_a_run_that_is_over_goes_on_at_its_last_rate_or_as_said():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lehr.cosine(100, max_lr=1.0, min_lr=0.1))
    scheduler.step(100)
    scheduler.extend(120)
    assert set(rest(optimizer, scheduler, 120)) == {0.1}


def test_it_survives_a_checkpoint():
    optimizer, scheduler = at_80()
    scheduler.extend(400, why="more data")
    scheduler.step(200)
    again = sgd()
    resumed = Scheduler(again, COSINE)
    resumed.load_state_dict(scheduler.state_dict())
    assert rest(again, resumed, 400) == rest(optimizer, scheduler, 400)
    assert "extend" in resumed.report()
    assert "more data" in resumed.report()


@pytest.mark.parametrize("wrong", [80, 79, 0, -1, "soon"])
def test_what_is_not_ahead_is_refused(wrong):
    optimizer, scheduler = at_80()
    with pytest.raises(ValueError, match="training_steps"):
        scheduler.extend(wrong)
    assert (scheduler.schedule, scheduler.history, rates_of(optimizer)) == (COSINE, [], [COSINE(80)])


def test_a_state_of_another_length_is_refused_with_both_lengths():
    _, old = at_80()
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lehr.cosine(400, max_lr=1.0))
    with pytest.raises(StateMismatchError, match=r"training_steps: checkpoint 100, code 400"):
        scheduler.load_state_dict(old.state_dict())
    assert (scheduler.position, rates_of(optimizer)) == (0, [1.0])

    scheduler.load_state_dict(old.state_dict(), keep="code")
    assert rates_of(optimizer) == [lehr.cosine(400, max_lr=1.0)(80)]
    scheduler.load_state_dict(old.state_dict(), keep="checkpoint")
    scheduler.extend(400)
    assert rates_of(optimizer) == pytest.approx([COSINE(80)], rel=1e-12)


def trainer(tmp_path, steps, build):
    transformers = pytest.importorskip("transformers")
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = build(optimizer)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=1, max_steps=steps, use_cpu=True,
        report_to=[], disable_tqdm=True, save_steps=5,
    )  # fmt: skip
    made = transformers.Trainer(model, arguments, train_dataset=Rows(4), optimizers=(optimizer, scheduler))
    return made, recorded(optimizer), scheduler


def test_trainer_resumed_with_more_steps(tmp_path):
    def resume(build):
        longer, rates, scheduler = trainer(tmp_path, 40, build)
        quietly(lambda: longer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-5")))
        return rates, scheduler

    linear = lehr.linear(10, max_lr=1.0)
    first, _, _ = trainer(tmp_path, 10, lambda optimizer: Scheduler(optimizer, linear))
    quietly(first.train)
    with pytest.raises(StateMismatchError, match=r"training_steps: checkpoint 10, code 40"):
        resume(lambda optimizer: Scheduler(optimizer, lehr.linear(40, max_lr=1.0)))

    first, _, scheduler = trainer(tmp_path, 5, lambda optimizer: Scheduler(optimizer, linear))
    quietly(first.train)
    scheduler.extend(40)
    torch.save(scheduler.state_dict(), tmp_path / "checkpoint-5" / "scheduler.pt")
    rates, _ = resume(lambda optimizer: Scheduler(optimizer, linear))
    assert rates == pytest.approx([0.5 * (40 - t) / 35 for t in range(5, 40)], abs=1e-12)


def test_lightning_resumed_with_more_epochs(tmp_path):
    pytest.importorskip("pytorch_lightning")

    def run(epochs, steps, **resume):
        model = lightning_model(lambda optimizer: Scheduler(optimizer, lehr.cosine(steps, max_lr=1.0)))
        made = lightning_trainer(tmp_path, epochs)
        quietly(lambda: made.fit(model, batches(1), **resume))
        return made

    path = str(tmp_path / "last.ckpt")
    run(4, 4).save_checkpoint(path)
    with pytest.raises(StateMismatchError, match=r"training_steps: checkpoint 4, code 12"):
        run(12, 12, ckpt_path=path)


def test_the_peer_still_jumps():
    def cosine(total):
        return lambda t: max(0.0, 0.5 * (1 + math.cos(math.pi * t / total)))

    old = torch.optim.lr_scheduler.LambdaLR(sgd(), cosine(100))
    for _ in range(80):
        quietly(old.step)
    optimizer = sgd()
    new = torch.optim.lr_scheduler.LambdaLR(optimizer, cosine(400))
    new.load_state_dict(old.state_dict())
    assert new.get_last_lr() == pytest.approx([0.0955], abs=1e-4)
    quietly(new.step)
    assert rates_of(optimizer) == pytest.approx([0.9022], abs=1e-3)
