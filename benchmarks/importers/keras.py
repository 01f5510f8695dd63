"""Parameter sets of Keras's schedules, as ``keras.optimizers.schedules.serialize`` gives them."""

from __future__ import annotations

from itertools import product
from typing import Any

from .case import Family, listed

TOLERANCE_FLOAT64 = 1e-12
"""With ``keras.config.set_floatx("float64")``."""

_OWN: dict[str, list[dict[str, Any]]] = {
    "ExponentialDecay": [
        {"initial_learning_rate": 0.3, "decay_steps": n, "decay_rate": r, "staircase": s}
        for n, r, s in product((1, 7, 20), (0.5, 0.96, 1.0, 0.0), (False, True))
    ]
    + [
        {"initial_learning_rate": 0.3, "decay_steps": n, "decay_rate": 1.1, "staircase": s}
        for n, s in product((7, 20), (False, True))
    ],
    "PiecewiseConstantDecay": [
        {"boundaries": at, "values": rates}
        for at, rates in (
            ([5], [1.0, 0.5]),
            ([0, 7], [0.3, 0.2, 0.1]),
            ([3, 4, 30], [0.1, 0.7, 0.0, 0.2]),
            ([10.5, 20], [0.5, 0.4, 0.3]),
        )
    ],
    "PolynomialDecay": [
        {"initial_learning_rate": a, "decay_steps": n, "end_learning_rate": b, "power": p, "cycle": c}
        for (a, b), n, p, c in product(
            ((0.3, 0.01), (0.1, 0.0), (0.02, 0.4)), (1, 7, 20), (1.0, 0.5, 2.0), (False, True)
        )
    ],
    "InverseTimeDecay": [
        {"initial_learning_rate": 0.3, "decay_steps": n, "decay_rate": r, "staircase": s}
        for n, r, s in product((1, 7, 20), (0.5, 3.0, 0.0), (False, True))
    ],
    "CosineDecay": [
        {"initial_learning_rate": a, "decay_steps": n, "alpha": alpha, "warmup_target": top, "warmup_steps": w}
        for n, alpha, (a, top, w) in product(
            (1, 7, 40), (0.0, 0.1), ((0.3, None, 0), (0.3, None, 5), (0.0, 0.3, 9), (0.01, 0.3, 0), (0.01, 0.3, 1))
        )
    ],
    "CosineDecayRestarts": [
        {"initial_learning_rate": 0.3, "first_decay_steps": n, "t_mul": t, "m_mul": m, "alpha": a}
        for n, t, m, a in product((7, 11), (1.0, 2.0, 1.5, 3.0), (1.0, 0.8, 1.3), (0.0, 0.1, 1.2))
    ],
}

CONFIGS = {
    name: [
        {"module": "keras.optimizers.schedules", "class_name": name, "config": config, "registered_name": None}
        for config in own
    ]
    for name, own in _OWN.items()
}


def steps(config: dict[str, Any]) -> int:
    """How many updates of a config to compare: past the end of nearly all of them."""
    return 70


FAMILIES: dict[str, Family] = listed("keras", CONFIGS, steps)
