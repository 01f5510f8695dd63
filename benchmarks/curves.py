"""The shared loss curves as runs; the files themselves belong to their authors and stay outside the repo.

The README beside each file gives the rate of every update; `t` counts updates from 0.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from lehr.forecast import Run
from lehr.forecast.rates import Array

Line = dict[str, str]


@dataclass(frozen=True)
class Setup:
    """A model, its data and its optimizer: what one law describes.

    Attributes:
        laboratory: Who trained it; of algoperf, the kind of its workload.
        model: Of algoperf, its workload; otherwise what was trained.
        runs: Its runs by name; of cooldown runs with the past that they share.
    """

    laboratory: str
    model: str
    runs: dict[str, Run] = field(default_factory=dict)

    def at(self, peak: float) -> dict[str, Run]:
        """Its runs with this peak rate."""
        return {name: run for name, run in self.runs.items() if abs(run.peak / peak - 1) < 1e-9}


def directory() -> Path:
    """Where the shared data are: the variable LEHR_DATA, or beside the repo."""
    root = Path(__file__).resolve().parents[1]
    return Path(os.environ.get("LEHR_DATA", root.parent / "shared" / "data"))


def available() -> bool:
    """Whether the shared data are there."""
    return (directory() / "algoperf" / "index.csv").exists()


@cache
def setups() -> dict[str, Setup]:
    """Every setup by name."""
    found: dict[str, Setup] = {}
    for read in (_multi_power_law, _cooldowns, _sizes, _nanogpt, _algoperf):
        for setup, laboratory, model, run in read():
            found.setdefault(setup, Setup(laboratory, model)).runs[run.name] = run
    return found


Runs = Iterator[tuple[str, str, str, Run]]


def _lines(path: Path) -> list[Line]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _losses(path: Path, column: str = "val_loss", until: float = np.inf) -> Array:
    """Updates done and losses, (n, 2), from the first update on, each position once."""
    rows: dict[int, float] = {}
    for line in _lines(path):
        if 0 < int(line["updates"]) <= until and line[column]:
            rows.setdefault(int(line["updates"]), float(line[column]))
    return np.array(sorted(rows.items()))


def _run(name: str, rates: Array, losses: Array, warmup: int) -> Run:
    return Run(rates, losses[:, 0], losses[:, 1], name=name, warmup=warmup)


def half_cosine(share: Array) -> Array:
    """From 1 at a share of 0 to 0 at a share of 1."""
    return np.asarray((1 + np.cos(np.pi * np.clip(share, 0, 1))) / 2)


WARMUP, PEAK = 2160, 3e-4
"""Of every run of the multi-power-law paper."""


def _multi_power_law() -> Runs:
    for size, folder in (("25M", "csv_25"), ("100M", "csv_100")):
        for path in sorted((directory() / "multi-power-law" / folder).glob("*.csv")):
            losses = np.array([[int(line["step"]) + 1, float(line["loss"])] for line in _lines(path)])
            yield size, "multi-power-law", size, _run(path.stem, multi_power_law_rates(path.stem), losses, WARMUP)


def multi_power_law_rates(name: str) -> Array:
    """Rates of a run by its name."""
    kind, *numbers = name.split("_")
    total = 16_000 if kind == "wsdcon" else int(numbers[-1])
    t = np.arange(total, dtype=float)
    after: dict[str, Callable[[], Array]] = {
        "constant": lambda: np.full(total, PEAK),
        "cosine": lambda: 3e-5 + (PEAK - 3e-5) * half_cosine((t - WARMUP) / (total - WARMUP)),
        "wsd": lambda: PEAK * 0.1 ** np.clip((t - 20_000) / 4000, 0, 1),
        "wsdld": lambda: PEAK - (PEAK - 3e-5) * np.clip((t - 20_000) / 4000, 0, 1),
        "wsdcon": lambda: np.where(t < 8000, PEAK, int(numbers[0]) * 1e-5),
    }
    return np.where(t < WARMUP, t / WARMUP * PEAK, after[kind]())


def cooldown_shares(line: Line, cooldown: int) -> Array:
    """Shares of the peak of a run of the second laboratory, whose cooldown has so many updates."""
    total = int(line["updates"])
    t = np.arange(total, dtype=float)
    if line["scheduler"] == "cos":
        end = float(line["final_share_of_peak"])
        decay = end + (1 - end) * half_cosine((t - 299) / (total - 300))
        return np.where(t < 300, 0.01 + 0.99 * (1 - half_cosine(t / 299)), decay)
    left = np.minimum((total - t) / max(cooldown, 1), 1.0) if cooldown else np.ones(total)
    decay = left if line["cooldown_shape"] != "1-sqrt" else 1 - np.sqrt(1 - left)
    return np.where(t < 300, 0.01 + 0.99 * t / 300, decay)


def _cooldowns() -> Runs:
    folder = directory() / "cooldowns-124m"
    for line in _lines(folder / "index.csv"):
        shares = cooldown_shares(line, round(float(line["cooldown_share"] or 0) * int(line["updates"])))
        past = f"lr{line['peak_lr']}_stable_50000.csv" if line["cooldown_share"] not in ("", "0") else ""
        yield "124M", "cooldowns", "124M", _branched(folder, line, past, shares)


def _sizes() -> Runs:
    folder = directory() / "cooldowns-sizes"
    for line in _lines(folder / "index.csv"):
        shares = cooldown_shares(line, int(line["cooldown_updates"] or 0))
        size = f"{round(int(line['parameters']) / 1e6)}M"
        yield size, "cooldowns", size, _branched(folder, line, line["past"], shares)


def _branched(folder: Path, line: Line, past: str, shares: Array) -> Run:
    """A run whose file begins where it left another run, if ``past`` names that one's file."""
    losses = _losses(folder / line["file"])
    if past:
        before = _losses(folder / past)
        losses = np.concatenate([before[before[:, 0] < losses[0, 0]], losses])
    return _run(line["file"].removesuffix(".csv"), float(line["peak_lr"]) * shares, losses, 300)


