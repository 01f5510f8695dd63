"""The schedules of nanoGPT and nanochat, from the names that their training scripts use. Neither is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schedules import Constant, Ramp, Schedule, checks
from ..warn import warn
from .after import check_after
from .building import extrapolated
from .settings import Settings, arguments, plain


def from_nanogpt(config: object) -> Schedule:
    r"""The learning rate of nanoGPT's training script.

    With :math:`W` = ``warmup_iters`` and :math:`D` = ``lr_decay_iters``: update t has (t + 1) / (W + 1) of
    ``learning_rate``, then half a cosine from :math:`W` to :math:`D`, and ``min_lr`` from there on.

    Args:
        config: The script's settings, as a mapping or an `argparse.Namespace`: ``learning_rate``, ``min_lr``,
            ``warmup_iters``, ``lr_decay_iters`` and ``decay_lr``. One that is missing has the script's default; others
            are ignored.

    Raises:
        ValueError: A setting is out of its range.

    References:
        ``train.py`` of https://github.com/karpathy/nanoGPT. Its first versions warmed up with t / W.

    >>> schedule = from_nanogpt({"learning_rate": 1.0, "min_lr": 0.0, "warmup_iters": 3, "lr_decay_iters": 9})
    >>> [round(schedule(t), 12) for t in (0, 1, 2, 3, 5, 6, 9, 10)]
    [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.0, 0.0]
    """
    settings = Settings("nanoGPT", arguments("from_nanogpt", config))
    peak = settings.number("learning_rate", 6e-4)
    if not settings.boolean("decay_lr", True):
        return Constant(peak)
    warmup, decay = settings.integer("warmup_iters", 2000), settings.integer("lr_decay_iters", 600_000)
    if warmup == decay:
        raise ValueError(
            f"nanoGPT divides by lr_decay_iters - warmup_iters, got {decay:,} for both: give a longer `lr_decay_iters`"
        )
    early = Ramp(0.0, peak, warmup + 1).cut(1, warmup + 1)
    return early.then(Ramp(peak, settings.number("min_lr", 6e-5), max(0, decay - warmup), "cosine"))


def from_nanochat(config: object, *, lr: float, training_steps: int | None = None, after: str = "hold") -> Schedule:
    r"""The learning rate of nanochat's base training, for one param group.

    With N updates, W = ``warmup_steps`` (or ``warmup_ratio`` · N, rounded) and D = ``warmdown_ratio`` · N, rounded:
    update t has (t + 1) / W of the rate, then all of it up to N - D, then a line to ``final_lr_frac`` of it at N.

    Args:
        config: The script's arguments, as a mapping or an `argparse.Namespace`: ``warmup_steps`` or ``warmup_ratio``,
            ``warmdown_ratio`` and ``final_lr_frac``, whose defaults have changed so often that they must be given.
            Others are ignored.
        lr: The rate of the group, its ``initial_lr``: nanochat has several. 1.0 gives the factor alone.
        training_steps: N, if it is not in ``num_iterations``.
        after: What follows after N, where nanochat's own run has ended: ``"hold"`` holds the last rate; ``"peer"``
            goes on along the line, as its formula does, down to rates below 0.

    Raises:
        ValueError: An argument is missing or out of its range.

    References:
        ``get_lr_multiplier`` in ``scripts/base_train.py`` of https://github.com/karpathy/nanochat.

    >>> config = {"warmup_ratio": 0.2, "warmdown_ratio": 0.4, "final_lr_frac": 0.0, "num_iterations": 10}
    >>> schedule = from_nanochat(config, lr=1.0)
    >>> [round(schedule(t), 12) for t in range(12)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    check_after(after)
    values = dict(arguments("from_nanochat", config))
    if checks.whole(values.get("num_iterations")) == -1:
        values["num_iterations"] = None  # the script computes it from the model and the data
    values["num_iterations"] = values.get("num_iterations") if training_steps is None else training_steps
    values["lr"] = lr
    hints = {"num_iterations": "give it as training_steps=", "warmup_steps": "or `warmup_ratio`"}
    settings = Settings("nanochat", values, hints=hints)
    total, peak = settings.integer("num_iterations", least=1), settings.number("lr")
    if settings.given("warmup_ratio"):
        warmup = round(settings.number("warmup_ratio") * total)
    else:
        warmup = settings.integer("warmup_steps")
    down = round(settings.number("warmdown_ratio") * total)
    floor = settings.number("final_lr_frac") * peak
    early = Ramp(0.0, peak, warmup).cut(1, warmup + 1)
    if not down:
        return early
    late = Constant(peak, max(0, total - down)).then(Ramp(peak, floor, down).cut(max(0, down - total)))
    if after == "peer":
        return early.then(late.then(extrapolated(peak, floor, down)).cut(warmup))
    return early.then(late.cut(warmup)).cut(0, total)


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether these are settings of nanoGPT or nanochat."""
    return _is_nanochat(config) or ("lr_decay_iters" in config and "learning_rate" in config)


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts; of nanochat's, the factor of each group's rate."""
    if not _is_nanochat(config):
        return from_nanogpt(config)
    warn("nanochat multiplies each group's own rate: the imported schedule is that factor, with a peak of 1")
    return from_nanochat(config, lr=1.0, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """None: both are scripts, and cannot be run for their schedule alone."""
    return None


def _is_nanochat(config: Mapping[str, Any]) -> bool:
    return any(plain(name) == "warmdown_ratio" for name in config)
