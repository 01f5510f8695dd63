"""The shared loss curves as runs; the files themselves belong to their authors and stay outside the repo."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np

import lehr
from lehr.forecast import Run

WARMUP, PEAK = 2160, 3e-4
LABS = {"25M": "mpl", "100M": "mpl", "124M-5e-4": "cooldowns", "124M-1e-3": "cooldowns"}
"""The laboratory of each data set."""
SHARED_STABLE = 10_000


def directory() -> Path:
    """Where the shared data are: the variable LEHR_DATA, or beside the repo."""
    root = Path(__file__).resolve().parents[1]
    return Path(os.environ.get("LEHR_DATA", root.parent / "shared" / "data"))


def available() -> bool:
    """Whether the shared data are there."""
    return (directory() / "cooldowns-124m" / "index.csv").exists()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def mpl_rates(name: str) -> np.ndarray:
    """Per-update rates of a run of the first laboratory, by the README's table."""
    total = {"wsdcon": 16_000}.get(name.split("_")[0]) or int(name.split("_")[-1])
    warm = np.minimum(np.arange(total), WARMUP) / WARMUP * PEAK
    t = np.arange(total, dtype=float)
    if name.startswith("cosine"):
        share = np.clip((t - WARMUP) / (total - WARMUP), 0, 1)
        return np.where(t < WARMUP, warm, 3e-5 + 0.5 * (PEAK - 3e-5) * (1 + np.cos(np.pi * share)))
    if name.startswith("wsdcon"):
        return np.where(t < 8000, warm, int(name.split("_")[1]) * 1e-5)
    if name.startswith("wsd"):
        share = np.clip((t - 20_000) / 4000, 0, 1)
        decay = PEAK * 0.1**share if name.startswith("wsd_") else PEAK - share * (PEAK - 3e-5)
        return np.where(t < 20_000, warm, decay)
    return warm


def _mpl(folder: str) -> dict[str, Run]:
    runs = {}
    for path in sorted((directory() / "multi-power-law" / folder).glob("*.csv")):
        rows = _rows(path)
        at = [int(row["step"]) + 1 for row in rows]
        loss = [float(row["loss"]) for row in rows]
        runs[path.stem] = Run(mpl_rates(path.stem), at, loss, name=path.stem, warmup=WARMUP)
    return runs


def cooldown_schedule(row: dict[str, str]) -> lehr.Schedule:
    """The schedule of a run of the second laboratory, from its line of the index."""
    total, warmup, peak = int(row["updates"]), int(row["warmup_updates"]), float(row["peak_lr"])
    if row["scheduler"] == "cos":
        return lehr.cosine(total, warmup, max_lr=peak, min_lr=float(row["final_share_of_peak"]) * peak)
    share = float(row["cooldown_share"])
    if not share:
        return lehr.constant_with_warmup(total, warmup, max_lr=peak)
    return lehr.wsd(total, warmup, max_lr=peak, decay_steps=round(share * total), decay_shape=row["cooldown_shape"])


def _cooldowns(peak: str) -> dict[str, Run]:
    folder, runs = directory() / "cooldowns-124m", {}
    for row in _rows(folder / "index.csv"):
        if row["peak_lr"] != peak:
            continue
        rows = [r for r in _rows(folder / row["file"]) if int(r["updates"]) > 0]
        at = [int(r["updates"]) for r in rows]
        loss = [float(r["val_loss"]) for r in rows]
        name = row["file"].removesuffix(".csv").split("_", 1)[1]
        runs[name] = Run(cooldown_schedule(row), at, loss, name=name, warmup=int(row["warmup_updates"]))
    return runs


@cache
def sets() -> dict[str, dict[str, Run]]:
    """Every data set: one model at one peak rate, its runs by name."""
    return {
        "25M": _mpl("csv_25"),
        "100M": _mpl("csv_100"),
        "124M-5e-4": _cooldowns("0.0005"),
        "124M-1e-3": _cooldowns("0.001"),
    }


def until(run: Run, update: int) -> Run:
    """The run as it was when ``update`` updates were done."""
    keep = run.at <= update
    return Run(run.schedule, run.at[keep], run.loss[keep], name=f"{run.name} until {update}", warmup=run.warmup)
