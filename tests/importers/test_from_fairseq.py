"""fairseq's arguments: rates to check by hand, its restarts, its epochs, and what is refused.

The rates follow ``fairseq/optim/lr_scheduler/`` of fairseq 0.12.2.
"""

import argparse

import pytest

import lehr
from lehr.importers import from_fairseq

source = pytest.importorskip("benchmarks.importers.fairseq")


def imported(kind, lr=(1.0,), updates_per_epoch=None, after="peer", **args):
    return from_fairseq(
        {"lr_scheduler": kind, "lr": lr and list(lr), **args}, updates_per_epoch=updates_per_epoch, after=after
    )


def rates(schedule, n):
    return [round(schedule(t), 9) for t in range(n)]


KNOWN = {
    "inverse_sqrt": ({"warmup_updates": 4, "warmup_init_lr": 0.2}, {0: 0.2, 2: 0.6, 4: 1, 16: 0.5, 64: 0.25}),
    "polynomial_decay": (
        {"warmup_updates": 2, "total_num_update": 6, "power": 2.0, "end_learning_rate": 0.2},
        {0: 0, 1: 0.5, 2: 1, 4: 0.4, 6: 0.2, 9: 0.2},
    ),
    "cosine": (
        {"warmup_updates": 2, "lr_period_updates": 4, "t_mult": 2, "lr_shrink": 0.5, "min_lr": 0.2},
        {0: 0.2, 1: 0.6, 2: 1, 4: 0.6, 6: 0.5, 10: 0.3, 14: 0.25},
    ),
    "tri_stage": (
        {"warmup_steps": 2, "hold_steps": 2, "decay_steps": 2, "init_lr_scale": 0.5},
        {0: 0.5, 1: 0.75, 2: 1, 4: 1, 5: 0.1, 6: 0.01, 9: 0.01},
    ),
    "triangular": (
        {"max_lr": 3.0, "lr_period_updates": 4, "lr_shrink": 0.5},
        {0: 1, 1: 2, 2: 3, 4: 1, 5: 1.25, 6: 1.5},
    ),
    "step": (
        {"warmup_updates": 2, "lr_decay_period": 2, "lr_decay": 0.5, "min_lr": 0.3},
        {0: 0.3, 1: 0.65, 2: 1, 3: 1, 4: 0.5, 6: 0.3},
    ),
    "fixed": ({"warmup_updates": 4}, {0: 0.25, 1: 0.5, 3: 1, 9: 1}),
    "manual": ({"update2lr": '{"0-1": 0.5, "3": 0.2}'}, {0: 0.5, 2: 0.5, 3: 0.2, 9: 0.2}),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_known_rates(kind):
    args, known = KNOWN[kind]
    schedule = imported(kind, **args)
    assert {t: schedule(t) for t in known} == pytest.approx(known)


def test_a_triangle_whose_floor_shrinks_too():
    schedule = imported("triangular", max_lr=3.0, lr_period_updates=4, lr_shrink=0.5, shrink_min=True)
    assert rates(schedule, 7) == [1, 2, 3, 2, 0.5, 1, 1.5]


def test_a_period_that_is_all_of_the_run():
    args = {"warmup_updates": 2, "max_update": 6, "lr_shrink": 0.5}
    with pytest.warns(UserWarning, match="begins its next cycle after step 6"):
        held = imported("cosine", after="hold", **args)
    assert [held(t) for t in (2, 4, 6, 8)] == pytest.approx([1, 0.5, 0, 0])
    assert [imported("cosine", **args)(t) for t in (2, 4, 6, 8)] == pytest.approx([1, 0.5, 0.5, 0.25])


def test_every_cycle_begins_at_its_peak_where_the_logarithm_of_fairseq_misses_it():
    """Periods of 10, 30, 90, ...: at the fifth restart, 1210, fairseq finds the cycle before, at its lowest rate."""
    args = {"lr": [1.0], "warmup_updates": 0, "warmup_init_lr": -1, "min_lr": 0.1, "max_update": 1500}
    args |= {"lr_period_updates": 10, "t_mult": 3, "lr_shrink": 1}
    theirs = source.cosine(args, by_logarithm=True)(1500)
    ours = imported("cosine", **{name: value for name, value in args.items() if name != "lr"})
    wrong = [t for t in range(1500) if theirs[t] != pytest.approx(ours(t), rel=1e-9)]
    assert [(t, theirs[t]) for t in wrong] == [(1210, pytest.approx(0.1))]
    assert {ours(t) for t in (10, 40, 130, 400, 1210)} == {1.0}


def test_the_rates_of_epochs():
    """fixed takes the first rate in the first epoch, polynomial_decay the second one."""
    lr = (1.0, 0.5, 0.25)
    assert rates(imported("fixed", lr, updates_per_epoch=2), 8) == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    annealed = imported("fixed", lr, updates_per_epoch=2, force_anneal=2, lr_shrink=0.5)
    assert rates(annealed, 7) == [1, 1, 0.125, 0.125, 0.0625, 0.0625, 0.03125]
    polynomial = imported("polynomial_decay", lr, updates_per_epoch=2, total_num_update=4)
    assert rates(polynomial, 5) == [0.5, 0.375, 0.125, 0.0625, 0]


def test_manual_epochs_and_updates():
    """Epochs hold until the first update that has a rate of its own, and begin at 1."""
    schedule = imported("manual", updates_per_epoch=2, epoch2lr={"2,3": 0.5}, update2lr={"5": 0.1})
    assert rates(schedule, 8) == [1, 1, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1]


def test_a_config_in_groups():
    scheduler = {"_name": "inverse_sqrt", "warmup_updates": 4, "warmup_init_lr": -1, "lr": "${optimization.lr}"}
    grouped = {"lr_scheduler": scheduler, "optimization": {"lr": [0.4], "max_update": 100}, "model": {"_name": "gpt"}}
    flat = argparse.Namespace(lr_scheduler="inverse_sqrt", lr=[0.4], warmup_updates=4, arch="gpt", lr_patience=0)
    assert from_fairseq(grouped) == from_fairseq(flat) == lehr.Ramp(0, 0.4, 4).then(lehr.PowerLaw(0.4, -0.5, 4))


@pytest.mark.parametrize(
    ("kind", "args", "message"),
    [
        ("pass_through", {}, "the optimizer has its own schedule"),
        ("reduce_lr_on_plateau", {}, "use lehr.Plateau"),
        ("cosine_decay", {}, "unknown `lr_scheduler` of fairseq 'cosine_decay'"),
        ("inverse_sqrt", {"lr": None}, "needs `lr`, which is not given: the peak rate"),
        ("inverse_sqrt", {"lr": [1.0, 0.5]}, "a single rate for `lr`, got 2"),
        ("inverse_sqrt", {"warmup_updates": 0}, "divides by `warmup_updates`, got 0"),
        ("inverse_sqrt", {"lr_shink": 0.1}, "unknown argument of fairseq 'lr_shink'; did you mean 'lr_shrink'?"),
        ("polynomial_decay", {}, "needs `max_update`, which is not given"),
        ("polynomial_decay", {"force_anneal": 3, "max_update": 9}, "which is no schedule of the position"),
        (
            "polynomial_decay",
            {"lr": [1.0, 0.5, 0.1], "max_update": 9},
            "changes with the epoch: give updates_per_epoch=",
        ),
        ("cosine", {"t_mult": 0.5, "max_update": 9}, "got t_mult=0.5: give at least 1"),
        ("cosine", {"min_lr": 2.0, "max_update": 9}, "`min_lr` below `lr`, got min_lr=2 and lr=1"),
        ("cosine", {"warmup_updates": 9, "max_update": 9}, "a warmup shorter than `max_update`, got 9"),
        ("tri_stage", {"warmup_steps": 3}, "divides by its decay, got 0 updates"),
        ("tri_stage", {"phase_ratio": [0.1, 0.1, 0.1], "max_update": 9}, "three shares that add up to 1"),
        ("triangular", {"max_lr": 0.5}, "`max_lr` above `lr`, got max_lr=0.5 and lr=1"),
        ("triangular", {"max_lr": 2.0, "lr_period_updates": 1}, "at least 2 for `lr_period_updates`, got 1"),
        ("step", {"lr_decay": 2.0}, "at most 1 for `lr_decay`, got 2"),
        ("fixed", {"force_anneal": 2}, "changes with the epoch: give updates_per_epoch="),
        ("manual", {"epoch2lr": '{"2": 0.1}'}, "changes with the epoch: give updates_per_epoch="),
        ("manual", {"update2lr": "[1]"}, 'a dictionary from keys such as "1" or "3-5" to rates for `update2lr`'),
    ],
)
def test_what_is_refused(kind, args, message):
    with pytest.raises(ValueError) as refused:
        imported(kind, **args)
    assert message in str(refused.value)
