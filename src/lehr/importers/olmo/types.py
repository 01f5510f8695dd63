"""The types of OLMo-core's schedulers, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping

BASE = ("_CLASS_", "type", "lr_field", "initial_lr_field", "units")
WARMUP = ("warmup", "warmup_steps", "warmup_fraction", "warmup_min_lr")
DECAY = ("decay", "decay_steps", "decay_fraction", "decay_min_lr")
SETTINGS: dict[str, tuple[str, ...]] = {
    "constant": (),
    "constant_with_warmup": WARMUP,
    "wsd": (*WARMUP, *DECAY),
    "power_lr": ("b", *WARMUP, *DECAY),
    "linear_with_warmup": ("alpha_f", "t_max", *WARMUP),
    "inv_sqrt_with_warmup": ("alpha_f", *WARMUP),
    "cos_with_warmup": ("alpha_f", "t_max", *WARMUP),
    "half_cos_with_warmup": ("alpha_f", "t_max", *WARMUP),
    "cos_with_warmup_and_linear_decay": ("alpha_f", "t_max", *WARMUP, *DECAY),
    "composable": ("stages", "override_decay"),
    "sequential": ("schedulers", "schedulers_max", "schedulers_max_steps", "override_decay"),
    "wsds": (
        "period_lengths", "period_lr_multipliers", "warmup", "warmup_fraction", "warmup_min_lr", "decay",
        "decay_fraction", "decay_min_lr",
    ),
    "exponential": ("lr_min",),
}  # fmt: skip
CLASSES = {
    "ConstantScheduler": "constant",
    "ConstantWithWarmup": "constant_with_warmup",
    "WSD": "wsd",
    "PowerLR": "power_lr",
    "LinearWithWarmup": "linear_with_warmup",
    "InvSqrtWithWarmup": "inv_sqrt_with_warmup",
    "CosWithWarmup": "cos_with_warmup",
    "HalfCosWithWarmup": "half_cos_with_warmup",
    "CosWithWarmupAndLinearDecay": "cos_with_warmup_and_linear_decay",
    "ComposableScheduler": "composable",
    "SequentialScheduler": "sequential",
    "WSDS": "wsds",
    "ExponentialScheduler": "exponential",
}
"""The class of each type, which a saved config has as ``_CLASS_``."""


def kind_of(scheduler: object) -> str | None:
    """The type of a scheduler's config, or None if it is not one of OLMo-core."""
    if not isinstance(scheduler, Mapping):
        return None
    word = str(scheduler.get("_CLASS_") or scheduler.get("type"))
    if word in CLASSES or word.startswith("olmo_core."):
        return CLASSES.get(word.rpartition(".")[2])
    return word if word in SETTINGS else None
