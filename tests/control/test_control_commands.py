"""Commands of a control file: each applied once or refused, logged, and the run unharmed."""

import pytest
import torch

from control.control_files import SCHEDULE, check_fuzzed_files, log, run
from lehr import Scheduler, control
from lehr.control import Amend, Cooldown, Dip, Extend, Rebase, Scale
from lehr.control.commands import Command


def test_a_command_is_applied_once_from_the_step_on(path):
    s = run(path)
    s.step(499)
    path.write_text('# loss spiked\nscale(0.5, why="a spike")\n')
    for t in range(500, 510):
        s.step(t)
        assert s.current_lr == s.optimizer.param_groups[0]["lr"] == 0.5 * SCHEDULE(t)
    assert s.schedule(499) == SCHEDULE(499)
    assert [(c.position, c.what, c.why) for c in s.history] == [(500, "scale(factor=0.5)", "a spike")]
    assert log(path) == [f"step 500: command 1: applied: scale(factor=0.5), rate {0.5 * SCHEDULE(500):g}"]


ACTS = [
    (Dip(0.5, 10), "a spike"),
    (Extend("2k", policy="hold"), ""),
    (Rebase(0.25), 'it said "flat"'),
    (Scale(0.5), ""),
    (Amend("linear(training_steps=1k, max_lr=0.2)"), "stage 2"),
    (Cooldown(50, to=0.01, shape="linear"), ""),
]


def test_each_act(path):
    s = run(path)
    s.step(200)
    for act, why in ACTS:
        control.append(path, act, why)
        s.step(s.position + 1)
    assert [line.split(": ")[1] for line in log(path)] == [f"command {n}" for n in range(1, 7)]
    assert all("applied" in line for line in log(path))
    assert [change.why for change in s.history] == [why for _, why in ACTS]
    assert s.training_steps == 256


@pytest.mark.parametrize(("act", "why"), ACTS)
def test_a_command_is_a_line_that_reads_back(act, why):
    command = Command(act, why)
    assert Command.parse(str(command)) == command


def test_shares_and_suffixes_are_lengths(path):
    s = run(path)
    s.step(500)
    path.write_text("extend(200%, policy=hold)\ncooldown(10%, shape=1-sqrt)\n")
    s.step(501)
    whats = ["extend(training_steps=2000, policy='hold')", "cooldown(steps=200, to=0.0, shape='1-sqrt')"]
    assert [change.what for change in s.history] == whats


BAD = {
    "nonsense": "what?",
    "yaml": "- call: cooldown",
    "a number": "3",
    "an unknown act": "__init__(optimizer=3)",
    "a private one": "_go_to(3)",
    "a setting too many": "cooldown(5, stops=3)",
    "a setting twice": "cooldown(5, steps=3)",
    "a setting too few": "dip(factor=0.5)",
    "a hidden setting": "rebase(0.1, of=0.2)",
    "a negative rate": "rebase(-1)",
    "an infinite rate": "rebase(1e999)",
    "nothing for a rate": "rebase(None)",
    "a word for a rate": "scale(much)",
    "a huge factor": f"scale({'9' * 400})",
    "an unknown shape": "cooldown(5, shape=wish)",
    "steps of nothing": "cooldown(0)",
    "steps in other words": 'cooldown("2 epochs")',
    "a reason that is no text": "cooldown(5, why=3)",
    "a long reason": f"cooldown(5, why={'x' * 2_000!r})",
    "a reason of two lines": r'cooldown(5, why="flat\nat 7 cooldown")',
    "python": "amend(__import__('os').system('touch executed'))",
    "depth": "amend(" + "(" * 5_000,
    "nested products of cuts": "amend(" + "(Constant(1)*" * 30 + "Constant(1)" + ").cut(0, 5)" * 30 + ")",
    "size": "x" * 200_000,
    "bytes": b"\xff\xfe\x00\x80",
    "a surrogate": r'cooldown(5, why="\ud800")',
    "a surrogate for a name": "cooldown(5, \udc80=3)".encode(errors="surrogatepass"),
    "a schedule that overflows at once": "amend(Constant(1e300) * Constant(1e300))",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_bad_line_is_refused_with_a_message_and_the_run_goes_on(text, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.write_bytes((text if isinstance(text, bytes) else text.encode()) + b"\n")
    s, bare = run(path), run(None)
    for t in range(3):
        s.step(t)
        bare.step(t)
        assert (s.current_lr, s.history) == (bare.current_lr, [])
    assert log(path)
    assert all(": refused: " in line and len(line) < 1_100 for line in log(path))
    assert not (path.parent / "executed").exists()


@pytest.mark.filterwarnings("ignore:step .* is past the end")
def test_an_accepted_schedule_never_stops_the_run_later(path):
    path.write_text("amend(Exponential(1e-3, 1.5))\n")
    s = run(path)
    s.step(1)
    for t in (2, 100, 5_000, 10**6, 10**12):
        s.step(t)
        assert 0 <= s.current_lr < float("inf")


def test_a_bad_command_does_not_stop_the_next(path):
    path.write_text("cooldown(0)\nscale(0.5)\nrebase()\n")
    s = run(path)
    s.step(1)
    assert [line.split(": ")[1:3] for line in log(path)] == [
        ["command 1", "refused"],
        ["command 2", "applied"],
        ["command 3", "refused"],
    ]
    assert len(s.history) == 1


def test_under_follow_the_next_update_is_the_first_with_the_command(path):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    s, used = Scheduler(optimizer, SCHEDULE, control_file=path).follow(), []
    for t in range(6):
        weight.grad = torch.ones(1)
        if t == 3:
            control.append(path, Scale(0.5))
        before = weight.item()
        optimizer.step()
        used.append(before - weight.item())
        assert s.last_used_lrs == [pytest.approx(used[-1], rel=1e-4)]  # what it says of the past is what was
    assert used == pytest.approx([SCHEDULE(t) * (0.5 if t > 3 else 1.0) for t in range(6)], rel=1e-4)
    assert [c.position for c in s.history] == [4]


def test_fuzzed_files_change_nothing_unless_a_command_is_applied(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    assert check_fuzzed_files(path, files=300, seed=1) > 20  # and some are
