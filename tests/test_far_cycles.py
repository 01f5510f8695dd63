"""Cycles that grow by a hair: any position is found at once, and as exactly as the position is given."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from lehr import Ramp
from lehr.schedules.cycles import MOST
from lehr.schedules.source import to_python

FACTORS = [math.nextafter(1, 2), 1 + 1e-12, 1 + 1e-9, 1 + 1e-6, 1.0001]
FAR = [10**5 + 3, 10**6 + 7, 10**8, 3 * 10**10 + 1, 10**12, 10**15]


def phase(t: int, factor: float) -> float:
    """The share of its cycle that is over at ``t``, where the first takes 10, in 80 digits."""
    with localcontext(prec=80):
        f = Decimal(factor)
        grown = 1 + Decimal(t) * (f - 1) / 10
        index = int(grown.ln() / f.ln())
        start = 10 * (f**index - 1) / (f - 1)
        return float((t - start) / (10 * f**index))


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("t", FAR)
def test_a_rate_is_exact_to_a_few_units_in_the_last_place_of_its_position(t, factor):
    schedule = Ramp(1.0, 0.0, 10).repeat(length_factor=factor)
    off = abs(schedule(t) - (1 - phase(t, factor))) % 1
    off = min(off, 1 - off)  # at a restart the two may be one cycle apart
    assert off <= max(64 * math.ulp(t) / 10, 1e-8)  # the second is what the first ten thousand sums are rounded by


@pytest.mark.parametrize("factor", FACTORS)
def test_the_three_readings_are_one(factor):
    schedule = Ramp(1.0, 0.0, 10).repeat(length_factor=factor, height_factor=0.99999999)
    scope: dict = {}
    exec(to_python(schedule, "rate"), scope)
    edge = math.floor(Ramp(1.0, 0.0, 10).repeat(1000, length_factor=factor).length)
    grid = [*range(200), *range(edge - 30, edge + 30), *range(10 * MOST - 30, 10 * MOST + 300), *FAR]
    one_by_one = [schedule(t) for t in grid]
    assert [scope["rate"](t) for t in grid] == one_by_one
    assert schedule(np.array(grid)) == pytest.approx(one_by_one, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("factor", FACTORS)
def test_breaks_come_one_by_one_and_are_where_the_rate_jumps(factor):
    schedule = Ramp(1.0, 0.5, 10).repeat(length_factor=factor)
    breaks = schedule.breaks(10**15, most=MOST + 100)
    assert len(breaks) == MOST + 100
    for at in breaks[-200:]:
        assert (schedule(at), schedule(math.nextafter(at, 0))) == (pytest.approx(1.0), pytest.approx(0.5))
    assert "... and more than 9,981 more phases" in schedule.describe(10**15)


def test_restarts_are_whole_numbers_in_a_description():
    described = Ramp(1.0, 0.0, 2_000_001).repeat(3).describe()
    assert "2,000,001 to 4,000,002" in described
