"""Where iterations are converted to samples with one batch size, a batch-size ramp-up makes the warmup twice as long, and the decay never ends.

A schedule in samples or tokens advances by what was consumed, so the rate is right for any sequence of batch sizes.

Reported in https://github.com/NVIDIA-NeMo/Megatron-Bridge/issues/2609 https://github.com/allenai/OLMo/pull/411
"""

import random

import pytest
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Scheduler

ITERATIONS, BATCH = 100, 16
IN_STEPS = lehr.wsd(ITERATIONS, 10, max_lr=1.0, decay_steps=20, decay_shape="linear")
IN_SAMPLES = lehr.wsd(ITERATIONS * BATCH, 10 * BATCH, max_lr=1.0, decay_steps=20 * BATCH, decay_shape="linear")


def ramped(consumed):
    """Batches of 8 for the first 160 samples, then of 16."""
    return 8 if consumed < 160 else BATCH


def in_samples(batch_of, total=ITERATIONS * BATCH, unit="samples"):
    """(consumed before the update, its rate) for each update of a run."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, IN_SAMPLES, unit=unit)
    seen, consumed = [], 0
    while consumed < total:
        seen.append((consumed, update(optimizer)))
        batch = min(batch_of(consumed), total - consumed)
        consumed += batch
        scheduler.advance(batch)
        assert scheduler.position == consumed
    return seen, rates_of(optimizer)


def test_in_iterations():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, IN_STEPS)
    rates = []
    for _ in range(ITERATIONS):
        rates.append(update(optimizer))
        scheduler.step()
    assert rates.index(1.0) == 10
    assert rates[80] == 1.0 > rates[81]
    assert rates[-1] == pytest.approx(0.05, rel=1e-12)
    assert rates_of(optimizer) == [0.0]


def test_the_ramp_in_samples_ends_where_it_should():
    seen, last = in_samples(ramped)
    rates = dict(seen)
    assert min(consumed for consumed, rate in seen if rate == 1.0) == 160  # a tenth of the samples
    assert max(consumed for consumed, rate in seen if rate == 1.0) == 1280  # and four fifths
    assert rates[1584] == pytest.approx(0.05, rel=1e-12)
    assert last == [0.0]


@pytest.mark.parametrize("unit", ["samples", "tokens"])
def test_equal_consumption_gives_equal_rates(unit):
    shuffled = random.Random(0)
    constant, _ = in_samples(lambda _: BATCH, unit=unit)
    for batch_of in (ramped, lambda _: 1, lambda _: shuffled.randint(1, 100), lambda _: 1600):
        seen, last = in_samples(batch_of, unit=unit)
        assert all(rate == IN_SAMPLES(consumed) for consumed, rate in seen)
        assert dict(seen).items() & dict(constant).items() >= {(0, constant[0][1])}
        assert last == [0.0]


def test_it_agrees_with_the_same_schedule_in_steps():
    seen, _ = in_samples(lambda _: BATCH)
    # The first update differs: a warmup wastes none, so the first gets the rate of one unit, be it step or sample.
    assert [rate for _, rate in seen[1:]] == pytest.approx([IN_STEPS(t) for t in range(1, ITERATIONS)], rel=1e-12)


@pytest.mark.parametrize("n", [-1, 2.5, True, float("nan"), None, "16"])
def test_what_was_not_consumed_is_refused(n):
    scheduler = Scheduler(optimizer := sgd(), IN_SAMPLES, unit="samples")
    scheduler.advance(800)
    before = rates_of(optimizer)
    with pytest.raises(ValueError, match="an integer of at least 0 for `n`"):
        scheduler.advance(n)
    assert (scheduler.position, rates_of(optimizer)) == (800, before)


@pytest.mark.parametrize("move", [lambda s: s.step(), lambda s: s.follow(), lambda s: s.step(metric=1.0)])
def test_how_much_an_update_consumes_is_not_guessed(move):
    scheduler = Scheduler(optimizer := sgd(), IN_SAMPLES, unit="samples")
    scheduler.advance(800)
    before = scheduler.state_dict(), rates_of(optimizer)
    with pytest.raises(ValueError, match=r"not known how many samples an update consumes: give .*per_update=.*advance"):
        move(scheduler)
    assert (scheduler.state_dict(), rates_of(optimizer)) == before


def test_a_change_between_an_update_and_its_samples():
    """It is not known yet where the next update is, so the change holds from the samples that are."""
    scheduler = Scheduler(optimizer := sgd(), IN_SAMPLES, unit="samples")
    scheduler.advance(800)
    update(optimizer)
    scheduler.cooldown(100)
    assert scheduler.history[0].position == scheduler.state_dict()["position"] == 800


def test_the_arithmetic_of_the_peer_still_misses_its_end():
    """Megatron multiplies iterations by the full batch, whatever was consumed."""
    consumed, rates = 0, []
    for _ in range(ITERATIONS):
        rates.append(IN_SAMPLES(consumed))
        consumed += ramped(consumed)
    assert rates.index(1.0) == 20
    assert rates[90] == 1.0 > rates[91]
    assert rates[-1] == pytest.approx(0.55)