def _nanogpt() -> Runs:
    folder = directory() / "nanogpt-optimizers"
    for line in _lines(folder / "index.csv"):
        total, warmup = int(line["updates"]), int(line["warmup_updates"])
        t = np.arange(total, dtype=float)
        if line["warmdown_updates"]:
            decay = np.minimum((total - t) / int(line["warmdown_updates"]), 1.0)
        else:
            decay = half_cosine((t - warmup) / (total - warmup))
        shares = np.where(t < warmup, (t + 1) / max(warmup, 1), decay)
        name = line["file"].removesuffix(".csv")
        run = _run(name, float(line["peak_lr_blocks"]) * shares, _losses(folder / "val" / line["file"]), warmup)
        yield name, "nanogpt", name, run


@cache
def optimizers() -> dict[str, str]:
    """The optimizer of each setup of nanogpt-optimizers."""
    lines = _lines(directory() / "nanogpt-optimizers" / "index.csv")
    return {line["file"].removesuffix(".csv"): line["optimizer_blocks"].removeprefix("Distributed") for line in lines}


NO_LAW = {
    "fastmri_generalized-adam_s0t1": "SGD, which diverges",
    "imagenet_resnet_baseline_s0t4": "rises in the middle",
    "librispeech_conformer_nadamp_s0t3": "spikes",
    "librispeech_conformer_generalized-adam_s0t2": "a plateau, then a sudden fall",
    "librispeech_deepspeech_nadamp_s0t3": "spikes",
    "librispeech_deepspeech_generalized-adam_s0t2": "spikes",
    "wmt_cyclic-lr_s0t5": "spikes",
    "ogbg_baseline_s0t2": "over-fits",
    "ogbg_baseline_s0t5": "over-fits",
    "ogbg_nadamp_s0t1": "over-fits",
    "ogbg_generalized-adam_s0t5": "over-fits",
    "ogbg_cyclic-lr_s0t1": "over-fits",
    "ogbg_cyclic-lr_s0t2": "over-fits",
}
"""Runs that no law of the schedule alone can describe, and why: they are in no prior, and a fit says so."""


KINDS = {
    "imagenet_resnet": "images", "imagenet_vit": "images", "fastmri": "images",
    "librispeech_conformer": "speech", "librispeech_deepspeech": "speech",
    "wmt": "text, clicks and graphs", "criteo1tb": "text, clicks and graphs",
    "ogbg": "text, clicks and graphs",
}  # fmt: skip
"""The kind of each workload of algoperf."""


def algoperf_shares(line: Line) -> Array:
    """Shares of the peak of a run, until its last row."""
    horizon, warmup, cycles = (int(line[key]) for key in ("horizon", "warmup_updates", "cycles"))
    t = np.arange(int(line["updates"]), dtype=float)
    if line["submission"] != "cyclic_lr":
        return np.where(t < warmup, t / max(warmup, 1), half_cosine((t - warmup) / (horizon - warmup)))
    length, floor = horizon / cycles, 1e-10 / float(line["peak_lr"])
    u = t - (np.ceil(t / length) - 1) * length
    shares = floor + (1 - floor) * np.where(u <= warmup, u / warmup, half_cosine((u - warmup) / (length - warmup)))
    shares[0] = 1.0
    return shares


def _algoperf() -> Runs:
    folder = directory() / "algoperf"
    for line in _lines(folder / "index.csv"):
        name = line["file"].removesuffix(".csv")
        rates = float(line["peak_lr"]) * algoperf_shares(line)
        losses = _losses(folder / line["file"], until=int(line["updates"]))
        yield name, KINDS[line["workload"]], line["workload"], _run(name, rates, losses, int(line["warmup_updates"]))
