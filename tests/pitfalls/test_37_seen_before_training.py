"""Seeing a torch schedule before training takes a dummy optimizer and a loop over every step.

A schedule is a value: `schedule(t)`, an array of all rates, `describe()` and `plot()` use the code that trains, and need no torch.

Reported in https://github.com/pytorch/pytorch/issues/68956 https://github.com/pytorch/pytorch/pull/149189
"""

import subprocess
import sys
import time

import numpy as np
import pytest
from catalogue.examples import SHORT
from catalogue.optimizers import rates_of, sgd, update

import lehr
from lehr import Scheduler


@pytest.mark.parametrize("name", SHORT)
def test_what_is_seen_is_what_is_used(name):
    schedule = SHORT[name]
    opt = sgd()
    scheduler = Scheduler(opt, schedule).follow()
    used = []
    for _ in range(20):
        used += rates_of(opt)
        update(opt)
    assert [schedule(t) for t in range(20)] == used
    assert scheduler.position == 20
    top = max(used) or 1.0
    assert np.abs(schedule(np.arange(20)) - used).max() <= 2 * np.spacing(top)


@pytest.mark.parametrize("name", SHORT)
def test_any_position_costs_the_same(name):
    schedule = SHORT[name]
    schedule(0)
    began = time.process_time()
    for _ in range(100):
        schedule(10**9)
    assert time.process_time() - began < 0.1  # one after the other they would take minutes


def test_describe_says_the_resolved_numbers():
    said = lehr.wsd("100k", "2%", 3e-4, decay_steps="20%").describe()
    for number in ("2,000", "80,000", "100,000", "0.0003"):
        assert number in said
    assert "peak    0.0003 at step 2,000" in said


def test_without_torch():
    code = "import sys, lehr; print(lehr.cosine('1k', '1%', 1e-3)(10), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0.001", "False"]
