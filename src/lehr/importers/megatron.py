"""Megatron-LM's schedules of the learning rate and the weight decay, from its arguments. Megatron is not needed.

Megatron counts samples. Before update t it has counted c = t · ``global_batch_size`` of them, and c = 0 before the
first, so update 0 has ``lr_warmup_init`` where there is a warmup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..schedules import Constant, PowerLaw, Ramp, Schedule, checks
from .after import check_after, ended
from .counting import in_updates
from .settings import Settings, arguments, plain, refuse_strays

STYLES = ("linear", "constant", "cosine", "inverse-square-root", "WSD")
ANNEALS = {"exponential": "exponential(0.5)", "linear": "linear", "cosine": "cosine", "minus_sqrt": "1-sqrt"}
"""The ``lr_wsd_decay_style``, and the shape that it is."""

WORDS = (
    "lr_decay_style", "lr_decay_iters", "lr_decay_samples", "lr_warmup_fraction", "lr_warmup_iters",
    "lr_warmup_samples", "lr_warmup_init", "lr_wsd_decay_style", "lr_wsd_decay_iters", "lr_wsd_decay_samples",
)  # fmt: skip
HINTS = {
    "lr": "the peak rate",
    "train_iters": "Megatron needs it or `train_samples`",
    "global_batch_size": "it turns samples into updates; or import with unit='samples'",
    "lr_wsd_decay_iters": "the updates that WSD anneals over",
    "lr_wsd_decay_samples": "the samples that WSD anneals over",
}


def from_megatron(args: object, *, unit: str = "updates", after: str = "hold") -> Schedule:
    r"""The learning rate that Megatron-LM's arguments ask for.

    With :math:`W`, :math:`D` and :math:`A` for the warmup, the decay and WSD's annealing: a line from
    ``lr_warmup_init`` to ``lr`` over :math:`W`, then ``constant``, or ``linear`` or ``cosine`` to ``min_lr`` from
    :math:`W` to :math:`D`, or WSD over the last :math:`A` before :math:`D`, or ``lr`` · √(W / t) for
    ``inverse-square-root``, nowhere below ``min_lr``. After :math:`D` the rate is ``min_lr``.

    Args:
        args: The arguments, as a mapping or an `argparse.Namespace`. Those that do not concern the schedule are
            ignored.
        unit: ``"updates"``, or ``"samples"`` for a schedule that counts samples; a batch that grows
            (``rampup_batch_size``) needs the latter.
        after: ``inverse-square-root`` drops to ``min_lr`` after :math:`D`: ``"hold"`` holds its last rate there and
            warns, ``"peer"`` drops.

    Raises:
        ValueError: An argument is missing or out of its range, or lengths in updates and in samples are mixed.

    References:
        ``megatron/core/optimizer_param_scheduler.py`` of megatron-core 0.16.1, and ``get_optimizer_param_scheduler``
        in ``megatron/training/training.py``. An update that is skipped, for an overflow, does not count there.

    >>> schedule = from_megatron({"lr": 1.0, "train_iters": 8, "lr_warmup_iters": 4, "min_lr": 0.2})
    >>> [round(schedule(t), 12) for t in (0, 1, 4, 6, 8, 9)]
    [0.0, 0.25, 1.0, 0.6, 0.2, 0.2]
    """
    check_after(after)
    settings = _settings(args)
    lengths = _lengths(settings, unit)
    peak, floor, init = settings.number("lr"), settings.number("min_lr", 0.0), settings.number("lr_warmup_init", 0.0)
    for name, value in (("min_lr", floor), ("lr_warmup_init", init)):
        if value > peak:
            raise ValueError(f"Megatron needs `{name}` of at most `lr`, got {name}={value:g} and lr={peak:g}")
    warmup = Ramp(init, peak, lengths.warmup)
    match settings.choice("lr_decay_style", STYLES, "linear"):
        case "constant":
            schedule: Schedule = warmup
        case "inverse-square-root":
            schedule = _inverse_sqrt(warmup, floor, lengths, after)
        case "WSD":
            style = settings.choice("lr_wsd_decay_style", ANNEALS, "exponential")
            schedule = _wsd(warmup, floor, lengths, ANNEALS[style])
        case style:
            schedule = warmup.then(Ramp(peak, floor, lengths.decay - lengths.warmup, style))
    return in_updates(schedule, lengths.per_update)


def hyperparameters_from_megatron(args: object, *, unit: str = "updates", after: str = "hold") -> dict[str, Schedule]:
    """All that Megatron-LM schedules, for ``Scheduler(optimizer, {...})``: the rate and the weight decay.

    The weight decay goes from ``start_weight_decay`` to ``end_weight_decay`` over the run, in a line or half a cosine;
    with ``weight_decay_incr_style`` ``"constant"`` it is ``weight_decay``.

    Args:
        args: As `from_megatron` takes them.
        unit: As there.
        after: As there.

    Raises:
        ValueError: As `from_megatron`, or the weight decay falls.

    >>> args = {"lr": 1.0, "train_iters": 8, "start_weight_decay": 0.0, "end_weight_decay": 0.1}
    >>> hyperparameters_from_megatron(args | {"weight_decay_incr_style": "linear"})["weight_decay"](4)
    0.05
    """
    settings = _settings(args)
    rate = from_megatron(args, unit=unit, after=after)
    lengths = _lengths(settings, unit)
    return {"lr": rate, "weight_decay": in_updates(_weight_decay(settings, lengths.run), lengths.per_update)}


def recognises(config: Mapping[str, Any]) -> bool:
    """Whether these are arguments of Megatron-LM: they have ``lr_decay_style``."""
    return any(plain(name) == "lr_decay_style" for name in config)


def from_config(config: Mapping[str, Any], *, after: str = "hold") -> Schedule:
    """The schedule of a config that `recognises` accepts."""
    return from_megatron(config, after=after)


def original(config: Mapping[str, Any], steps: int) -> list[float] | None:
    """None: Megatron's scheduler needs the lengths that its training script computes from the arguments."""
    return None


