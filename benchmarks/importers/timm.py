"""Parameter sets of timm's schedulers: the name of the class, the optimizer's rate, the scheduler's arguments."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from itertools import product
from typing import Any

from .case import Family, listed

if "timm" not in sys.modules and (found := find_spec("timm")) is not None:
    sys.modules["timm"] = module_from_spec(found)  # timm.scheduler without the models, which need torchvision

_WARMUPS: list[dict[str, Any]] = [
    {},
    {"warmup_t": 3, "warmup_lr_init": 1e-4},
    {"warmup_t": 3, "warmup_lr_init": 1e-4, "warmup_prefix": True},
    {"warmup_t": 7, "warmup_prefix": False, "t_in_epochs": False},
    {"warmup_t": 40, "warmup_lr_init": 0.2},  # longer than most of the decays
    {"warmup_t": 1, "warmup_prefix": True},
]

_CYCLES: list[dict[str, Any]] = [
    {},
    {"cycle_limit": 3},
    {"cycle_limit": 4, "cycle_decay": 0.5, "lr_min": 0.01},
    {"cycle_limit": 4, "cycle_mul": 2.0, "cycle_decay": 0.3, "lr_min": 0.001},
    {"cycle_limit": 5, "cycle_mul": 1.5},
    {"cycle_limit": 0, "lr_min": 0.05},
]

_OWN: dict[str, list[dict[str, Any]]] = {
    "CosineLRScheduler": [{"t_initial": n, "k_decay": k} for n, k in ((1, 1.0), (11, 1.0), (61, 1.0), (17, 1.7))],
    "PolyLRScheduler": [
        {"t_initial": n, "k_decay": k, "power": p}
        for n, k, p in ((1, 1.0, 0.5), (13, 1.0, 2.0), (37, 0.7, 1.3), (61, 1.0, 1.0))
    ],
    "TanhLRScheduler": [
        {"t_initial": n, "lb": a, "ub": b} for n, a, b in ((1, -7.0, 3.0), (11, -7.0, 3.0), (37, -4, 2))
    ],
}

_OTHERS: dict[str, list[dict[str, Any]]] = {
    "StepLRScheduler": [
        {"decay_t": n, "decay_rate": r} for n, r in ((1, 0.9), (7, 0.5), (2.5, 0.8), (5, 1.0), (5, 0.0), (30, 1.5))
    ],
    "MultiStepLRScheduler": [
        {"decay_t": m, "decay_rate": 0.3} for m in ([5, 11, 30], [1, 2, 3], [], [9, 9, 20], [0, 4], [2.5, 8])
    ],
}

_WSD: list[dict[str, Any]] = [
    {"t_initial": n, "decay_t": d, "lr_min": low, **own}
    for (n, d), low, own in product(
        ((20, 5), (37, 37), (1, 1)),
        (0.0, 0.03),
        (
            {},
            {"decay_fn": "linear", "stable_fn": "rsqrt", "stable_timescale": 6},
            {"decay_fn": "cosine", "stable_fn": "power", "stable_timescale": 3, "stable_power": 1.2},
            {"decay_fn": "power", "decay_power": 2.0},
            {"decay_fn": "exp", "decay_ratio": 0.03},
            {"decay_fn": "exp", "stable_fn": "rsqrt", "stable_timescale": 11.5},
        ),
    )
]


def _configs() -> dict[str, list[dict[str, Any]]]:
    made: list[tuple[str, dict[str, Any]]] = []
    for name, own in _OWN.items():
        made += [(name, o | w | c) for o, w, c in product(own, _WARMUPS, _CYCLES)]
    for name, own in _OTHERS.items():
        made += [(name, o | w) for o, w in product(own, _WARMUPS)]
    without_prefix = [{k: v for k, v in w.items() if k != "warmup_prefix"} for w in _WARMUPS]
    made += [("WSDLRScheduler", o | w) for o, w in product(_WSD, without_prefix)]
    noise = {"noise_range_t": [4, 17], "noise_pct": 0.5, "noise_seed": 3}
    made += [(name, settings | noise) for name, settings in made[::9]]
    configs: dict[str, list[dict[str, Any]]] = {}
    for name, settings in made:
        configs.setdefault(name, []).append({"name": name, "lr": 0.1, **settings})
    return configs


CONFIGS = _configs()


def steps(config: dict[str, Any]) -> int:
    """How many positions of a config to compare: past the end of nearly all of them."""
    return 130


FAMILIES: dict[str, Family] = listed("timm", CONFIGS, steps)
