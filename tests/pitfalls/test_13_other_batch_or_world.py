"""After a change of batch size or world size a position in steps means another number of samples: Trainer resumes at `max_steps` and trains no step.

A run continues at the samples that were consumed: exactly with a schedule in samples, and at the nearest step with a schedule in steps that knows `samples_per_step`.

Reported in https://github.com/huggingface/transformers/issues/22580 https://github.com/open-mmlab/mmdetection/issues/3800
"""

import pytest
import torch
from catalogue.optimizers import adamw, recorded, update
from catalogue.processes import on_ranks
from catalogue.trainers import Line, Rows, quietly

import lehr
from lehr import Scheduler

SAMPLES = 40
LINEAR = lehr.linear(SAMPLES, max_lr=1.0)
LATER = [0.5, 0.3, 0.1]


def in_samples(optimizer, per_update):
    return Scheduler(optimizer, LINEAR, unit="samples", per_update=per_update)


def epoch(scheduler, optimizer, updates):
    """Updates by a scheduler that listens; the rates they had."""
    rates = recorded(optimizer)
    scheduler.follow()
    for _ in range(updates):
        update(optimizer)
    return rates


def test_twice_the_batch_after_half_the_data():
    first = adamw()
    scheduler = in_samples(first, 4)
    assert epoch(scheduler, first, 5) == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6], abs=1e-12)

    second = adamw()
    resumed = in_samples(second, 8)
    second.load_state_dict(first.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert resumed.position == 20
    rates = recorded(second)
    resumed.follow()
    update(second)
    update(second)
    with pytest.warns(UserWarning, match="past the end"):  # 8 more, of which the data have 4
        update(second)
    assert rates == pytest.approx(LATER, abs=1e-12)
    assert resumed.position >= SAMPLES


def test_by_hand_with_batches_of_any_size():
    scheduler = in_samples(adamw(), 4)
    for _ in range(5):
        scheduler.advance(4)
    resumed = in_samples(optimizer := adamw(), 8)
    resumed.load_state_dict(scheduler.state_dict())
    for batch, consumed in [(8, 28), (8, 36), (3, 39), (1, 40)]:
        resumed.advance(batch)
        assert optimizer.param_groups[0]["lr"] == LINEAR(consumed)


def test_the_units_of_a_checkpoint_are_compared():
    steps = Scheduler(adamw(), LINEAR)
    with pytest.raises(ValueError, match=r"unit: checkpoint 'steps', code 'samples'"):
        in_samples(adamw(), 8).load_state_dict(steps.state_dict())


def in_steps(optimizer, batch, steps=None):
    return Scheduler(optimizer, lehr.linear(steps or SAMPLES // batch, max_lr=1.0), samples_per_step=batch)


def saved_after(updates, batch):
    scheduler = in_steps(optimizer := adamw(), batch)
    for t in range(updates):
        scheduler.step(t)
        update(optimizer)
    return scheduler.state_dict()


def test_a_schedule_in_steps_goes_on_at_equal_samples():
    state = saved_after(6, 4)  # 24 samples
    resumed = in_steps(optimizer := adamw(), 8)
    with pytest.raises(ValueError, match="training_steps: checkpoint 10, code 5"):
        resumed.load_state_dict(state)
    with pytest.warns(UserWarning, match="step 6 of 4 samples each, 24 samples; with 8 samples a step, .* at step 3$"):
        resumed.load_state_dict(state, keep="code")
    assert (resumed.position, resumed.updates) == (3, 6)
    assert optimizer.param_groups[0]["lr"] == resumed.schedule(3) == 0.4  # of 40 samples, 24 are gone
    twice = resumed.state_dict()
    again = in_steps(adamw(), 4)
    with pytest.warns(UserWarning, match="at step 6$"):
        again.load_state_dict(twice, keep="code")
    assert again.position == 6


def test_to_the_nearest_step_which_is_said():
    with pytest.warns(UserWarning, match=r"at step 2, the nearest: exactly it is 2\.5"):
        (resumed := in_steps(adamw(), 8)).load_state_dict(saved_after(5, 4), keep="code")
    assert resumed.position == 2


@pytest.mark.parametrize("batches", [(4, None), (None, 8), (4, 4)])
def test_what_is_not_known_or_the_same_converts_nothing(batches):
    first, second = (Scheduler(adamw(), LINEAR, samples_per_step=batch) for batch in batches)
    first.step(5)
    second.load_state_dict(first.state_dict())
    assert second.position == 5


def test_changes_of_the_run_are_not_moved_to_other_steps():
    scheduler = in_steps(adamw(), 4)
    scheduler.step(3)
    scheduler.dip(0.5, recover=2)
    resumed = in_steps(optimizer := adamw(), 8, steps=10)
    before = optimizer.param_groups[0]["lr"]
    with pytest.raises(ValueError, match=r"changes made at steps of 4 samples.*keep='code'"):
        resumed.load_state_dict(scheduler.state_dict())
    assert (resumed.position, optimizer.param_groups[0]["lr"], resumed.history) == (0, before, [])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"samples_per_step": 0}, "an integer of at least 1 for `samples_per_step`, got 0"),
        ({"samples_per_step": 4, "unit": "samples"}, "belongs to a schedule in steps, and this one is in samples"),
        ({"per_update": 4}, "in steps an update is one step, got per_update=4"),
    ],
)
def test_what_an_update_consumes_is_said_in_one_way(settings, words):
    with pytest.raises(ValueError, match=words):
        Scheduler(adamw(), LINEAR, **settings)


def on_a_rank(path, updates, resume):
    """Some updates of a model on several ranks, with 2 samples in each; the rates, and the position."""
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0)
    scheduler = in_samples(optimizer, 2 * torch.distributed.get_world_size())
    if resume:
        saved = torch.load(path, weights_only=True)
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
    scheduler.follow()
    rates = recorded(optimizer)
    for _ in range(updates):
        model(torch.ones(2, 2)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    if not resume and torch.distributed.get_rank() == 0:
        torch.save({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, path)
    return rates, scheduler.position


def test_two_real_processes_and_then_four(tmp_path):
    path = str(tmp_path / "checkpoint.pt")
    for rates, position in on_ranks(on_a_rank, 2, path, 5, False):
        assert rates == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6], abs=1e-12)
        assert position == 20
    for rates, position in on_ranks(on_a_rank, 4, path, 3, True):
        assert rates == pytest.approx(LATER, abs=1e-12)
        assert position == 44


def test_the_peer_still_runs_no_step(tmp_path):
    transformers = pytest.importorskip("transformers")

    def trainer(batch, **options):
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path), per_device_train_batch_size=batch, num_train_epochs=1, use_cpu=True,
            report_to=[], disable_tqdm=True, save_steps=5, **options,
        )  # fmt: skip
        return transformers.Trainer(Line(), arguments, train_dataset=Rows(SAMPLES))

    quietly(trainer(4).train)
    other = trainer(8)
    used = []
    other.create_optimizer()
    other.optimizer.register_step_post_hook(lambda *_: used.append(1))
    quietly(lambda: other.train(resume_from_checkpoint=str(tmp_path / "checkpoint-5")))
    assert used == []
