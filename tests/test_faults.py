"""Killed processes and damaged checkpoints: a run goes on bit-equal, or is told why not."""

import copy
import io
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings

import pytest
import torch
from catalogue.optimizers import sgd

import lehr
from lehr import Scheduler, control
from lehr.scheduler.checkpoint.text import checksum

# Killed at any moment.

TRAINING = textwrap.dedent("""
    import os, sys, time
    from pathlib import Path
    import torch
    import lehr

    STEPS, folder = 240, Path(sys.argv[1])
    last, draft = folder / "last.pt", folder / "draft.pt"
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = lehr.cosine(STEPS, 20, max_lr=1e-2)
    scheduler = lehr.Scheduler(optimizer, schedule, control_file=folder / "control.txt").follow()
    plateau = lehr.Plateau(scheduler, factor=0.5, patience=2, threshold=0.05)
    rates = []
    if last.exists():
        saved = torch.load(last, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        rates = saved["rates"]

    for step in range(scheduler.position, STEPS):
        data = torch.Generator().manual_seed(step)
        inputs = torch.randn(16, 4, generator=data)
        loss = (model(inputs) - inputs.sum(1, keepdim=True).sin()).square().mean()
        optimizer.zero_grad()
        loss.backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step == 100:
            scheduler.dip(0.5, 40, why="as planned")
        if step % 10 == 9:
            plateau.update(loss.item())
        if step % 3 == 2:
            parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
            torch.save({name: part.state_dict() for name, part in parts.items()} | {"rates": rates}, draft)
            os.replace(draft, last)
            print(step, flush=True)
        time.sleep(0.004)

    history = [(change.position, change.what, change.why, repr(change.rest)) for change in scheduler.history]
    weights = [value.tolist() for value in model.state_dict().values()]
    (folder / "end.txt").write_text(repr((rates, history, weights, optimizer.param_groups[0]["lr"])))
""")


def started(folder):
    folder.mkdir(exist_ok=True)
    commands = folder / "control.txt"
    if not commands.exists():
        control.append(commands, control.Scale(0.75), why="from outside")
        os.utime(commands, (0, 0))  # no half-written one
    return subprocess.Popen([sys.executable, "-c", TRAINING, str(folder)], stdout=subprocess.PIPE)


def end_of(folder):
    process = started(folder)
    process.communicate(timeout=240)
    assert process.returncode == 0
    return (folder / "end.txt").read_text()


