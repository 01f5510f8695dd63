"""LambdaLR of torch with a function that is known: those of transformers, whose schedules are all of this class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

from ...schedules import Schedule
from .law import Inexpressible, Law, Onward, absolute
from .source import Source

_MODULE = "transformers.optimization"
_NAMES = {
    "_get_constant_lambda": "constant",
    "_get_constant_schedule_with_warmup_lr_lambda": "constant_with_warmup",
    "_get_cosine_schedule_with_warmup_lr_lambda": "cosine",
    "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": "cosine_with_restarts",
    "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": "cosine_warmup_with_min_lr",
    "_get_inverse_sqrt_schedule_lr_lambda": "inverse_sqrt",
    "_get_linear_schedule_with_warmup_lr_lambda": "linear",
    "_get_polynomial_decay_schedule_with_warmup_lr_lambda": "polynomial",
    "_get_wsd_scheduler_lambda": "warmup_stable_decay",
}
"""Function of transformers -> the name that ``get_scheduler`` has for its schedule."""


def rate(source: Source, group: int) -> Law:
    """The law of a LambdaLR.

    Raises:
        Inexpressible: Its function is not known.
    """
    function = source.fields["lr_lambdas"][group]
    inner = function.func if isinstance(function, partial) else function
    name = _NAMES.get(getattr(inner, "__name__", "")) if getattr(inner, "__module__", "") == _MODULE else None
    if name is None:
        raise Inexpressible("LambdaLR calls a Python function, whose values cannot be read")
    settings = dict(function.keywords) if isinstance(function, partial) else {}
    if name == "cosine" and "min_lr_rate" in settings:
        name = "cosine_with_min_lr"
    if "num_stable_steps" in settings:  # below 0 where warmup and decay overlap
        stable = settings.pop("num_stable_steps")
        settings["num_training_steps"] = settings["num_warmup_steps"] + stable + settings["num_decay_steps"]
    return absolute(_of_transformers(name, settings, source.base(group)))


def _of_transformers(name: str, settings: Mapping[str, Any], base: float) -> Onward:
    peak = settings.get("lr_init", base)
    own = {word: value for word, value in settings.items() if word != "lr_init" and value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its end: `Onward.up_to` warns
        held, peer = (_schedule(name, after, peak, own)._scaled(base / peak) for after in ("hold", "peer"))
    if held == peer:
        return Onward(held)
    return Onward(held, peer, "goes on along its cosine", f"{name} of transformers")


def _schedule(name: str, after: str, peak: float, settings: Mapping[str, Any]) -> Schedule:
    from ..transformers import from_transformers

    return from_transformers(name, lr=peak, after=after, **settings)
