"""The example that torchrun starts: four processes, then one that goes on at their sample."""

import csv
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("torch.distributed.fsdp")

SCRIPT = Path(__file__).parents[2] / "examples" / "train_sharded.py"
BATCH = 16


def torchrun(processes, *arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    settings = {"OMP_NUM_THREADS": "1"} | ({"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {})
    done = subprocess.run(
        [*command, str(SCRIPT), *arguments], env=os.environ | settings, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def train_sharded(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    return importlib.import_module("train_sharded")


def test_without_torchrun_it_says_how_it_is_started(train_sharded, tmp_path):
    done = CliRunner().invoke(train_sharded.main, ["--out", str(tmp_path / "run")])
    assert done.exit_code == 2
    assert "Error: it is started by torchrun" in done.output
    assert "torchrun --standalone --nproc-per-node 2 examples/train_sharded.py --out run" in done.output
    assert not (tmp_path / "run").exists()


def test_four_processes_and_then_one(train_sharded, tmp_path):
    out = ["--out", str(tmp_path)]
    assert "4 processes, 32 updates up to sample 2048" in torchrun(4, *out, "--stop-at", "2k")
    assert "1 processes, 10 updates up to sample 2208" in torchrun(1, *out, "--stop-at", "2200")
    assert "1 processes, 0 updates up to sample 2208" in torchrun(1, *out, "--stop-at", "2200")  # nothing is left
    rows = [
        (int(consumed), float(rate))
        for consumed, rate, _ in csv.reader((tmp_path / "log.csv").read_text().splitlines())
    ]
    assert [consumed for consumed, _ in rows] == [*range(0, 2_048, 4 * BATCH), *range(2_048, 2_208, BATCH)]
    assert [rate for _, rate in rows] == [train_sharded.SCHEDULE(consumed) for consumed, _ in rows]
    assert [path.name for path in train_sharded.checkpoints(tmp_path)] == ["after_000002048", "after_000002208"]