def check_kills(folder, kills, seed):
    """A run that is killed again and again ends as one that was never."""
    whole, dice, killed = end_of(folder / "whole"), random.Random(seed), 0
    assert "scale(factor=0.75)" in whole  # by the control file
    assert "no better than" in whole  # by Plateau
    broken = folder / "broken"
    while killed < kills:
        process = started(broken)
        for _ in range(dice.randint(1, max(2, 200 // kills))):
            process.stdout.readline()  # as long as it takes to begin
        time.sleep(dice.random() * 0.02)  # at any moment, a save among them
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        killed += 1
        if (broken / "end.txt").exists():
            assert (broken / "end.txt").read_text() == whole
            for file in broken.iterdir():
                file.unlink()
    assert end_of(broken) == whole


def test_a_run_that_is_killed_and_resumed_ends_bit_equal(tmp_path):
    check_kills(tmp_path, kills=5, seed=1)


# Checkpoints that are damaged.


def build(**options):
    return Scheduler(sgd(1e-3), lehr.cosine(1_000, 100, 1e-3, 1e-5), **options)


def with_history(changes):
    s = build()
    lehr.Plateau(s)
    for t in range(changes):
        s.step(100 + 10 * t)
        s.dip(0.5, 30, why="a spike")
    s.step(900)
    return s.state_dict()


def everything(s):
    return s.state_dict(), copy.deepcopy(s.optimizer.state_dict()), repr(s.schedule), s.position, s.current_lr


def check_refused(s, state, **options):
    before = everything(s)
    with pytest.raises(ValueError):
        s.load_state_dict(state, **options)
    assert everything(s) == before


def watched():
    s = build()
    lehr.Plateau(s)
    s.step(50)
    return s


@pytest.mark.parametrize("keep", [None, "checkpoint", "code"])
@pytest.mark.parametrize("changes", [0, 1, 40], ids=["fresh", "one change", "squeezed"])
def test_a_flipped_bit_in_any_entry_is_refused(changes, keep):
    state, s, dice = with_history(changes), watched(), random.Random(changes)
    for key, value in state.items():
        for _ in range(12):
            if isinstance(value, str):
                at = dice.randrange(len(value))
                flipped = value[:at] + chr(ord(value[at]) ^ 1 << dice.randrange(7)) + value[at + 1 :]
            else:
                flipped = value ^ 1 << dice.randrange(40)
            check_refused(s, state | {key: flipped}, keep=keep)


@pytest.mark.parametrize("changes", [1, 40])
def test_a_state_cut_short_is_refused(changes):
    state, s = with_history(changes), watched()
    for key, value in state.items():
        check_refused(s, {name: one for name, one in state.items() if name != key})
        if isinstance(value, str):
            for stop in range(0, len(value), max(1, len(value) // 40)):
                check_refused(s, state | {key: value[:stop]}, keep="checkpoint")


def test_a_file_with_a_flipped_byte_is_refused_or_says_the_same():
    state, s, dice, file = with_history(3), watched(), random.Random(3), io.BytesIO()
    torch.save(state, file)
    for _ in range(300):
        written = bytearray(file.getvalue())
        written[dice.randrange(len(written))] ^= 1 << dice.randrange(8)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loaded = torch.load(io.BytesIO(bytes(written)), weights_only=True)
        except Exception:  # torch's, of many kinds
            continue
        if loaded != state:
            check_refused(s, loaded, keep="checkpoint")


def test_a_file_cut_short_is_refused():
    file = io.BytesIO()
    torch.save(with_history(3), file)
    for stop in range(0, len(file.getvalue()), 97):
        with pytest.raises((RuntimeError, EOFError, ValueError)):
            torch.load(io.BytesIO(file.getvalue()[:stop]), weights_only=True)


def test_a_state_whose_rates_would_overflow_changes_nothing():
    falling, s = build(), watched()
    falling.amend(lehr.Exponential(1e-3, 0.625))
    state = {
        key: value.replace("0.625", "1.625") if isinstance(value, str) else value
        for key, value in falling.state_dict().items()
    }
    assert state != falling.state_dict()
    check_refused(s, signed(state), keep="checkpoint")


# States that nobody wrote.

ODD = [
    *(None, True, -1, 0, 1, 3, 10**17, 10**19, 0.5, float("nan"), float("inf"), "", "[]", "{}", "null", "[[1.0, 1]]"),
    *([], {}, b"x", "x" * 2_000, "[" * 5_000, "zlib:", "zlib:eJw=", "steps", "tokens", torch.zeros(2), object()),
    *("[[1e400, 1]]", "[[1.0, 1e9]]", '{"schedule": "linear"}', '{"schedule": "__import__"}', "9" * 5_000),
]
TEXTS = ['"', "0", "1", "9", "-", "e308", "null", "[", "]", "{", "}", ",", "true", "cosine", "Exponential", "length"]


def signed(state):
    """With the checksum that it should have, so that the fuzz gets past it."""
    try:
        return state | {"check": checksum(state)}
    except (AttributeError, TypeError, ValueError, KeyError, RecursionError):
        return state


def fuzzed_state(dice, state):
    """A state with some entries exchanged, or with their text damaged."""
    damaged = dict(state)
    for key in dice.sample(list(state), dice.randint(1, 2)):
        value = state[key]
        if dice.random() < 0.4 or not isinstance(value, str):
            damaged[key] = dice.choice(ODD)
        elif dice.random() < 0.5 and value:
            at = dice.randrange(len(value))
            damaged[key] = value[:at] + dice.choice(TEXTS) + value[at + dice.randint(0, 3) :]
        else:
            data = _mutated(dice, json.loads(value)) if value[:1] in "[{" else value
            damaged[key] = json.dumps(data, default=str)
    if dice.random() < 0.1:
        damaged.pop(dice.choice(list(damaged)))
    return signed(damaged) if dice.random() < 0.8 else damaged


def _mutated(dice, data):
    """Plain data with one thing in it exchanged."""
    if isinstance(data, dict) and data and dice.random() < 0.9:
        key = dice.choice(list(data))
        return data | {key: _mutated(dice, data[key])}
    if isinstance(data, list) and data and dice.random() < 0.9:
        at = dice.randrange(len(data))
        return [*data[:at], _mutated(dice, data[at]), *data[at + 1 :]]
    if isinstance(data, float | int) and dice.random() < 0.7:
        return data * dice.choice([-1, 0, 0.5, 2, 1e300, 10**12])
    return dice.choice(["cosine", "wish", -1, 0, 2.5, 10**18, 1e308, None, True, [], {}, [1, 2], "x" * 100])


def check_fuzzed_states(count, seed):
    """Each is accepted whole or refused with nothing changed; nothing but a ValueError comes out."""
    dice, accepted = random.Random(seed), 0
    wholes, s = [with_history(0), with_history(2)], watched()
    for _ in range(count):
        state = fuzzed_state(dice, dice.choice(wholes))
        before = everything(s)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                s.load_state_dict(state, keep=dice.choice([None, "checkpoint", "code"]))
        except ValueError:
            assert everything(s) == before, state
            continue
        accepted += 1
        rate = s.optimizer.param_groups[0]["lr"]
        assert (s.get_last_lr(), s.position) == ([rate], state["position"])
        assert 0 <= rate < float("inf")
        s.load_state_dict(s.state_dict())  # what it took it can say
        s = watched()
    return accepted


def test_fuzzed_states_change_nothing_unless_they_are_accepted():
    assert check_fuzzed_states(500, seed=5)
