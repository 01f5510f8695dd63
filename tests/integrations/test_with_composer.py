"""`as_composer` under what Composer does with it.

Composer is not installed here. `Trainer` below is a stand-in of its contract (composer/optim/scheduler.py,
`compile_composer_scheduler`): the number of parameters of the scheduler's signature decides whether it gets the
scale_schedule_ratio; a LambdaLR that ignores its own count multiplies the optimizer's rate by what the scheduler says
for ``state.timestamp``; it is stepped after the timestamp has advanced.
"""

import inspect
import pickle
from dataclasses import dataclass, field, replace

import pytest
import torch
from catalogue.optimizers import sgd, update

import lehr
from lehr.integrations import as_composer

STEPS, BASE = 40, 0.3
COSINE = lehr.cosine(STEPS, "10%", max_lr=BASE)


@dataclass(frozen=True)
class Time:
    value: int


@dataclass(frozen=True)
class Timestamp:
    epoch: Time = Time(0)
    batch: Time = Time(0)
    sample: Time = Time(0)
    token: Time = Time(0)


@dataclass
class State:
    timestamp: Timestamp = field(default_factory=Timestamp)


class Trainer:
    """Composer's loop and checkpoint, as far as a scheduler sees them."""

    def __init__(self, scheduler, ssr=1.0, samples_per_batch=8, batches_per_epoch=10):
        self.state, self.optimizer = State(), sgd(BASE)
        self.sizes = samples_per_batch, batches_per_epoch
        if len(inspect.signature(scheduler).parameters) == 1:
            assert ssr == 1.0, "Composer refuses it"
            self.factor = lambda step: scheduler(self.state)
        else:
            self.factor = lambda step: scheduler(self.state, ssr)
        self.compiled = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self.factor)

    def fit(self, batches):
        rates = []
        for _ in range(batches):
            rates.append(update(self.optimizer))
            done = self.state.timestamp.batch.value + 1
            samples, batches_per_epoch = self.sizes
            self.state.timestamp = Timestamp(
                Time(done // batches_per_epoch), Time(done), Time(done * samples), Time(done * samples * 16)
            )
            self.compiled.step()
        return rates

    def save(self):
        return {"timestamp": self.state.timestamp, "optimizer": self.optimizer.state_dict()}

    def load(self, saved):
        self.state.timestamp = replace(saved["timestamp"])
        self.optimizer.load_state_dict(saved["optimizer"])


def test_each_update_uses_the_rate_also_after_a_resume():
    first = Trainer(as_composer(COSINE, BASE))
    before = first.fit(15)
    second = Trainer(as_composer(COSINE, BASE))
    second.load(first.save())
    assert before + second.fit(STEPS - 15) == pytest.approx([COSINE(t) for t in range(STEPS)], rel=1e-15)


@pytest.mark.parametrize(("unit", "size"), [("samples", 8), ("tokens", 128)])
def test_other_units(unit, size):
    schedule = lehr.Ramp(BASE, 0.0, STEPS * size)
    rates = Trainer(as_composer(schedule, BASE, unit=unit)).fit(STEPS)
    assert rates == pytest.approx([schedule(size * t) for t in range(STEPS)], rel=1e-15)


def test_epochs():
    schedule = lehr.Table([0.3, 0.2, 0.1])
    rates = Trainer(as_composer(schedule, BASE, unit="epochs")).fit(30)
    assert rates == pytest.approx([0.3] * 10 + [0.2] * 10 + [0.1] * 10, rel=1e-15)


@pytest.mark.parametrize("ssr", [0.5, 2.0])
def test_the_schedule_is_scaled_as_a_whole(ssr):
    rates = Trainer(as_composer(COSINE, BASE), ssr).fit(int(STEPS * ssr))
    assert rates == pytest.approx([COSINE(t / ssr) for t in range(int(STEPS * ssr))], rel=1e-15)


def test_it_is_a_value():
    factor = as_composer(COSINE, BASE)
    assert (
        pickle.loads(pickle.dumps(factor))
        == factor
        == eval(repr(factor), vars(lehr) | {type(factor).__name__: type(factor)})
    )
    assert factor != as_composer(COSINE)


def test_refusals_say_why():
    with pytest.raises(ValueError, match=r"unknown unit 'batches'; .*Available: steps, epochs, samples, tokens"):
        as_composer(COSINE, unit="batches")
    with pytest.raises(ValueError, match="as_composer needs a Schedule, got 'cosine'"):
        as_composer("cosine")
    with pytest.raises(ValueError, match="as_composer needs a finite number above 0 for `base_lr`, got 0"):
        as_composer(COSINE, 0)
    with pytest.raises(ValueError, match="above 0 for `ssr`"):
        as_composer(COSINE)(State(), 0)
