"""fairseq 0.12.2, ``fairseq/optim/lr_scheduler/*.py``, transcribed.

The trainer calls ``step_update(n)`` with the number of updates done: with 0 when it builds the scheduler, and after
each update. At the begin of each epoch, from 1, it calls ``step_begin_epoch(epoch)`` and then ``step_update(n)``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from lehr.importers import from_fairseq

from .case import Case, Family, drawn, rate, size

Arguments = dict[str, Any]


def by_update(at: Callable[[int], float]) -> Callable[[int], list[float]]:
    """What a scheduler gives that looks at the number of updates alone."""
    return lambda updates: [float(at(n)) for n in range(updates)]


def inverse_sqrt(a: Arguments) -> Callable[[int], list[float]]:
    """A line, then a multiple of the number of updates to the power of -½."""
    warmup, peak, low = a["warmup_updates"], a["lr"][0], a["warmup_init_lr"]
    low = 0 if low < 0 else low
    return by_update(lambda n: low + n * (peak - low) / warmup if n < warmup else peak * warmup**0.5 * n**-0.5)


def polynomial(a: Arguments) -> Callable[[int], list[float]]:
    """A line up to and including W, then a power of what is left; the first epoch takes the second rate."""
    warmup, total, end = a["warmup_updates"], a["total_num_update"], a["end_learning_rate"]

    def rates(updates: int) -> list[float]:
        used = []
        for n in range(updates):
            epoch = 1 + n // a["updates_per_epoch"]
            lr = a["lr"][min(epoch, len(a["lr"]) - 1)]
            if warmup > 0 and n <= warmup:
                used.append(n / warmup * lr)
            elif n >= total:
                used.append(end)
            else:
                used.append((lr - end) * (1 - (n - warmup) / (total - warmup)) ** a["power"] + end)
        return used

    return rates


def cycle_by_logarithm(period: float, growth: float, done: float) -> int:
    """The index of the cycle as fairseq finds it where ``t_mult`` is not 1; rounding makes it one too low at times."""
    return math.floor(math.log(1 - done / period * (1 - growth), growth))


def cosine(a: Arguments, by_logarithm: bool = False) -> Callable[[int], list[float]]:
    """A line, then half cosines whose peak and floor shrink."""
    warmup, peak, floor, growth = a["warmup_updates"], a["lr"][0], a["min_lr"], a["t_mult"]
    low = floor if a["warmup_init_lr"] < 0 else a["warmup_init_lr"]
    period = a["lr_period_updates"] if a["lr_period_updates"] > 0 else a["max_update"] - warmup

    def at(n: int) -> float:
        if n < warmup:
            return float(low + n * (peak - low) / warmup)
        done, length, index = n - warmup, period, 0
        if by_logarithm and growth != 1:
            index = cycle_by_logarithm(period, growth, done)
            length = growth**index * period
            done -= (1 - growth**index) / (1 - growth) * period
        else:
            while done >= length:
                done, length, index = done - length, length * growth, index + 1
        share = 0.5 * (1 + math.cos(math.pi * done / length))
        return float(a["lr_shrink"] ** index * (floor + (peak - floor) * share))

    return by_update(at)


def tri_stage(a: Arguments) -> Callable[[int], list[float]]:
    """A line, a plateau, and an exponential decay that keeps its last position."""
    warmup, hold, decay = a["warmup_steps"], a["hold_steps"], a["decay_steps"]
    if a.get("phase_ratio"):
        warmup, hold, decay = (int(a["max_update"] * share) for share in a["phase_ratio"])
    peak = a["lr"][0]
    low, end = a["init_lr_scale"] * peak, a["final_lr_scale"] * peak

    def at(n: int) -> float:
        if n < warmup:
            return float(low + (peak - low) / warmup * n)
        if n < warmup + hold:
            return float(peak)
        if n <= warmup + hold + decay:
            return float(peak * math.exp(math.log(a["final_lr_scale"]) / decay * (n - warmup - hold)))
        return float(end)

    return by_update(at)


def triangular(a: Arguments) -> Callable[[int], list[float]]:
    """Triangles whose peak shrinks, and perhaps whose floor does."""
    half = a["lr_period_updates"] // 2

    def at(n: int) -> float:
        cycle = n // (2 * half)
        shrink = a["lr_shrink"] ** cycle
        low, high = a["lr"][0] * (shrink if a["shrink_min"] else 1), a["max_lr"] * shrink
        return float(low + (high - low) * max(0, 1 - abs(n / half - 2 * (cycle + 1) + 1)))

    return by_update(at)


def step(a: Arguments) -> Callable[[int], list[float]]:
    """A line, then a factor every period, nowhere below the floor."""
    warmup, peak, floor = a["warmup_updates"], a["lr"][0], a["min_lr"]
    low = floor if a["warmup_init_lr"] < 0 else a["warmup_init_lr"]

    def at(n: int) -> float:
        if n < warmup:
            return float(low + n * (peak - low) / warmup)
        return float(max(peak * a["lr_decay"] ** ((n - warmup) // a["lr_decay_period"]), floor))

    return by_update(at)


def fixed(a: Arguments) -> Callable[[int], list[float]]:
    """A rate for each epoch, and a line to it from 1 / W."""
    warmup, anneal = a["warmup_updates"], a["force_anneal"]

    def rates(updates: int) -> list[float]:
        used = []
        for n in range(updates):
            epoch = 1 + n // a["updates_per_epoch"]
            if anneal is None or epoch < anneal:
                lr = a["lr"][min(epoch - 1, len(a["lr"]) - 1)]
            else:
                lr = a["lr"][-1] * a["lr_shrink"] ** (epoch + 1 - anneal)
            used.append((n + 1) / warmup * lr if n < warmup else lr)
        return used

    return rates


def manual(a: Arguments) -> Callable[[int], list[float]]:
    """The optimizer's rate is written from one dictionary at each epoch, and from the other after each update."""
    by_epoch, by_number = spelled(a["epoch2lr"]), spelled(a["update2lr"])

    def rates(updates: int) -> list[float]:
        lr = by_epoch.get(1, by_number.get(1, a["lr"][0]))
        used = []
        for n in range(updates):
            if n % a["updates_per_epoch"] == 0:
                epoch = 1 + n // a["updates_per_epoch"]
                lr = latest(by_epoch, epoch, lr)
            lr = latest(by_number, n, lr)
            used.append(lr)
        return used

    return rates