@dataclass(frozen=True)
class _Lengths:
    """Lengths in updates or in samples."""

    run: float
    warmup: float
    decay: float
    anneal: float
    sample: float
    """One sample."""
    per_update: int
    """What one update counts: 1, or its samples."""


def _settings(args: object) -> Settings:
    values = arguments("from_megatron", args)
    refuse_strays("Megatron", values, WORDS, "lr_")
    return Settings("Megatron", values, hints=HINTS)


def _lengths(settings: Settings, unit: str) -> _Lengths:
    checks.one_of("unit", unit, ("updates", "samples"))
    by, other = ("samples", "iters") if settings.given("train_samples") else ("iters", "samples")
    mixed = [
        f"{w}_{other}"
        for w in ("train", "lr_decay", "lr_warmup", "lr_wsd_decay")
        if settings.integer(f"{w}_{other}", 0)
    ]
    if mixed:
        raise ValueError(f"Megatron takes all lengths in updates or all in samples, got `train_{by}` and `{mixed[0]}`")
    run = settings.integer(f"train_{by}", least=1)
    decay = settings.integer(f"lr_decay_{by}", run, least=1)
    warmup: float = settings.integer(f"lr_warmup_{by}", 0)
    if settings.given("lr_warmup_fraction"):
        if warmup:
            raise ValueError(f"Megatron takes one of `lr_warmup_fraction` and `lr_warmup_{by}`, got both")
        warmup = settings.number("lr_warmup_fraction") * decay
    if warmup >= decay:
        raise ValueError(f"Megatron needs a warmup shorter than the decay, got {warmup:g} and {decay:,} {by}")
    style = settings.choice("lr_decay_style", STYLES, "linear")
    anneal = settings.integer(f"lr_wsd_decay_{by}", least=1) if style == "WSD" else 0
    if unit == "updates" and settings.given("rampup_batch_size"):
        raise ValueError(
            "Megatron's `rampup_batch_size` gives updates of different sizes: import the schedule in samples, with "
            "unit='samples', and let the Scheduler count samples"
        )
    if by == "samples":
        return _Lengths(run, warmup, decay, anneal, 1, 1 if unit == "samples" else _batch(settings))
    if unit == "samples":
        batch = _batch(settings)
        return _Lengths(run * batch, warmup * batch, decay * batch, anneal * batch, 1, 1)
    needs_sample = style == "inverse-square-root" and warmup < 1
    return _Lengths(run, warmup, decay, anneal, 1 / _batch(settings) if needs_sample else 1, 1)


def _batch(settings: Settings) -> int:
    return settings.integer("global_batch_size", least=1)


def _inverse_sqrt(warmup: Ramp, floor: float, lengths: _Lengths, after: str) -> Schedule:
    """``peak`` · √(W / t), where W and t are at least one sample, up to the last update of the decay."""
    first, update = max(lengths.warmup, lengths.sample), lengths.per_update
    start: Schedule = warmup if lengths.warmup >= lengths.sample else Constant(warmup(0), first)
    law = PowerLaw(warmup.end, -0.5, first).clip(lo=floor)
    body = start.then(law).cut(0, lengths.decay // update * update)
    last = body._final_rate
    if last == floor:
        return body
    tail = Constant(last, update).then(Constant(floor, 0))
    return ended(body, tail, after, owner="Megatron's inverse-square-root", does=f"drops to min_lr, {floor:g},")


def _wsd(warmup: Ramp, floor: float, lengths: _Lengths, shape: str) -> Schedule:
    """``peak`` until the annealing begins; it may begin before the warmup has ended."""
    anneal = Ramp(warmup.end, floor, lengths.anneal, shape)
    stable = lengths.decay - lengths.anneal - lengths.warmup
    if stable >= 0:
        return warmup.then(Constant(warmup.end, stable), anneal)
    done = math.floor(lengths.warmup) + 1 if lengths.warmup else 0  # the position W still belongs to the warmup
    return warmup.cut(0, done).then(anneal.cut(done - lengths.decay + lengths.anneal))


def _weight_decay(settings: Settings, length: float) -> Schedule:
    style = settings.choice("weight_decay_incr_style", ("constant", "linear", "cosine"), "constant")
    if style == "constant":
        constant = settings.number("weight_decay", 0.01)
        for name in ("start_weight_decay", "end_weight_decay"):
            if settings.given(name) and settings.number(name) != constant:
                raise ValueError(
                    f'Megatron takes `{name}` only where `weight_decay_incr_style` is not "constant"; got '
                    f"{name}={settings.number(name):g} and weight_decay={constant:g}"
                )
        return Constant(constant)
    start, end = settings.number("start_weight_decay"), settings.number("end_weight_decay")
    if end < start:
        raise ValueError(
            f"Megatron needs `end_weight_decay` of at least `start_weight_decay`, got {end:g} and {start:g}"
        )
    return Ramp(start, end, length, style)
