"""What a Scheduler says of itself."""

import warnings
from functools import partial

import catalogue.optimizers
import pytest

from lehr import Constant, Plateau, Ramp, Scheduler

sgd = partial(catalogue.optimizers.sgd, gradient=True)


def test_a_scheduler_of_the_weight_decay_alone_does_not_report_it_as_a_rate():
    scheduler = Scheduler(sgd(0.3, weight_decay=0.1), {"weight_decay": Ramp(0.1, 0.2, 10)})
    scheduler.step(5)
    assert scheduler.current_lr == 0.3
    assert scheduler.get_last_lr() == scheduler.next_lrs == scheduler.last_used_lrs == [0.3]


def test_the_report_says_what_came_after_the_end():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(14):
            optimizer.step()
            scheduler.step()
    assert scheduler.report().splitlines()[1] == "10 of 10 steps (100 %) used, and 4 steps after its end"


def test_a_reason_cannot_forge_a_line_of_the_report():
    scheduler = Scheduler(sgd(), Constant(1.0))
    for why in ("flat\nat 7 cooldown(steps=1)", "a\rb", "\x1b[2J", "\u2028", 3, None, "x" * 2_000):
        with pytest.raises(ValueError, match="one line of text"):
            scheduler.scale(0.5, why=why)
    scheduler.scale(0.5, why="flat: naïve é 平 \xa0")
    assert scheduler.history[0].why == "flat: naïve é 平 \xa0"


def test_the_report_compares_a_schedule_with_itself():
    scheduler = Scheduler(sgd(weight_decay=0.1), {"weight_decay": Ramp(0.1, 0.2, 10)})
    with pytest.warns(UserWarning, match=r"the schedule ends at 0\.1 and not at 0\.2"):
        scheduler.report()


def test_the_rates_that_were_used_stay_what_they_were():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    scheduler.step(5)
    optimizer.step()
    scheduler.step(2)
    scheduler.scale(0.1)
    assert scheduler.last_used_lrs == [0.5]
    resumed = Scheduler(sgd(), Ramp(1, 0, 10))
    scheduler = Scheduler(optimizer := sgd(), Ramp(1, 0, 10))
    optimizer.step()
    scheduler.step()
    resumed.load_state_dict(scheduler.state_dict())
    assert (resumed.last_used_lrs, resumed.next_lrs) == ([1.0], [0.9])


def test_a_run_without_an_update_is_reported():
    scheduler = Scheduler(sgd(0.3), Ramp(1, 0, 10))
    for step in range(11):
        scheduler.step(step)
    assert "no update of the optimizer was seen" in scheduler.report()


def test_a_metric_that_is_no_number_moves_nothing():
    optimizer = sgd()
    scheduler = Scheduler(optimizer, Ramp(1, 0, 10))
    Plateau(scheduler)
    with pytest.raises(ValueError, match="metric"):
        scheduler.step(3, metric="0.5")
    assert (scheduler.position, scheduler.current_lr) == (0, 1.0)