def latest(levels: dict[int, float], key: int, otherwise: float) -> float:
    """The rate of the highest key that is not above the key."""
    passed = [k for k in levels if k <= key]
    return levels[max(passed)] if passed else otherwise


def spelled(levels: dict[str, float]) -> dict[int, float]:
    """Keys such as ``"2,5"`` and ``"7-9"`` one by one."""
    found: dict[int, float] = {}
    for keys, lr in levels.items():
        for key in keys.split(","):
            first, _, last = key.partition("-")
            found |= dict.fromkeys(range(int(first), int(last or first) + 1), lr)
    return found


def case(
    kind: str, family: str, a: Arguments, original: Callable[[int], list[float]], steps: int, **options: Any
) -> Case:
    """A case; what the importer is told beside the arguments is not in them."""
    told = {name: value for name, value in a.items() if name != "updates_per_epoch"}
    if kind == "manual":
        told |= {name: repr(told[name]) for name in ("epoch2lr", "update2lr")}
    if "updates_per_epoch" in a:
        options["updates_per_epoch"] = a["updates_per_epoch"]
    return Case(family, {"lr_scheduler": kind, **told}, original, steps, from_fairseq, options)


def draw_inverse_sqrt(g: random.Random) -> Case:
    """inverse_sqrt."""
    a = {"lr": [rate(g)], "warmup_updates": size(g), "warmup_init_lr": g.choice([-1, 0.0, 1e-4])}
    return case("inverse_sqrt", "inverse_sqrt", a, inverse_sqrt(a), 200)


def draw_polynomial(g: random.Random) -> Case:
    """polynomial_decay, with one rate or several, also with a warmup as long as the run."""
    warmup = g.choice([0, size(g)])
    a: Arguments = {"lr": [rate(g) for _ in range(g.choice([1, 1, 2, 3]))], "warmup_updates": warmup}
    a |= {"total_num_update": g.choice([warmup + size(g), max(1, warmup)]), "power": g.choice([1.0, 2.0, 0.5, 0.0])}
    a |= {"end_learning_rate": g.choice([0.0, 1e-4]), "updates_per_epoch": size(g)}
    return case("polynomial_decay", "polynomial_decay", a, polynomial(a), 270)


