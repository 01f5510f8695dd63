"""What the tests of the forecasts share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from shell import COSINE, STABLE, rows, write_csv

from lehr.forecast import fit, read_run

# The shared loss curves are read by the benchmarks' loader.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory: a folder with two logs and the law that fits them."""
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "stable.csv", rows(STABLE))
    write_csv(tmp_path / "cosine.csv", rows(COSINE))
    fit([read_run("stable.csv", name="stable.csv"), read_run("cosine.csv", name="cosine.csv")]).write("law.json")
    return tmp_path
