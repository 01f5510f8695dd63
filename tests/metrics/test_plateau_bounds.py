"""Cuts of a Plateau that change nothing, because the rate is at its bound."""

import pytest
from catalogue.optimizers import adamw, rates_of

from lehr import Constant, Plateau, Scheduler
from metrics.plateaus import FLAT, cuts, rates_after, watched


@pytest.mark.parametrize("schedule", [Constant(0.0), Constant(0.001), Constant(0.0005)], ids=str)
def test_a_rate_at_or_below_its_bound_is_no_change(schedule):
    scheduler = Scheduler(adamw(0.1), schedule)
    plateau = Plateau(scheduler, patience=0, min_lr=0.001)
    for metric in FLAT:
        plateau.update(metric)
    assert (scheduler.history, scheduler.schedule) == ([], schedule)


@pytest.mark.parametrize(("factor", "changes"), [(0.3, 4), (0.1, 2)])  # 0.03, 0.009, 0.0027, 0.001; 0.01, 0.001
def test_cuts_end_at_the_bound(factor, changes):
    scheduler, plateau = watched(patience=0, factor=factor, min_lr=0.001)
    for metric in FLAT:
        plateau.update(metric)
    assert scheduler.current_lr == pytest.approx(0.001, rel=1e-12)
    assert len(scheduler.history) == changes  # 0.1 * 0.1 * 0.1 is above 0.001 by rounding, which is no reason to cut


def test_each_rate_of_several_schedules_ends_at_the_bound():
    opt = adamw(0.1, 0.2)
    scheduler = Scheduler(opt, {"weight_decay": Constant(0.0), "lr": {0: Constant(0.01), 1: Constant(0.1)}})
    plateau = Plateau(scheduler, patience=0, min_lr=0.05)
    plateau.update(1.0)
    plateau.update(1.0)
    assert rates_of(opt) == pytest.approx([0.01, 0.05])
    assert scheduler.history[0].what == "scale(factor={1: 0.5})"
    assert opt.param_groups[0]["weight_decay"] == 0


def test_a_cut_by_no_more_than_eps_is_left_out():
    assert cuts(rates_after(FLAT, patience=0, factor=0.5, eps=0.03)) == [2]  # 0.05; then it would be 0.025
