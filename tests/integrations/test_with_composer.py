"""A Scheduler under what Composer does with it.

Composer is not installed here: it needs an older torch. `Trainer` below is a stand-in of its contract (Composer 0.32,
composer/trainer/trainer.py): a scheduler of torch is stepped at the end of each epoch, or after each batch; its state
is saved by the name of its class; and torch makes an update at the rate 0 to create the optimizer's state before a
checkpoint is loaded.
"""

import pytest
import torch
from catalogue.optimizers import recorded, through_a_file
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict

import lehr

EPOCHS, BATCHES = 4, 10
STEPS = EPOCHS * BATCHES
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = [COSINE(t) for t in range(STEPS)]


class Trainer:
    """Composer's loop and checkpoint, as far as a scheduler sees them."""

    def __init__(self, follow, saved=None):
        self.model = torch.nn.Linear(2, 1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.3)
        scheduler = lehr.Scheduler(self.optimizer, COSINE)
        self.scheduler = scheduler.follow() if follow else scheduler
        self.every_batch, self.batch = not follow, 0
        assert isinstance(scheduler, torch.optim.lr_scheduler.LRScheduler)  # else it is called with Composer's state
        if saved:
            get_optimizer_state_dict(self.model, self.optimizer)
            self.batch = saved["batch"]
            set_optimizer_state_dict(self.model, self.optimizer, saved["optimizer"])
            self.scheduler.load_state_dict(saved["schedulers"][type(scheduler).__qualname__])
        self.rates = recorded(self.optimizer)

    def fit(self, batches):
        while self.batch < batches:
            self.optimizer.zero_grad()
            self.model(torch.ones(2)).sum().backward()
            self.optimizer.step()
            self.batch += 1
            if self.every_batch or self.batch % BATCHES == 0:
                self.scheduler.step()
        return self

    def save(self):
        optimizer = get_optimizer_state_dict(self.model, self.optimizer)
        schedulers = {type(self.scheduler).__qualname__: self.scheduler.state_dict()}
        return through_a_file({"batch": self.batch, "optimizer": optimizer, "schedulers": schedulers})


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("stop", [17, 20])
def test_each_update_uses_the_rate_also_after_a_resume(stop, follow):
    first = Trainer(follow).fit(stop)
    second = Trainer(follow, first.save()).fit(STEPS)
    assert first.rates == RATES[:stop]
    assert second.rates == RATES[stop:]
