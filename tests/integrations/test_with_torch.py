"""A Scheduler in a plain torch loop: a process that is killed, and what torch joins its own schedulers for."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from catalogue.optimizers import sgd, used_by
from catalogue.trainers import CHECKED, printed_by_example, quietly

import lehr

UPDATES = 40
COSINE = lehr.cosine(UPDATES, "10%", max_lr=0.3)

RUN = """
import os, pathlib, signal, sys, torch, lehr
checkpoint, kill_after = pathlib.Path(sys.argv[1]), int(sys.argv[2])
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.AdamW(model.parameters())
scheduler = lehr.Scheduler(optimizer, "cosine", 40, "10%", max_lr=0.3).follow()
optimizer.register_step_pre_hook(lambda o, *_: print(scheduler.updates, o.param_groups[0]["lr"], flush=True))
parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
if checkpoint.exists():
    for name, state in torch.load(checkpoint, weights_only=True).items():
        parts[name].load_state_dict(state)
while scheduler.updates < 40:
    model(torch.ones(2)).sum().backward()
    optimizer.step()
    if scheduler.updates % 5 == 0:
        torch.save({name: part.state_dict() for name, part in parts.items()}, checkpoint)
    if scheduler.updates == kill_after:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def rates_of_process(checkpoint, kill_after):
    """The rate of each update that a process of its own makes, by index."""
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(checkpoint), str(kill_after)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == (kill_after < 0), done.stderr
    return {int(t): float(rate) for t, rate in (line.split() for line in done.stdout.splitlines())}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_and_resumed(tmp_path):
    before = rates_of_process(tmp_path / "checkpoint.pt", 23)
    after = rates_of_process(tmp_path / "checkpoint.pt", -1)
    assert before == {t: COSINE(t) for t in range(23)}
    assert after == {t: COSINE(t) for t in range(20, UPDATES)}


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
