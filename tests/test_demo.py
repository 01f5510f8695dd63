"""The demo, run as people run it: what it writes, and that a killed run ends as one never stopped."""

from __future__ import annotations

import contextlib
import csv
import random
import runpy
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest
import torch

import lehr

SCRIPT = Path(__file__).parents[1] / "examples" / "train_gpt.py"
STEPS = 42
SCHEDULES = {
    "cosine": lehr.cosine(STEPS, "5%", 8e-3, 8e-4),
    "linear": lehr.linear(STEPS, "5%", 8e-3, 8e-4),
    "constant": lehr.constant(STEPS, max_lr=8e-3),
}


def start(out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), "--out", str(out), f"--steps={STEPS}", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    return printed


@dataclass(frozen=True)
class Run:
    out: Path
    printed: str
    seconds: float


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("demo")
    begin = time.perf_counter()
    printed = finish(start(out))
    return Run(out, printed, time.perf_counter() - begin)


def checkpoint(out: Path, name: str) -> Any:
    return torch.load(out / f"checkpoint_{name}.pt", weights_only=True)


def rows(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"log_{name}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_log_has_the_rates_of_the_schedule(never_stopped: Run, name: str) -> None:
    log = rows(never_stopped.out, name)
    assert list(log[0]) == ["step", "lr", "train_loss", "val_loss"]
    assert [int(row["step"]) for row in log] == list(range(STEPS))
    assert [float(row["lr"]) for row in log] == [SCHEDULES[name](step) for step in range(STEPS)]


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_model_learns(never_stopped: Run, name: str) -> None:
    log = rows(never_stopped.out, name)
    assert float(log[0]["train_loss"]) > 5
    assert 2 < float(log[-1]["train_loss"]) < 4
    assert [row["step"] for row in log if row["val_loss"]] == ["39", "41"]
    assert 2 < float(log[-1]["val_loss"]) < 4


def test_the_table_has_the_final_validation_losses(never_stopped: Run) -> None:
    table = [line.split() for line in never_stopped.printed.splitlines()[-3:]]
    assert table == [[name, f"{float(rows(never_stopped.out, name)[-1]['val_loss']):.3f}"] for name in SCHEDULES]


def test_a_run_of_few_losses_is_not_forecast_from(never_stopped: Run) -> None:
    assert "No forecast: a run has 2 validation losses, and 8 would say something." in never_stopped.printed


def test_without_cosine_there_is_no_forecast(tmp_path: Path) -> None:
    printed = finish(start(tmp_path, "--steps=10", "--schedule=linear"))
    assert "No forecast: that takes the cosine run, and another run to forecast it from." in printed


def test_the_other_runs_forecast_cosine(tmp_path: Path) -> None:
    often = "import train_gpt; train_gpt.EVALUATE_EVERY = 5; train_gpt.main()"
    options = [f"--out={tmp_path}", f"--steps={STEPS}", "--schedule=cosine", "--schedule=linear"]
    printed = subprocess.check_output([sys.executable, "-c", often, *options], text=True, cwd=SCRIPT.parent)
    *_, said, error = printed.splitlines()
    run = lehr.forecast.read_run(tmp_path / "log_linear.csv", SCHEDULES["linear"], loss="val_loss", step_counts="index")
    loss, low, high = lehr.forecast.fit(run).predict(SCHEDULES["cosine"], at=[STEPS]).final
    assert said == f"cosine, forecast from linear alone: {loss:.3f}, 90 % band {low:.3f} to {high:.3f}"
    last = float(rows(tmp_path, "cosine")[-1]["val_loss"])
    assert error == f"off by {loss - last:+.3f}, {'inside' if low <= last <= high else 'outside'} the band"


@pytest.mark.parametrize("picture", [*(f"lr_{name}.png" for name in SCHEDULES), "losses.png"])
def test_pictures_show_something(never_stopped: Run, picture: str) -> None:
    pixels = matplotlib.image.imread(never_stopped.out / picture)
    height, width, _ = pixels.shape
    inked = (pixels[..., :3] < 0.9).any(axis=2)
    assert min(height, width) >= 500
    assert 0.005 < inked.mean() < 0.3
    assert inked.any(axis=0).mean() > 0.9  # from side to side


def test_nothing_unfinished_is_left(never_stopped: Run) -> None:
    assert len(list(never_stopped.out.iterdir())) == 3 * len(SCHEDULES) + 1


def bits(value: Any) -> Any:
    """A checkpoint in a form that is equal only where every bit is."""
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape, value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    return [bits(item) for item in value] if isinstance(value, list | tuple) else repr(value)


def wait(process: subprocess.Popen[str], seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def wait_for_write(process: subprocess.Popen[str], out: Path) -> None:
    while process.poll() is None and not any(out.glob("checkpoint_*.unfinished")):
        time.sleep(0.001)


def kill(process: subprocess.Popen[str]) -> bool:
    """Whether it was not too late."""
    process.kill()
    _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode != 0


def run_through_kills(out: Path, every: int, longest: float, seed: int, in_writes: bool) -> None:
    """Run the demo to its end, killed three times on the way: at any moment, or while it writes a checkpoint."""
    dice, moments, options = random.Random(seed), [], [f"--checkpoint-every={every}"]
    for _ in range(12):
        process, moment = start(out, *options), dice.uniform(0, longest)
        if in_writes:
            wait_for_write(process, out)  # else most kills would come before the first, and nothing be resumed
        wait(process, moment)
        if in_writes:
            wait_for_write(process, out)
        if kill(process):
            moments.append(moment)
            options[1:] = ["--resume"]
        else:  # it had ended: begin again, or let it end once more
            options[1:] = ["--resume"] * dice.randint(0, 1)
        if len(moments) == 3:
            break
    print(f"seed {seed}, in writes {in_writes}: killed after {moments} s of {longest}")  # shown if it fails
    assert len(moments) == 3
    finish(start(out, *options))


def test_a_killed_run_ends_as_one_never_stopped(never_stopped: Run, tmp_path: Path) -> None:
    seed, expected, seconds = random.randrange(2**32), never_stopped.out, never_stopped.seconds
    with ThreadPoolExecutor() as pool:
        anywhere = pool.submit(run_through_kills, tmp_path / "a", 7, seconds, seed, in_writes=False)
        in_writes = pool.submit(run_through_kills, tmp_path / "b", 1, 0.2 * seconds, seed, in_writes=True)
    for run, out in (anywhere, tmp_path / "a"), (in_writes, tmp_path / "b"):
        run.result()
        assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in expected.iterdir())
        for name in SCHEDULES:
            assert (out / f"log_{name}.csv").read_bytes() == (expected / f"log_{name}.csv").read_bytes()
            assert bits(checkpoint(out, name)) == bits(checkpoint(expected, name))


def test_other_settings_are_refused_on_resume_and_welcome_afresh(never_stopped: Run, tmp_path: Path) -> None:
    out = shutil.copytree(never_stopped.out, tmp_path / "demo")
    seed, steps = start(out, "--resume", "--seed=1"), start(out, "--resume", f"--steps={STEPS + 1}")
    assert "was written with --seed 0, not 1" in seed.communicate()[1]
    assert "training_steps" in steps.communicate()[1]
    assert seed.returncode != 0 != steps.returncode
    finish(start(out, "--seed=1", "--steps=10", "--schedule=linear"))
    assert [len(rows(out, name)) for name in SCHEDULES] == [STEPS, 10, STEPS]


def test_no_module_is_trained_on_and_held_out() -> None:
    demo = runpy.run_path(str(SCRIPT))
    assert set(demo["TRAINING"].split()).isdisjoint(demo["VALIDATION"].split())
