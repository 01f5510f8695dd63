"""SequentialLR and ChainedScheduler of torch, in each other too: what really happens at each seam."""

import pytest
from catalogue.trainers import quietly
from hypothesis import given, settings
from hypothesis import strategies as st
from stepped import DRIFT_OF_COSINE, adam, assert_reads, assert_same, sgd, used
from torch.optim import lr_scheduler as torch_schedulers
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)
from torch.optim.swa_utils import SWALR

import lehr
from lehr.importers import from_torch
from lehr.importers.comparing import difference

bench = pytest.importorskip("benchmarks.importers")

FACTORS = [
    lambda o: ConstantLR(o, 0.5, 3),
    lambda o: LinearLR(o, 0.1, 1.0, 5),
    lambda o: StepLR(o, 4, 0.5),
    lambda o: MultiStepLR(o, [0, 2, 9], 0.7),
    lambda o: ExponentialLR(o, 0.9),
    lambda o: PolynomialLR(o, 11, 2.0),
    lambda o: CosineAnnealingLR(o, 40),
]
OTHERS = [
    lambda o: CosineAnnealingLR(o, 7, 0.05),
    lambda o: CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    lambda o: CyclicLR(o, 0.05, 0.4, 3, 2, mode="triangular2"),
    lambda o: OneCycleLR(o, 0.4, 70),
    lambda o: SWALR(o, 0.02, 6),
    lambda o: SWALR(o, 0.02, 0),
]
LEAVES = FACTORS + OTHERS


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=4), st.data())
def test_one_after_another(builds, data):
    """Milestones of 0 and equal ones too; each constructor changes the rate that the next one finds."""
    milestones = sorted(data.draw(st.lists(st.integers(0, 20), min_size=len(builds) - 1, max_size=len(builds) - 1)))

    def build(optimizer):
        return SequentialLR(optimizer, [part(optimizer) for part in builds], milestones)

    assert_reads(build, 60, data.draw(st.sampled_from([sgd, adam])), (0.3,), drift=DRIFT_OF_COSINE, after="peer")
    driven = [part for part in builds if part in (OTHERS[2], OTHERS[3])]
    if driven:
        assert_reads(build, 60, rates=(0.3,), key="momentum", after="peer")


def test_the_momentum_before_its_scheduler_begins():
    """It is what the last constructor has left: 0.95 of OneCycleLR, though CyclicLR with its 0.9 comes before it."""

    def build(optimizer):
        return SequentialLR(optimizer, [part(optimizer) for part in (FACTORS[0], OTHERS[2], OTHERS[3])], [3, 8])

    schedule = assert_reads(build, 60, key="momentum", after="peer")
    assert (schedule(2), schedule(3)) == (0.95, 0.9)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(FACTORS), min_size=1, max_size=4))
def test_a_chain_of_factors_is_their_product(builds):
    quietly(lambda: assert_reads(lambda o: ChainedScheduler([part(o) for part in builds]), 40, rates=(0.3,)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=3), st.sampled_from(OTHERS[1:3]))
def test_a_rate_of_its_own_writes_over_the_chain_before_it(builds, last):
    assert_reads(lambda o: ChainedScheduler([*(part(o) for part in builds), last(o)]), 40)


def chain_first(o):
    return SequentialLR(o, [ChainedScheduler([ConstantLR(o, 0.5, 2), ExponentialLR(o, 0.9)]), StepLR(o, 3, 0.8)], [5])


def cosine_chain_first(o):
    chain = ChainedScheduler([ConstantLR(o, 0.5, 2), CosineAnnealingLR(o, 9)])
    return SequentialLR(o, [chain, ExponentialLR(o, 0.8)], [5])


def cosine_of_one_step_first(o):
    return SequentialLR(o, [ChainedScheduler([CosineAnnealingLR(o, 1, 0.25)]), ExponentialLR(o, 0.8)], [5])


def sequence_first(o):
    inner = SequentialLR(o, [ConstantLR(o, 0.5, 100), ExponentialLR(o, 0.9)], [3])
    return SequentialLR(o, [inner, ExponentialLR(o, 0.8)], [7])


def sequence_in_sequence_in_sequence(o):
    inner = SequentialLR(o, [PolynomialLR(o, 8), ConstantLR(o, 0.3, 3)], [4])
    middle = SequentialLR(o, [inner, ConstantLR(o, 0.5, 100)], [9])
    return SequentialLR(o, [middle, ExponentialLR(o, 0.8)], [17])


def milestone_at_once(o):
    inner = SequentialLR(o, [ConstantLR(o, 0.5, 100), ExponentialLR(o, 0.9)], [1])
    return SequentialLR(o, [inner, ExponentialLR(o, 0.8)], [7])


def chain_in_chain(o):
    inner = ChainedScheduler([LinearLR(o, 0.1, 1.0, 4), StepLR(o, 3, 0.5)])
    return ChainedScheduler([inner, MultiStepLR(o, [0, 2])])


