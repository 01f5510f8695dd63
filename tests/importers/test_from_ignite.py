"""ignite's parameter schedulers, called event by event and run in an Engine beside the imported schedule."""

import pytest
import torch

from lehr.importers import from_ignite
from lehr.importers.comparing import difference

handlers = pytest.importorskip("ignite.handlers.param_scheduler")
engines = pytest.importorskip("ignite.engine")
bench = pytest.importorskip("benchmarks.importers")

EVENTS = 150


def sgd(lr=1.0, groups=1):
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)], lr=lr)


def in_an_engine(scheduler, optimizer, events=EVENTS):
    """The rate that each iteration of a real Engine uses."""
    used = []
    engine = engines.Engine(lambda engine, batch: used.append(optimizer.param_groups[0]["lr"]))
    engine.add_event_handler(engines.Events.ITERATION_STARTED, scheduler)
    engine.run([0] * events)
    return used


@pytest.mark.parametrize("family", bench.families("ignite"))
def test_every_scheduler(family):
    """With drawn settings, called event by event."""
    for c in bench.families("ignite")[family]():
        assert difference(c.schedule(), c.original(c.steps)).largest < 1e-12, c.config


def concatenated(optimizer):
    first = handlers.LinearCyclicalScheduler(optimizer, "lr", 0.1, 1.0, 8)
    second = handlers.CosineAnnealingScheduler(optimizer, "lr", 1.0, 0.2, 13, start_value_mult=0.5)
    third = handlers.PiecewiseLinear(optimizer, "lr", [(3, 0.5), (9, 0.1)])
    return handlers.ConcatScheduler([first, second, third], [11, 40])


def with_warmup(optimizer, duration=5, top=1.0):
    decay = handlers.CosineAnnealingScheduler(optimizer, "lr", 1.0, 0.2, 21)
    return handlers.create_lr_scheduler_with_warmup(decay, 0.0, duration, top)


@pytest.mark.parametrize(
    "build",
    [
        concatenated,
        with_warmup,
        lambda optimizer: with_warmup(optimizer, duration=2),
        lambda optimizer: with_warmup(optimizer, top=0.7),
    ],
    ids=["concatenated", "warmup", "a warmup of 2", "a warmup to another value"],
)
def test_an_engine(build):
    optimizer = sgd()
    scheduler = build(optimizer)
    schedule = from_ignite(scheduler)
    assert [schedule(t) for t in range(EVENTS)] == pytest.approx(
        in_an_engine(scheduler, optimizer), rel=1e-12, abs=1e-15
    )


def test_rates_to_check_by_hand():
    """Up and down in 4; the end's value is reached by the last event of the warmup, the third, and not after it."""
    wave = from_ignite(handlers.LinearCyclicalScheduler(sgd(), "lr", 0.0, 1.0, 4))
    assert [wave(t) for t in range(6)] == [0, 0.5, 1, 0.5, 0, 0.5]
    warmed = from_ignite(with_warmup(sgd(), duration=3))
    assert [round(warmed(t), 9) for t in range(4)] == [0, 0.5, 1, 0.99553233]


def test_what_is_refused():
    optimizer = sgd(groups=2)
    begun = handlers.CosineAnnealingScheduler(sgd(), "lr", 1.0, 0.2, 4)
    begun(None)
    with pytest.raises(ValueError, match="has begun, at event 1"):
        from_ignite(begun)
    torch_scheduler = torch.optim.lr_scheduler.ExponentialLR(sgd(), 0.9)
    with pytest.raises(ValueError, match="import that one with from_torch"):
        from_ignite(handlers.LRScheduler(torch_scheduler))
    growing = handlers.CosineAnnealingScheduler(sgd(), "lr", 1.0, 0.2, 4, cycle_mult=1.5)
    with pytest.raises(ValueError, match="give the events of the run as training_steps="):
        from_ignite(growing)
    shrinking = handlers.CosineAnnealingScheduler(sgd(), "lr", 1.0, 0.2, 4, cycle_mult=0.5)
    with pytest.raises(ValueError, match="comes to a cycle of length 0"):
        from_ignite(shrinking, training_steps=99)
    with pytest.raises(ValueError, match="ExponentialLR is a scheduler of torch: import it with from_torch"):
        from_ignite(torch_scheduler)
    with pytest.raises(ValueError, match="unknown scheduler of ignite 'SGD'"):
        from_ignite(optimizer)
    parts = [
        handlers.PiecewiseLinear(optimizer, "lr", [(0, rate)], param_group_index=i) for i, rate in enumerate((0.1, 0.2))
    ]
    with pytest.raises(ValueError, match="import each of its `schedulers`"):
        from_ignite(handlers.ParamGroupScheduler(parts))
