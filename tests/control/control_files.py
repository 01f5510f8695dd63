"""A run that watches a control file, what its log says, and files of anything."""

import random

import pytest
import torch

import lehr
from lehr import Scheduler, control
from lehr.control.commands import log_of
from lehr.scheduler import control_file

SCHEDULE = lehr.cosine(1_000, 100, max_lr=1.0, min_lr=0.1)


@pytest.fixture(autouse=True)
def look_at_every_step(monkeypatch):
    monkeypatch.setattr(control_file, "SECONDS", 0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.txt"


def run(path, schedule=SCHEDULE):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return Scheduler(optimizer, schedule, control_file=path)


def log(path):
    """What became of the commands, without the times and the line that says who watches."""
    file = log_of(path)
    lines = [line[20:] for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if "watching" not in line]


VALUES = [
    *("0", "1", "-1", "5", "200", "2.5", "1e-3", "0.5", "1e300", "10**18", "9" * 30, "True", "None", "2k", "2%"),
    *("'3 epochs'", "linear", "hold", "stretch", "restart", "replan", "''", "'" + "x" * 300 + "'", "[]", "[1, 2]"),
    *("Ramp(1, 0.5, 10)", "cosine(training_steps=1k, max_lr=0.1)", "Constant(1e200) * 1e200", "Exponential(1, 10)"),
    *("Constant(0.1)", "__import__('os').system('touch executed')", "Table([1, 2])", "nan", "1e999"),
]
WORDS = ["training_steps", "policy", "steps", "to", "shape", "lr", "factor", "recover", "schedule", "why", "of", "wish"]


def fuzzed_line(dice):
    """A call, often with all that it needs."""
    name = dice.choice([*control.ACTS, "step", "__init__"])
    takes = list(control.ACTS[name].options()) if name in control.ACTS else []
    settings = {word: dice.choice(VALUES) for word in takes if word in takes[:1] or dice.random() < 0.4}
    if dice.random() < 0.1:
        settings[dice.choice(WORDS)] = dice.choice(VALUES)
    return f"{name}({', '.join(f'{word}={value}' for word, value in settings.items())})\n"


def fuzzed_file(dice):
    """The bytes of a control file: good, odd, cut short, with bytes exchanged, or anything."""
    written = bytearray("".join(fuzzed_line(dice) for _ in range(dice.randint(1, 3))).encode())
    damage = dice.random()
    if damage < 0.2:
        del written[dice.randrange(len(written)) :]
    elif damage < 0.5:
        for _ in range(dice.randint(1, 5)):
            written[dice.randrange(len(written))] = dice.choice([dice.randrange(256), *b"()[],=*!'\"#\n 09.e"])
    elif damage < 0.55:
        return dice.randbytes(dice.randint(0, 300))
    return bytes(written)


def check_fuzzed_files(path, files, seed):
    """Nothing changes but by a command that is applied, and then the rate is a rate."""
    dice, s, applied = random.Random(seed), run(path), 0
    for _ in range(files):
        text = fuzzed_file(dice)
        path.write_bytes(text)
        before, s._control_file.done = (s.current_lr, s.schedule, s.history), 0
        s.step(s.position)
        now = sum(": applied: " in line for line in log(path))
        log_of(path).unlink(missing_ok=True)
        assert len(s.history) == len(before[2]) + now, text
        assert 0 <= s.current_lr < float("inf"), text
        if now:
            path.unlink()
            applied, s = applied + now, run(path)
            s.step(dice.randint(0, 990))
            continue
        assert (s.current_lr, s.schedule, s.history) == before, text
    assert not (path.parent / "executed").exists()
    return applied
