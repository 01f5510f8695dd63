"""torch's schedulers take one optimizer, and Lightning's `global_step` counts the steps of all optimizers: 16 for 8 batches with two.

A Scheduler takes a list of optimizers as one run, with one schedule, one position and one state.

Reported in https://github.com/Lightning-AI/pytorch-lightning/issues/17958 https://github.com/Lightning-AI/pytorch-lightning/issues/4815
"""

import pytest
import torch
from catalogue.optimizers import adamw, rates_of, recorded, sgd, update
from catalogue.trainers import batches, lightning_trainer, quietly

import lehr
from lehr import Scheduler

COSINE = lehr.cosine(100, max_lr=1.0)


def pair():
    return [sgd(1.0), adamw(0.1)]


def rates(optimizers):
    return [rate for optimizer in optimizers for rate in rates_of(optimizer)]


@pytest.mark.parametrize("follow", [False, True])
def test_one_position_and_each_its_peak(follow):
    both = pair()
    scheduler = Scheduler(both, COSINE, group_scale="ratio")
    if follow:
        scheduler.follow()
    for t in range(100):
        assert rates(both) == [COSINE(t), COSINE(t) * 0.1]
        if t == 50:
            assert rates(both) == pytest.approx([0.5, 0.05], rel=1e-12)
        for optimizer in both:
            update(optimizer)
        if not follow:
            scheduler.step()
    assert scheduler.position == scheduler.updates == 100


@pytest.mark.parametrize("at", [0, 1, 50, 99, 100])
def test_one_state(at):
    both, again = pair(), pair()
    scheduler = Scheduler(both, COSINE, group_scale="ratio")
    scheduler.step(at)
    resumed = Scheduler(again, COSINE, group_scale="ratio")
    resumed.load_state_dict(scheduler.state_dict())
    for _ in range(at, 100):
        assert rates(again) == rates(both)
        scheduler.step()
        resumed.step()
    assert resumed.position == scheduler.position == 100 if at < 100 else at


def test_different_peaks_are_not_flattened_in_silence():
    with pytest.warns(UserWarning, match=r"start at different lr \(1, 0\.1\).*group_scale='ratio'"):
        Scheduler(pair(), COSINE)


def test_a_second_scheduler_for_one_of_them_is_refused():
    both = pair()
    scheduler = Scheduler(both, COSINE, group_scale="ratio")
    with pytest.raises(ValueError, match="AdamW already has a Scheduler for lr"):
        Scheduler(both[1], COSINE)
    assert rates(both) == [1.0, 0.1]
    scheduler.detach()


@pytest.mark.parametrize("follow", [False, True])
def test_two_optimizers_in_lightning(tmp_path, follow):
    lightning = pytest.importorskip("pytorch_lightning")

    class Two(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False
            self.one, self.other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)

        def training_step(self, batch, index):
            for layer, optimizer in zip((self.one, self.other), self.optimizers(), strict=True):
                optimizer.zero_grad()
                self.manual_backward(1e-9 * layer(batch["x"]).sum())
                optimizer.step()
            if not follow:
                self.schedule.step()

        def configure_optimizers(self):
            both = [torch.optim.SGD(self.one.parameters(), lr=1.0), torch.optim.AdamW(self.other.parameters(), lr=0.1)]
            self.schedule = Scheduler(both, COSINE, group_scale="ratio")
            if follow:
                self.schedule.follow()
            self.rates = [recorded(optimizer) for optimizer in both]
            return both

    model, trainer = Two(), lightning_trainer(tmp_path, 1)
    quietly(lambda: trainer.fit(model, batches(8)))
    assert trainer.global_step == 16, "what Lightning counts"
    assert model.schedule.position == 8
    assert model.rates == [[COSINE(t) for t in range(8)], [COSINE(t) * 0.1 for t in range(8)]]


def test_the_peers_still_take_one():
    with pytest.raises((AttributeError, TypeError)):
        torch.optim.lr_scheduler.LambdaLR(pair(), lambda t: 1.0)
    one, other = (torch.optim.lr_scheduler.LinearLR(optimizer) for optimizer in pair())
    with pytest.raises(ValueError, match="optimizer"):
        torch.optim.lr_scheduler.SequentialLR(one.optimizer, [one, other], [5])
