"""Composer 0.32.1, ``composer/optim/scheduler.py``, and LLM Foundry's ``llmfoundry/optim/scheduler.py``, transcribed.

A scheduler is a function of the trainer's state, called after each batch: before update t the timestamp has t batches,
and the samples and tokens of t batches.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from lehr.importers import from_composer

from .case import Case, Draw, Family, drawn, rate, size

Settings = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a scheduler may ask of the trainer."""

    max_value: int
    max_unit: str
    batches_per_epoch: int
    samples_per_batch: int
    tokens_per_batch: int
    ratio: float

    def scaled(self) -> int:
        """The length of the run, as the trainer scales it when it starts."""
        return int(self.max_value * self.ratio)

    def convert(self, text: str, ratio: float = 1.0) -> tuple[int, str]:
        """``_convert_time``: a integer, and ba, sp or tok."""
        unit = next(unit for unit in ("ep", "ba", "sp", "tok", "dur") if text.endswith(unit))
        value = float(text.removesuffix(unit))
        if unit == "dur":
            if self.max_unit == "ep":
                return int(value * self.batches_per_epoch * self.scaled()), "ba"
            return int(value * self.scaled()), self.max_unit
        if unit == "ep":
            value, unit = value * self.batches_per_epoch, "ba"
        return int(value * ratio), unit

    def now(self, unit: str, batch: int) -> int:
        """The timestamp in that unit."""
        return batch * {"ba": 1, "sp": self.samples_per_batch, "tok": self.tokens_per_batch}[unit]


def cosine(share: float, floor: float) -> float:
    """From 1 to the floor."""
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(max(share, 0.0), 1.0))) / 2


def body(kind: str, s: Settings, run: Run, t: int) -> float:
    """The schedulers without a warmup."""
    if kind == "multistep":
        passed = [run.now(unit, t) >= value for value, unit in (run.convert(m, run.ratio) for m in s["milestones"])]
        return float(s["gamma"] ** sum(passed))
    name = {"step": "step_size", "exponential": "decay_period", "cosine_warmrestart": "t_0"}.get(kind, "t_max")
    whole, unit = run.convert(s[name], run.ratio)
    now = run.now(unit, t)
    if kind == "step":
        return float(s["gamma"] ** int(now / whole))
    if kind == "exponential":
        return float(s["gamma"] ** (now / whole))
    if kind == "constant":
        return float(s["alpha"]) if now < whole else 1.0
    if kind == "cosine_warmrestart":
        length, end = whole, whole
        while end <= now:
            length = int(s["t_mult"] * length)
            end += length
        return cosine((now - (end - length)) / length, s["alpha_f"])
    share = min(1.0, now / whole)
    if kind == "linear":
        return float(s["alpha_i"] + share * (s["alpha_f"] - s["alpha_i"]))
    if kind == "cosine_decay":
        return cosine(share, s["alpha_f"])
    return float(s["alpha_f"] + (1 - share) ** s["power"] * (1 - s["alpha_f"]))


def with_warmup(kind: str, s: Settings, run: Run, t: int) -> float:
    """The schedulers with a warmup, whose line alone is scaled by ``scale_warmup``."""
    warmup, unit = run.convert(s["t_warmup"])
    now = run.now(unit, t)
    top = float(s.get("alpha_i") or s.get("alpha") or 1.0)
    if now < warmup:
        line, _ = run.convert(s["t_warmup"], run.ratio if s.get("scale_warmup") else 1.0)
        return float(top * min(1.0, now / line))
    if kind == "multistep_with_warmup":
        return body("multistep", s, run, t)
    whole, _ = run.convert(s["t_max"], run.ratio)
    share = min(1.0, (now - warmup) / (whole - warmup)) if whole > warmup else 0.0
    if kind == "constant_with_warmup":
        return float(top)
    if kind == "linear_decay_with_warmup":
        return float(top + share * (s["alpha_f"] - top))
    if kind == "cosine_with_warmup":
        return cosine(share, s["alpha_f"])
    return float(s["alpha_f"] + (1 - share) ** s["power"] * (1 - s["alpha_f"]))


def inverse_sqrt(s: Settings, run: Run, t: int) -> float:
    """LLM Foundry's inverse square root with a cooldown."""
    warmup, unit = run.convert(s["t_warmup"])
    now = run.now(unit, t)
    if now < warmup:
        return now / warmup
    scale, cooldown, whole = (run.convert(s[name], run.ratio)[0] for name in ("t_scale", "t_cooldown", "t_max"))
    begin = max(whole - cooldown, warmup)

    def law(at: int) -> float:
        return float(s["alpha_f_decay"] + (1 - s["alpha_f_decay"]) / math.sqrt((at + scale - warmup) / scale))

    if now < begin:
        return law(now)
    share = min(1.0, (now - begin) / cooldown) if cooldown else 0.0
    return float(law(begin) + share * (s["alpha_f_cooldown"] - law(begin)))