def draw_cosine(g: random.Random) -> Case:
    """cosine, with cycles of equal or growing length."""
    warmup, peak = g.choice([0, size(g)]), rate(g)
    a: Arguments = {"lr": [peak], "min_lr": g.choice([0.0, 0.1 * peak]), "warmup_updates": warmup}
    a |= {
        "warmup_init_lr": g.choice([-1, 0.01 * peak]),
        "t_mult": g.choice([1, 1, 2, 3, 1.5]),
        "lr_shrink": g.choice([1, 0.5, 0.1]),
    }
    a |= {"lr_period_updates": g.choice([-1, size(g)]), "max_update": warmup + size(g)}
    return case("cosine", "cosine", a, cosine(a), 400, after="peer")


def draw_tri_stage(g: random.Random) -> Case:
    """tri_stage, from steps or from shares of the run."""
    a: Arguments = {
        "lr": [rate(g)],
        "init_lr_scale": g.choice([0.0, 0.01]),
        "final_lr_scale": g.choice([0.01, 0.05, 1.0]),
    }
    a |= {"warmup_steps": g.choice([0, size(g)]), "hold_steps": g.choice([0, size(g)]), "decay_steps": size(g)}
    if g.random() < 0.4:
        a |= {"phase_ratio": g.choice([(0.1, 0.4, 0.5), (0.0, 0.0, 1.0), (0.25, 0.25, 0.5)]), "max_update": size(g, 10)}
    return case("tri_stage", "tri_stage", a, tri_stage(a), 400)


def draw_triangular(g: random.Random) -> Case:
    """triangular, with a floor that shrinks or not."""
    low = rate(g, 0.1)
    a = {"lr": [low], "max_lr": low * g.uniform(1.1, 20), "lr_period_updates": size(g, 2)}
    a |= {"lr_shrink": g.choice([1.0, 0.9, 0.1]), "shrink_min": g.random() < 0.5}
    return case("triangular", "triangular", a, triangular(a), 300)


def draw_step(g: random.Random) -> Case:
    """step."""
    peak = rate(g)
    a: Arguments = {"lr": [peak], "min_lr": g.choice([0.0, 0.01 * peak]), "warmup_updates": g.choice([0, size(g)])}
    a |= {
        "warmup_init_lr": g.choice([-1, 0.001 * peak]),
        "lr_decay_period": size(g),
        "lr_decay": g.choice([0.5, 0.9, 1.0]),
    }
    return case("step", "step", a, step(a), 250)


def draw_fixed(g: random.Random) -> Case:
    """fixed, with annealing or without."""
    a: Arguments = {"lr": [rate(g) for _ in range(g.choice([1, 2, 4]))], "warmup_updates": g.choice([0, size(g)])}
    a |= {"force_anneal": g.choice([None, 0, 1, 2, 5]), "lr_shrink": g.choice([0.1, 0.7]), "updates_per_epoch": size(g)}
    return case("fixed", "fixed", a, fixed(a), 200)


def draw_manual(g: random.Random) -> Case:
    """manual, by epoch, by update, or both."""
    a: Arguments = {"lr": [rate(g)], "updates_per_epoch": size(g), "epoch2lr": {}, "update2lr": {}}
    if g.random() < 0.7:
        a["epoch2lr"] = {key: rate(g) for key in g.sample(["0", "1", "2", "3,5", "6-8", "12"], g.randrange(1, 5))}
    if g.random() < 0.7:
        a["update2lr"] = {key: rate(g) for key in g.sample(["0", "1", "4", "9,30", "41-50", "97"], g.randrange(1, 5))}
    return case("manual", "manual", a, manual(a), 150)


FAMILIES: dict[str, Family] = drawn(
    {
        "inverse_sqrt": draw_inverse_sqrt,
        "polynomial_decay": draw_polynomial,
        "cosine": draw_cosine,
        "tri_stage": draw_tri_stage,
        "triangular": draw_triangular,
        "step": draw_step,
        "fixed": draw_fixed,
        "manual": draw_manual,
    }
)
