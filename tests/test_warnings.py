"""A warning names the line that called lehr, however it got to where it is raised."""

from __future__ import annotations

import warnings

import pytest
from catalogue.optimizers import sgd

from lehr import Constant, Plateau, Ramp, Scheduler


def changed_by_hand(**options):
    opt = sgd()
    scheduler = Scheduler(opt, Ramp(1.0, 0.0, 10), **options)
    opt.param_groups[0]["lr"] = 0.3
    return scheduler


def with_a_late_group(schedule=Ramp(1.0, 0.0, 10)):  # noqa: B008  # a frozen value
    opt = sgd()
    scheduler = Scheduler(opt, schedule)
    opt.add_param_group(sgd(0.3).param_groups[0])
    return scheduler


def resumed_with_other_steps():
    state = changed_by_hand(samples_per_step=2).state_dict()
    changed_by_hand(samples_per_step=3).load_state_dict(state)


WARNS = {
    "flattening": lambda: Scheduler(sgd(1.0, 0.3), Constant(1.0)),
    "a write by hand, step(i)": lambda: changed_by_hand().step(3),
    "a write by hand, step()": lambda: changed_by_hand().step(),
    "a write by hand, step(epoch=)": lambda: changed_by_hand().step(epoch=3),
    "a write by hand, advance": lambda: changed_by_hand().advance(1),
    "a write by hand, scale": lambda: changed_by_hand().scale(0.5),
    "a write by hand, follow": lambda: changed_by_hand().follow().optimizer.step(),
    "a late group, step(i)": lambda: with_a_late_group().step(3),
    "a late group, advance": lambda: with_a_late_group().advance(1),
    "a late group left out": lambda: with_a_late_group({0: Constant(1.0)}).step(3),
    "past the end, step(i)": lambda: Scheduler(sgd(), Ramp(1.0, 0.0, 10)).step(11),
    "past the end, advance": lambda: Scheduler(sgd(), Ramp(1.0, 0.0, 10)).advance(11),
    "another batch": resumed_with_other_steps,
    "too little used": lambda: Scheduler(sgd(), Ramp(1.0, 0.0, 10)).report(),
    "a NaN": lambda: Plateau(Scheduler(sgd(), Constant(1.0))).update(float("nan")),
}


@pytest.mark.parametrize("case", WARNS)
def test_it_names_the_line_that_called(case):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        WARNS[case]()
    assert {warning.filename for warning in seen} == {__file__}