def factor(s: Settings, run: Run, t: int) -> float:
    """The factor before update t."""
    kind = s["name"]
    if kind == "inv_sqrt_with_warmup":
        return inverse_sqrt(s, run, t)
    return with_warmup(kind, s, run, t) if "warmup" in kind else body(kind, s, run, t)


def draw_run(g: random.Random, kind: str) -> Run:
    """A run of some length, in any unit."""
    unit = g.choice(["ep", "ba", "ba", "sp", "tok"])
    ratio = g.choice([1.0, 1.0, 0.5, 1.7])
    return Run(size(g, 2), unit, size(g), g.choice([1, 3, 8]), g.choice([7, 64]), ratio)


def time(g: random.Random, run: Run, dur: bool = True, least: int = 1) -> str:
    """A time in the unit of the run, or as a share of it; not 0 however it is scaled."""
    if dur and g.random() < 0.5:
        text = g.choice(["0.1dur", "0.37dur", "1dur"])
    else:
        text = f"{g.choice([size(g, least), run.max_value])}{run.max_unit}"
    scaled, _ = run.convert(text, min(run.ratio, 1.0))
    return text if scaled else "1dur"


def draw(kind: str) -> Draw:
    """Configs of one scheduler."""

    def one(g: random.Random) -> Case:
        run = draw_run(g, kind)
        while not run.scaled():
            run = draw_run(g, kind)
        s: Settings = {"name": kind} | settings(g, kind, run)
        whole, unit = run.convert("1dur")
        updates = math.ceil(whole / run.now(unit, 1))
        if s.get("t_mult", 1) % 1 == 0 and s.get("gamma", 1) <= 1:
            updates = 3 + 2 * updates  # past the end, but not where it needs the run to end
        updates = min(updates, 300)
        peak = rate(g)
        options = {
            "max_duration": f"{run.max_value}{run.max_unit}",
            "batches_per_epoch": run.batches_per_epoch,
            "samples_per_batch": run.samples_per_batch,
            "tokens_per_batch": run.tokens_per_batch,
            "scale_schedule_ratio": run.ratio,
            "after": "peer",
        }
        config = {"scheduler": s, "optimizer": {"name": "adamw", "lr": peak}}
        return Case(
            kind, config, lambda n: [peak * factor(s, run, t) for t in range(n)], updates, from_composer, options
        )

    return one


def settings(g: random.Random, kind: str, run: Run) -> Settings:
    """The settings of one scheduler."""
    floor: Settings = {"alpha_f": g.choice([0.0, 0.1])}
    warmup: Settings = {
        "t_warmup": g.choice([time(g, run), time(g, run), f"0{run.max_unit}"]),
        "scale_warmup": g.random() < 0.5,
    }
    whole: Settings = {"t_max": "1dur"}
    milestones: Settings = {
        "milestones": [time(g, run) for _ in range(g.randrange(1, 4))],
        "gamma": g.choice([0.1, 0.5]),
    }
    power: Settings = {"power": g.choice([1.0, 2.0, 0.5])}
    by_kind: dict[str, Settings] = {
        "step": {"step_size": time(g, run), "gamma": g.choice([0.1, 0.9])},
        "multistep": milestones,
        "constant": {"alpha": g.choice([1.0, 0.3]), "t_max": time(g, run)},
        "linear": {"alpha_i": g.choice([1.0, 0.2]), "t_max": time(g, run)} | floor,
        "exponential": {"gamma": g.choice([0.9, 0.5, 1.01]), "decay_period": time(g, run)},
        "cosine_decay": {"t_max": time(g, run)} | floor,
        "cosine_warmrestart": {"t_0": f"{size(g, 4)}{run.max_unit}", "t_mult": g.choice([1.0, 2.0, 1.3])} | floor,
        "polynomial": {"t_max": time(g, run)} | power | floor,
        "multistep_with_warmup": warmup | milestones,
        "constant_with_warmup": warmup | whole | {"alpha": g.choice([1.0, 0.3])},
        "linear_decay_with_warmup": warmup | whole | floor | {"alpha_i": g.choice([1.0, 0.5])},
        "cosine_with_warmup": warmup | whole | floor,
        "polynomial_with_warmup": warmup | whole | floor | power,
        "inv_sqrt_with_warmup": {
            "t_warmup": g.choice([time(g, run, dur=False), f"0{run.max_unit}"]),
            "t_scale": f"{size(g, 4)}{run.max_unit}",
            "t_cooldown": g.choice([time(g, run, dur=False), f"0{run.max_unit}"]),
            "t_max": "1dur",
            "alpha_f_decay": g.choice([0.0, 0.1]),
            "alpha_f_cooldown": 0.0,
        },
    }
    return by_kind[kind]


KINDS = (
    "step", "multistep", "constant", "linear", "exponential", "cosine_decay", "cosine_warmrestart", "polynomial",
    "multistep_with_warmup", "constant_with_warmup", "linear_decay_with_warmup", "cosine_with_warmup",
    "polynomial_with_warmup", "inv_sqrt_with_warmup",
)  # fmt: skip
FAMILIES: dict[str, Family] = drawn({kind: draw(kind) for kind in KINDS})
