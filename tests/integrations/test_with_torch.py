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


def test_the_table_of_the_docs_is_what_the_benchmark_counts():
    """Each example prints its other numbers, which its own test checks."""
    trainers = pytest.importorskip("benchmarks.trainers")
    root = Path(__file__).parents[2]
    row = re.compile(r"^\| (.+) \| `python -m examples\.(\w+)` \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
    rows = row.findall((root / "docs" / "trainers.md").read_text(encoding="utf-8"))
    assert dict(found[:2] for found in rows) == trainers.EXAMPLES
    for _, example, lines, rates, resumes in rows:
        source = (root / "examples" / f"{example}.py").read_text(encoding="utf-8")
        assert int(lines) == trainers.lines_of_lehr(source)
        assert (int(rates), int(resumes)) == ((40, 1) if example == "with_trl" else trainers.checked_by(CHECKED))


def test_a_check_of_rates_can_fail():
    examples = pytest.importorskip("examples.bigrams")
    schedule = lehr.Ramp(1.0, 0.0, 4)
    right = [1.0, 0.75], [0.5, 0.25]
    examples.check(schedule, *right)
    for runs in ([right[0]], [[1.0, 0.75, 0.5, 0.25], []], [right[0], [0.5, 0.3]], [right[0], [0.5, float("nan")]]):
        with pytest.raises(SystemExit):
            examples.check(schedule, *runs)


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
