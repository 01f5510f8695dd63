"""Loading a torch state silently replaces the new settings with the old ones, or accepts the state of another scheduler or number of groups.

The settings of code and checkpoint are compared field by field, and a difference is refused unless `keep` says which side holds.

Reported in https://github.com/huggingface/transformers/issues/9099 https://github.com/Lightning-AI/pytorch-lightning/issues/12118 https://github.com/NVIDIA/Megatron-LM/issues/1138
"""

import pytest
import torch
from catalogue.optimizers import rates_of, sgd, update
from catalogue.trainers import Line, Rows, batches, lightning_model, lightning_trainer, quietly

import lehr
from lehr import Scheduler
from lehr.scheduler import StateMismatchError

OLD, NEW = lehr.cosine(100, max_lr=1.0), lehr.cosine(400, max_lr=0.1, min_lr=0.001)


def state_at_50(schedule=OLD, *rates):
    scheduler = Scheduler(sgd(*rates), schedule)
    scheduler.step(50)
    return scheduler.state_dict()


def test_each_difference_is_named():
    optimizer = sgd(0.1)
    scheduler = Scheduler(optimizer, NEW)
    with pytest.raises(StateMismatchError) as caught:
        scheduler.load_state_dict(state_at_50())
    assert sorted(caught.value.differences) == [
        "max_lr: checkpoint 1.0, code 0.1",
        "min_lr: checkpoint 0.0, code 0.001",
        "training_steps: checkpoint 100, code 400",
    ]
    assert all(line in str(caught.value) for line in caught.value.differences)
    assert "keep='checkpoint') or keep='code'" in str(caught.value)
    assert (scheduler.position, scheduler.schedule, rates_of(optimizer)) == (0, NEW, [0.1])


def test_keep_code():
    scheduler = Scheduler(optimizer := sgd(0.1), NEW)
    scheduler.load_state_dict(state_at_50(), keep="code")
    assert rates_of(optimizer) == [NEW(50)]
    scheduler.step()
    assert rates_of(optimizer) == [NEW(51)]


def test_keep_checkpoint():
    scheduler = Scheduler(optimizer := sgd(0.1), NEW)
    scheduler.load_state_dict(state_at_50(), keep="checkpoint")
    assert scheduler.schedule == OLD
    assert rates_of(optimizer) == [OLD(50)]


def test_another_kind_of_schedule():
    scheduler = Scheduler(sgd(), lehr.step_decay(100, max_lr=1.0, decay_steps=30))
    with pytest.raises(StateMismatchError, match="cosine"):
        scheduler.load_state_dict(state_at_50())


def test_another_number_of_groups():
    scheduler = Scheduler(optimizer := sgd(1.0, 1.0), OLD)
    with pytest.raises(StateMismatchError, match="param groups: checkpoint 1, code 2"):
        scheduler.load_state_dict(state_at_50())
    scheduler.load_state_dict(state_at_50(), keep="code")
    assert rates_of(optimizer) == [OLD(50)] * 2


@pytest.mark.parametrize("peak", ["is said", "is the optimizer's"])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_tenth_of_the_rate(peak, kind):
    def build(lr):
        optimizer = kind(torch.nn.Linear(2, 1).parameters(), lr=lr)
        said = {"max_lr": lr} if peak == "is said" else {}
        return optimizer, Scheduler(optimizer, "cosine", 100, **said)

    old, scheduler = build(1.0)
    for _ in range(50):
        update(old)
        scheduler.step()
    new, resumed = build(0.1)
    new.load_state_dict(old.state_dict())
    with pytest.raises(StateMismatchError, match=r"max_lr: checkpoint 1\.0, code 0\.1"):
        resumed.load_state_dict(scheduler.state_dict())
    resumed.load_state_dict(scheduler.state_dict(), keep="code")
    assert rates_of(new) == pytest.approx([0.05], rel=1e-12)


PEAKS = pytest.mark.parametrize("said", [True, False])


@PEAKS
def test_trainer_resumed_with_a_tenth_of_the_rate(tmp_path, said):
    transformers = pytest.importorskip("transformers")

    def trainer(lr):
        model = Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        scheduler = Scheduler(optimizer, "linear", 10, **({"max_lr": lr} if said else {}))
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path), per_device_train_batch_size=1, max_steps=10, use_cpu=True,
            report_to=[], disable_tqdm=True, save_steps=5,
        )  # fmt: skip
        return transformers.Trainer(model, arguments, train_dataset=Rows(4), optimizers=(optimizer, scheduler))

    quietly(trainer(1.0).train)
    with pytest.raises(StateMismatchError, match=r"max_lr: checkpoint 1\.0, code 0\.1"):
        quietly(lambda: trainer(0.1).train(resume_from_checkpoint=str(tmp_path / "checkpoint-5")))


@PEAKS
def test_lightning_resumed_with_a_tenth_of_the_rate(tmp_path, said):
    pytest.importorskip("pytorch_lightning")

    def run(lr, epochs, **resume):
        def build(optimizer):
            return Scheduler(optimizer, "linear", 10, **({"max_lr": lr} if said else {}))

        made = lightning_trainer(tmp_path, epochs)
        quietly(lambda: made.fit(lightning_model(build, lr=lr), batches(5), **resume))
        return made

    path = str(tmp_path / "half.ckpt")
    run(1.0, 1).save_checkpoint(path)
    with pytest.raises(StateMismatchError, match=r"max_lr: checkpoint 1\.0, code 0\.1"):
        run(0.1, 2, ckpt_path=path)


def test_the_peers_still_take_the_old_settings():
    from torch.optim import lr_scheduler

    old = lr_scheduler.CosineAnnealingLR(sgd(), 100)
    new = lr_scheduler.CosineAnnealingLR(sgd(0.1), 400, eta_min=1e-3)
    quietly(lambda: new.load_state_dict(old.state_dict()))
    assert (new.base_lrs, new.T_max, new.eta_min) == ([1.0], 100, 0)
    lr_scheduler.StepLR(sgd(), 30).load_state_dict(old.state_dict())
    two = lr_scheduler.CosineAnnealingLR(sgd(0.1, 0.1), 100)
    two.load_state_dict(old.state_dict())
    assert two.base_lrs == [1.0]


def test_what_the_codes_settings_drop_is_said():
    first = Scheduler(sgd(), lehr.linear(100, max_lr=1.0))
    first.step(50)
    first.dip(0.5, recover=20)
    first.cooldown(10)
    second = Scheduler(optimizer := sgd(), lehr.linear(400, max_lr=1.0))
    with pytest.warns(UserWarning, match=r"drops the changes .*\(dip, cooldown\): the rate goes from 0.25 to 0.875"):
        second.load_state_dict(first.state_dict(), keep="code")
    assert (second.history, optimizer.param_groups[0]["lr"]) == ([], 0.875)
