"""ignite's parameter schedulers, simulated and run in an Engine beside the imported schedule."""

import random

import pytest
import torch

from lehr.importers import from_ignite

handlers = pytest.importorskip("ignite.handlers.param_scheduler")
engines = pytest.importorskip("ignite.engine")

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


def cyclical(kind, generator):
    """The settings of a cyclical scheduler."""
    g = generator
    settings = {
        "start_value": g.uniform(0, 1),
        "end_value": g.uniform(0, 1),
        "cycle_size": g.choice([2, 3, 4, 7, 10, 37]),
    }
    settings |= {"cycle_mult": g.choice([1, 1.0, 2, 1.5]), "start_value_mult": g.choice([1.0, 0.5, 1.1])}
    settings |= {"end_value_mult": g.choice([1.0, 0.5, settings["start_value_mult"]])}
    if kind == "LinearCyclicalScheduler":
        settings |= {"monotonic": g.random() < 0.5}
    if settings.get("monotonic", True):
        settings |= {"warmup_duration": g.choice([0, 0, 1, 5])}
    return settings


@pytest.mark.parametrize("kind", ["LinearCyclicalScheduler", "CosineAnnealingScheduler"])
def test_cycles(kind):
    generator = random.Random(kind)
    for _ in range(100):
        settings = cyclical(kind, generator)
        scheduler = getattr(handlers, kind)(sgd(), "lr", **settings)
        schedule = from_ignite(scheduler, training_steps=EVENTS)
        theirs = [value for _, value in getattr(handlers, kind).simulate_values(EVENTS, param_name="lr", **settings)]
        assert [schedule(t) for t in range(EVENTS)] == pytest.approx(theirs, rel=1e-12, abs=1e-15), settings


def test_piecewise():
    generator = random.Random(5)
    for _ in range(60):
        at = sorted(generator.sample(range(100), generator.randrange(1, 6)))
        pairs = [(t, generator.uniform(0, 1)) for t in at]
        theirs = handlers.PiecewiseLinear.simulate_values(EVENTS, param_name="lr", milestones_values=pairs)
        schedule = from_ignite(handlers.PiecewiseLinear(sgd(), "lr", pairs))
        assert [schedule(t) for t in range(EVENTS)] == pytest.approx([v for _, v in theirs], rel=1e-12, abs=1e-15)


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
    with pytest.raises(ValueError, match="unknown scheduler of ignite 'SGD'"):
        from_ignite(optimizer)
    parts = [
        handlers.PiecewiseLinear(optimizer, "lr", [(0, rate)], param_group_index=i) for i, rate in enumerate((0.1, 0.2))
    ]
    with pytest.raises(ValueError, match="import each of its `schedulers`"):
        from_ignite(handlers.ParamGroupScheduler(parts))