def chain_of_one_sequence(o):
    return ChainedScheduler([SequentialLR(o, [ConstantLR(o, 0.5, 100), ExponentialLR(o, 0.9)], [3])])


NESTED = [
    chain_first,
    cosine_chain_first,
    cosine_of_one_step_first,
    sequence_first,
    sequence_in_sequence_in_sequence,
    milestone_at_once,
    chain_in_chain,
    chain_of_one_sequence,
]


@pytest.mark.parametrize("build", NESTED)
def test_nested(build):
    """In the first part of a SequentialLR torch steps an inner one once too often; that is reproduced."""
    assert_reads(build, 40, after="peer")


def test_the_clock_of_an_inner_sequence_is_ahead():
    """Its milestone of 3 comes at update 2."""
    schedule = from_torch(quietly(lambda: sequence_first(sgd(1.0))))
    assert [schedule(step) for step in range(4)] == pytest.approx([0.5, 0.5, 1.0, 0.9])


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(LEAVES), st.sampled_from(LEAVES), st.sampled_from(LEAVES), st.integers(2, 9), st.integers(1, 12))
def test_drawn_nestings(first, second, third, inner_at, outer_at):
    def build(optimizer):
        inner = SequentialLR(optimizer, [first(optimizer), second(optimizer)], [inner_at])
        return SequentialLR(optimizer, [inner, third(optimizer)], [outer_at])

    if first in OTHERS[-2:]:
        with pytest.raises(ValueError, match=r"SWALR counts its steps anew.*tabulate=N"):
            from_torch(quietly(lambda: build(sgd(0.3))), after="peer")
        assert_reads(build, 40, rates=(0.3,), tabulate=40)
    else:
        assert_reads(build, 40, rates=(0.3,), drift=DRIFT_OF_COSINE, after="peer")


# What is no product, and what torch itself cannot run.


@pytest.mark.parametrize(
    "builds",
    [
        [FACTORS[1], OTHERS[0]],
        [OTHERS[1], FACTORS[4]],
        [FACTORS[4], OTHERS[4]],
        [lambda o: SequentialLR(o, [FACTORS[0](o), FACTORS[4](o)], [3]), FACTORS[4]],
        [FACTORS[4], lambda o: LambdaLR(o, lambda step: 1 / (1 + step))],
    ],
    ids=["floor", "restarts", "SWALR", "sequence", "lambda"],
)
def test_a_chain_that_is_no_product_is_tabulated_on_request(builds):
    def build(optimizer):
        return ChainedScheduler([part(optimizer) for part in builds])

    with pytest.raises(ValueError, match=r"tabulate=N keeps the rates of N steps"):
        from_torch(build(sgd(1.0)))
    assert isinstance(assert_reads(build, 30, rates=(0.3,), tabulate=30), lehr.Table)


def test_a_chain_past_the_end_of_its_cosine():
    """Within its length it is a product; after it torch starts from the cosine's own base, so no product says it."""

    def build(optimizer):
        return ChainedScheduler([ExponentialLR(optimizer, 0.9), CosineAnnealingLR(optimizer, 6)])

    with pytest.warns(UserWarning, match=r"CosineAnnealingLR rises again after step 6; .* value, 0, there$"):
        schedule = from_torch(build(sgd(1.0)))
    optimizer = sgd(1.0)
    assert_same([schedule(step) for step in range(7)], used(optimizer, build(optimizer), 7))
    assert_reads(build, 20, after="peer", tabulate=20)


def test_a_cosine_that_ends_inside_a_sequence_rises_there_as_torchs():
    """That is within the run, so ``after`` has no say in it."""

    def build(optimizer):
        return SequentialLR(optimizer, [CosineAnnealingLR(optimizer, 4), ExponentialLR(optimizer, 0.9)], [13])

    assert_reads(build, 40, after="hold")


@pytest.mark.parametrize(
    "second",
    [
        lambda o: SequentialLR(o, [ConstantLR(o), ExponentialLR(o, 0.9)], [3]),
        lambda o: ChainedScheduler([ConstantLR(o), ExponentialLR(o, 0.9)]),
    ],
    ids=["SequentialLR", "ChainedScheduler"],
)
def test_what_torch_fails_at_is_refused(second):
    def build(optimizer):
        return SequentialLR(optimizer, [ConstantLR(optimizer, 0.5, 100), second(optimizer)], [4])

    optimizer = sgd(1.0)
    scheduler = build(optimizer)
    with pytest.raises(NotImplementedError):
        used(optimizer, scheduler, 10)
    with pytest.raises(ValueError, match=r"torch raises NotImplementedError .* put its parts into the outer one"):
        from_torch(build(sgd(1.0)))


