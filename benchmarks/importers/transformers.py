"""Parameter sets of transformers' ``get_scheduler``, as `TrainingArguments` say them."""

from __future__ import annotations

from itertools import product
from typing import Any

from .case import Family, listed

_RUNS = [(0, 1), (0, 7), (0, 100), (1, 1), (1, 2), (3, 20), (7, 61), (10, 97), (13, 13), (20, 13), (37, 301)]
"""Updates of the warmup and of the run: no warmup, nothing but a warmup, odd sizes, a warmup longer than the run."""

_RATES = (1.0, 3e-4)

_OWN: dict[str, list[dict[str, Any]]] = {
    "constant": [{}],
    "constant_with_warmup": [{}],
    "linear": [{}],
    "cosine": [{"num_cycles": n} for n in (0.5, 1, 1.5, 0.37, 2, 0)],
    "cosine_with_restarts": [{"num_cycles": n} for n in (1, 2, 3, 7, 2.5, 49)],
    "polynomial": [{"lr_end": e, "power": p} for e, p in ((1e-7, 1.0), (0.0, 2.0), (1e-5, 0.5), (1e-5, 3.3))],
    "inverse_sqrt": [{}, {"timescale": 17}],
    "cosine_with_min_lr": [
        {"min_lr_rate": 0.1},
        {"min_lr": 1e-5},
        {"min_lr_rate": 0.3, "num_cycles": 1.25},
        {"min_lr_rate": 1.0},
    ],
    "cosine_warmup_with_min_lr": [
        {"min_lr_rate": 0.1},
        {"min_lr": 1e-5, "warmup_lr_rate": 0.01},
        {"min_lr_rate": 0.2, "num_cycles": 1.5, "warmup_lr_rate": 0.0},
    ],
    "warmup_stable_decay": [
        {"num_decay_steps": d, "warmup_type": w, "decay_type": f, "min_lr_ratio": r}
        for d, (w, f), r in product(
            (0, 1, 5), (("linear", "linear"), ("cosine", "cosine"), ("1-sqrt", "1-sqrt")), (0.0, 0.1)
        )
    ]
    + [{"num_decay_steps": 11, "num_cycles": 1.7}, {"num_decay_steps": 9, "num_stable_steps": 4}],
}


def _configs(name: str) -> list[dict[str, Any]]:
    """Every run with every setting; transformers divides by zero where a polynomial has only its warmup."""
    return [
        {
            "lr_scheduler_type": name,
            "learning_rate": _RATES[(index + total) % 2],
            "warmup_steps": warmup,
            "max_steps": total,
            "lr_scheduler_kwargs": settings,
        }
        for (warmup, total), (index, settings) in product(_RUNS, enumerate(_OWN[name]))
        if name != "polynomial" or warmup != total
    ]


CONFIGS = {name: _configs(name) for name in _OWN}


def steps(config: dict[str, Any]) -> int:
    """How many updates of a config to compare: past the end, where a cosine rises again and falls again."""
    return 2 * int(config["max_steps"]) + 30


FAMILIES: dict[str, Family] = listed("transformers", CONFIGS, steps)
