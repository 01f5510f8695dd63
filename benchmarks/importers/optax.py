"""Parameter sets of optax's schedules: the name of the function, and its arguments."""

from __future__ import annotations

from itertools import product
from typing import Any

from .case import Family, listed

TOLERANCE_FLOAT64 = 1e-12
"""Under ``jax_enable_x64``."""

_FALLS: tuple[dict[str, Any], ...] = ({}, {"staircase": True, "transition_begin": 3}, {"end_value": 0.1})
_ENDS: tuple[dict[str, Any], ...] = ({}, {"end_value": 0.4})

_OWN: dict[str, list[dict[str, Any]]] = {
    "constant_schedule": [{"value": v} for v in (0.1, 0.0)],
    "polynomial_schedule": [
        {"init_value": a, "end_value": b, "power": p, "transition_steps": n, "transition_begin": s}
        for (a, b), p, (n, s) in product(
            ((1.0, 0.1), (0.02, 0.5)), (1, 2, 0.5, 0), ((1, 0), (17, 0), (17, 5), (0, 0), (61, -3))
        )
    ],
    "linear_schedule": [
        {"init_value": a, "end_value": b, "transition_steps": n, "transition_begin": s}
        for a, b, n, s in ((1.0, 0.0, 13, 0), (0.0, 0.3, 1, 4), (0.2, 0.7, 0, 0), (0.5, 0.5, 7, 7))
    ],
    "piecewise_constant_schedule": [
        {"init_value": 0.7, "boundaries_and_scales": scales}
        for scales in (
            None,
            {},
            {5: 0.1},
            {5: 0.1, 12: 2.0},
            {0: 0.5, 3: 0.0},
            {"7": 0.3, "20": 0.5},
            {20: 0.5, 7: 0.3},
        )
    ],
    "piecewise_interpolate_schedule": [
        {"interpolate_type": kind, "init_value": 0.7, "boundaries_and_scales": scales}
        for kind, scales in product(
            ("linear", "cosine"), (None, {9: 0.1}, {0: 0.5, 13: 0.1}, {4: 2.0, 11: 0.5, 40: 0.1}, {1: 0.0, 9: 3.0})
        )
    ],
    "linear_onecycle_schedule": [
        {"transition_steps": n, "peak_value": 0.3, **more}
        for n, more in product((1, 7, 31), ({}, {"pct_start": 0.45, "pct_final": 0.6}, {"final_div_factor": 3.0}))
    ],
    "cosine_onecycle_schedule": [
        {"transition_steps": n, "peak_value": 0.3, **more}
        for n, more in product((1, 7, 31), ({}, {"pct_start": 0.0}, {"div_factor": 3.0, "final_div_factor": 7.0}))
    ],
    "warmup_constant_schedule": [{"init_value": 0.01, "peak_value": 0.4, "warmup_steps": w} for w in (0, 1, 17)],
    "cosine_decay_schedule": [
        {"init_value": 0.4, "decay_steps": n, "alpha": a, "exponent": e}
        for n, a, e in product((1, 13, 61), (0.0, 0.1, 1.5), (1.0, 2.0, 0.7))
    ],
    "exponential_decay": [
        {"init_value": 0.5, "transition_steps": n, "decay_rate": r, "transition_begin": s, "staircase": stairs, **end}
        for (n, r), s, stairs, end in product(
            ((7, 0.5), (1, 0.99), (10, 1.2), (0, 0.5), (5, 0)), (0, 4), (False, True), _ENDS
        )
    ],
    "warmup_cosine_decay_schedule": [
        {"init_value": 0.0, "peak_value": 0.4, "warmup_steps": w, "decay_steps": n, "end_value": e, "exponent": k}
        for (w, n), (e, k) in product(
            ((0, 1), (0, 20), (3, 20), (19, 20), (7, 61)), ((0.0, 1.0), (0.02, 1.0), (0.02, 2.5))
        )
    ],
    "warmup_exponential_decay_schedule": [
        {"init_value": 0.01, "peak_value": 0.4, "warmup_steps": w, "transition_steps": 7, "decay_rate": 0.6, **more}
        for w, more in product((0, 1, 9), _FALLS)
    ],
    "sgdr_schedule": [
        {
            "cosine_kwargs": [
                {"init_value": 0.0, "peak_value": peak, "warmup_steps": w, "decay_steps": n, "end_value": 0.01}
                for peak, w, n in cycles
            ]
        }
        for cycles in (((0.5, 3, 20),), ((0.5, 3, 20), (0.3, 0, 13), (0.2, 5, 31)))
    ],
    "join_schedules": [
        {
            "schedules": [
                {"name": "linear_schedule", "init_value": 0.0, "end_value": 0.3, "transition_steps": 10},
                {"name": "constant_schedule", "value": 0.3},
                {"name": "exponential_decay", "init_value": 0.3, "transition_steps": 5, "decay_rate": 0.7},
            ],
            "boundaries": boundaries,
        }
        for boundaries in ([10, 30], [4, 4], [0, 25], [17, 18])
    ],
}

CONFIGS = {name: [{"name": name, **arguments} for arguments in own] for name, own in _OWN.items()}


def steps(config: dict[str, Any]) -> int:
    """How many updates of a config to compare: past the end of nearly all of them."""
    slow = "interpolate" in config["name"] or "onecycle" in config["name"]
    return 45 if slow else 70


FAMILIES: dict[str, Family] = listed("optax", CONFIGS, steps)
