"""Parameter sets of pytorch_optimizer's schedulers: the name, the optimizer's rate, the scheduler's arguments."""

from __future__ import annotations

from itertools import product
from typing import Any

from .case import Family, listed

_LATE: list[dict[str, Any]] = [
    {"t_max": t, "warmup_steps": w, "max_lr": 0.3, "min_lr": low, "init_lr": first}
    for (w, t), (low, first) in product(
        ((0, 1), (0, 37), (1, 2), (3, 20), (12, 13)), ((0.0, 0.0), (0.01, 0.0), (0.02, 0.05))
    )
]

_OWN: dict[str, list[dict[str, Any]]] = {
    "LinearScheduler": _LATE,
    "CosineScheduler": _LATE,
    "PolyScheduler": [late | {"poly_order": p} for late, p in product(_LATE, (0.5, 1.0, 1.7))],
    "REXScheduler": [{"total_steps": n, "max_lr": 0.3, "min_lr": m} for n, m in product((1, 2, 13, 61), (0.0, 0.01))],
    "CosineAnnealingWarmupRestarts": [
        {"first_cycle_steps": n, "warmup_steps": w, "cycle_mult": c, "max_lr": 0.3, "min_lr": m, "gamma": g}
        for (w, n), c, m, g in product(((0, 1), (0, 7), (3, 10)), (1.0, 1.5, 2.0, 0.6), (0.0, 0.01), (1.0, 0.7))
    ],
    "get_chebyshev_schedule": [{"num_epochs": n, "lr": 0.1} for n in (1, 2, 3, 4, 5, 16, 17, 60)]
    + [{"num_epochs": 5, "is_warmup": True, "lr": 0.1}],
    "get_wsd_schedule": [
        {
            "num_warmup_steps": w,
            "num_stable_steps": s,
            "num_decay_steps": d,
            "cooldown_type": kind,
            "min_lr_ratio": r,
            "num_cycles": n,
            "lr": 0.1,
        }
        for (w, s, d), kind, (r, n) in product(
            ((0, 0, 1), (3, 10, 7), (5, 0, 0), (0, 7, 31)),
            ("cosine", "1-sqrt", "linear", "1-square"),
            ((0.0, 0.5), (0.1, 0.5), (0.1, 1.3)),
        )
    ],
}

CONFIGS = {name: [{"name": name, **arguments} for arguments in own] for name, own in _OWN.items()}


def steps(config: dict[str, Any]) -> int:
    """How many updates of a config to compare: past the end of nearly all of them."""
    return 90


FAMILIES: dict[str, Family] = listed("pytorch_optimizer", CONFIGS, steps)
