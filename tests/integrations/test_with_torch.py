"""What torch joins its own schedulers for; the examples, and how the lines and the rates in them are counted."""

import re
import textwrap
from pathlib import Path

import pytest
import torch
from catalogue.optimizers import sgd, used_by
from catalogue.trainers import CHECKED, printed_by_example, quietly

import lehr

UPDATES = 40


def test_then_is_what_sequential_lr_is_for():
    optimizer = sgd(0.3)
    schedulers = torch.optim.lr_scheduler
    warmup = schedulers.LinearLR(optimizer, 0.1, 1.0, 10)
    decay = schedulers.CosineAnnealingLR(optimizer, 30)
    joined = quietly(lambda: schedulers.SequentialLR(optimizer, [warmup, decay], [10]))
    theirs = quietly(lambda: used_by(optimizer, joined, UPDATES))
    optimizer = sgd(0.3)
    ours = lehr.Ramp(0.03, 0.3, 10).then(lehr.Ramp(0.3, 0.0, 30, "cosine"))
    assert used_by(optimizer, lehr.Scheduler(optimizer, ours), UPDATES) == pytest.approx(theirs, rel=1e-12)


def test_the_example():
    assert CHECKED in printed_by_example("with_torch")


def test_every_example_is_in_the_table_of_the_benchmarks():
    trainers = pytest.importorskip("benchmarks.trainers")
    examples = {path.stem for path in (Path(__file__).parents[2] / "examples").glob("with_*.py")}
    assert set(trainers.EXAMPLES.values()) == examples


def test_lines_of_user_code():
    trainers = pytest.importorskip("benchmarks.trainers")
    text = """
    import lehr
    def train(trainer):
        trainer = lehr.integrations.for_x(
            trainer,
        )
        def inner(scheduler: lehr.Scheduler) -> lehr.Scheduler:
            with open("x"):
                return lehr.cosine(1)
    SCHEDULE = lehr.linear(3)
    print("lehr.cosine")
    """
    assert trainers.lines_of_lehr(textwrap.dedent(text)) == 3


def test_the_numbers_that_an_example_prints():
    trainers = pytest.importorskip("benchmarks.trainers")
    assert trainers.checked_by(f"warnings\n{CHECKED}\nmore") == (48, 1)
    with pytest.raises(RuntimeError, match="checked nothing"):
        trainers.checked_by(re.sub("rates", "dates", CHECKED))