def test_milestones_out_of_order_are_refused():
    optimizer = sgd(1.0)
    parts = [ConstantLR(optimizer), ExponentialLR(optimizer, 0.9), StepLR(optimizer, 3)]
    with pytest.raises(ValueError, match=r"needs its milestones in order, got \[9, 4\]"):
        from_torch(SequentialLR(optimizer, parts, [9, 4]))


def test_a_division_by_zero_that_the_next_part_comes_before():
    """ConstantLR with factor 0 freezes for 5 steps, and torch would divide by 0 at the end of them."""
    assert_reads(lambda o: SequentialLR(o, [ConstantLR(o, 0, 5), LinearLR(o, 0.1, 1.0, 5)], [5]), 20)
    with pytest.raises(ValueError, match="divides by zero after step 5"):
        from_torch(SequentialLR(o := sgd(1.0), [ConstantLR(o, 0, 5), LinearLR(o, 0.1, 1.0, 5)], [6]))


# On an optimizer whose rate another scheduler has changed.


@pytest.mark.parametrize("build", FACTORS)
def test_a_scheduler_that_was_built_after_another(build):
    """It multiplies the rate that the other one has left, and not the first one of all."""

    def second(optimizer):
        ExponentialLR(optimizer, 0.3)
        optimizer.param_groups[0]["lr"] = 0.25
        return build(optimizer)

    optimizer = sgd(1.0)
    scheduler = second(optimizer)
    schedule = from_torch(scheduler, after="peer")
    assert_same([schedule(step) for step in range(100)], used(optimizer, scheduler, 100), drift=DRIFT_OF_COSINE)


def test_the_rate_that_other_code_has_changed_is_said():
    optimizer = sgd(1.0)
    scheduler = ExponentialLR(optimizer, 0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.1
    scheduler.step()
    with pytest.warns(UserWarning, match=r"alone would have the rate 0.5 at step 1, and it wrote 0.05: other code"):
        schedule = from_torch(scheduler)
    assert schedule(1) == pytest.approx(0.05)


# With a lehr.Scheduler as a part.


def ours(optimizer):
    return lehr.Scheduler(optimizer, lehr.Ramp(0.2, 1.0, 4).then(lehr.Constant(0.6)))


@pytest.mark.parametrize("order", [1, -1])
def test_a_sequence_with_our_scheduler_is_one_schedule(order):
    """Built in another order than it is used: torch's scheduler comes first, and multiplies 1.0."""
    optimizer = sgd(1.0)
    parts = [FACTORS[4](optimizer), ours(optimizer)]
    scheduler = quietly(lambda: SequentialLR(optimizer, parts[::order], [3]))
    schedule = from_torch(scheduler)
    assert_same([schedule(step) for step in range(20)], used(optimizer, scheduler, 20))


def test_a_scheduler_of_torch_built_after_ours_is_refused():
    """It would multiply 0.2, and not the 1.0 that the optimizer had."""
    optimizer = sgd(1.0)
    with pytest.raises(ValueError, match=r"take its first rate, 0\.2, for their base"):
        SequentialLR(optimizer, [ours(optimizer), FACTORS[4](optimizer)], [3])


def test_a_chain_with_our_scheduler_is_refused():
    optimizer = sgd(1.0)
    with pytest.raises(ValueError, match=r"writes over its rates: multiply the schedules, a \* b"):
        from_torch(ChainedScheduler([ours(optimizer), ExponentialLR(optimizer, 0.9)]))


def test_a_class_of_torch_that_is_new_here_is_in_the_list():
    """Every public scheduler of torch is read, or refused by name."""
    from lehr.importers.torch.source import _CLASSES

    there = {name for name in torch_schedulers.__all__ if name != "LRScheduler"} | {"SWALR"}
    assert there == _CLASSES


# The draws whose figures the docs have.


@pytest.mark.parametrize("family", bench.families("torch"))
def test_the_draws_of_the_table(family):
    """torch multiplies the rate step by step, which drifts; to the step, the tests above compare."""
    for c in bench.families("torch")[family](30):
        assert difference(c.schedule(), c.original(c.steps)).largest < bench.FRAMEWORKS["torch"].tolerance, c.config


def test_growing_factors_are_multiplied():
    """Each alone is held before it is infinite, and so is their product."""
    assert_reads(lambda o: ChainedScheduler([ExponentialLR(o, 1.1), StepLR(o, 2, 1.2)]), 100)


def test_a_rate_below_0_at_a_seam_is_refused():
    """torch: 2 + (0.1 - 2) · 2 / (1 + cos(π/2)) = -1.8 in its first update."""

    def build(o):
        return SequentialLR(o, [ChainedScheduler([CosineAnnealingLR(o, 2, 2.0)]), StepLR(o, 3)], [5])

    optimizer = sgd(0.1)
    assert used(optimizer, quietly(lambda: build(optimizer)), 1) == pytest.approx([-1.8])
    with pytest.raises(ValueError, match=r"torch begins a scheduler inside another at -1\.8: no rate"):
        from_torch(quietly(lambda: build(sgd(0.1))))
