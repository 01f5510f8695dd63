"""fairseq's schedulers, one by one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ...schedules import Constant, Exponential, PowerLaw, Ramp, Schedule, checks
from ..after import ended
from ..building import levels, power_shape
from ..settings import Settings


def _lrs(settings: Settings) -> list[float]:
    """All of ``lr``: the rates of the epochs."""
    return [checks.number("lr", value, owner=settings.owner) for value in settings.sequence("lr")]


def _lr(settings: Settings) -> float:
    rates = _lrs(settings)
    if len(rates) != 1:
        raise ValueError(
            f"{settings.owner} needs a single rate for `lr`, got {len(rates)}; `fixed` takes one for each epoch"
        )
    return rates[0]


def _warmup(settings: Settings, peak: float, default_start: float, default: int = 0) -> Ramp:
    """A line from ``warmup_init_lr``, where a negative one stands for the default."""
    start = settings.values.get("warmup_init_lr")
    negative = start is None or (isinstance(start, int | float) and start < 0)
    low = default_start if negative else settings.number("warmup_init_lr")
    return Ramp(low, peak, settings.integer("warmup_updates", default))


def _epochs(parts: Sequence[Schedule], settings: Settings) -> Schedule:
    """Each schedule during its epoch, at its own positions of the run, and the last one from its epoch on."""
    if len(parts) == 1:
        return parts[0]
    length = settings.integer("updates_per_epoch", least=1)
    first = [part.cut(i * length, (i + 1) * length) for i, part in enumerate(parts[:-1])]
    return first[0].then(*first[1:], parts[-1].cut((len(parts) - 1) * length))


def _inverse_sqrt(settings: Settings) -> Schedule:
    peak = _lr(settings)
    warmup = _warmup(settings, peak, 0.0, default=4000)
    if not warmup.length:
        raise ValueError(f"{settings.owner} divides by `warmup_updates`, got 0: give at least 1")
    return warmup.then(PowerLaw(peak, -0.5, warmup.length))


def _polynomial(settings: Settings) -> Schedule:
    if settings.given("force_anneal"):
        raise ValueError(
            f"{settings.owner} with `force_anneal` multiplies the rate of the moment again in each epoch, which is no "
            f"schedule of the position"
        )
    total = settings.integer("total_num_update" if settings.given("total_num_update") else "max_update", least=1)
    warmup, end = settings.integer("warmup_updates", 0), settings.number("end_learning_rate", 0.0)
    power, rates = settings.number("power", 1.0), _lrs(settings)

    def with_peak(peak: float) -> Schedule:
        if warmup >= total:  # the warmup keeps its last position
            return Ramp(0.0, peak, warmup).cut(0, warmup + 1).then(Constant(end, 0)) if warmup else Constant(end)
        fall = Ramp(peak, end, total - warmup, power_shape(power)) if power else Constant(peak, total - warmup)
        return Ramp(0.0, peak, warmup).then(fall, Constant(end, 0))

    # The first epoch is number 1, and takes the second rate.
    return _epochs([with_peak(peak) for peak in rates[min(1, len(rates) - 1) :]], settings)


def _cosine(settings: Settings) -> Schedule:
    peak, floor = _lr(settings), settings.number("min_lr", 0.0)
    if floor >= peak:
        raise ValueError(f"{settings.owner} needs `min_lr` below `lr`, got min_lr={floor:g} and lr={peak:g}")
    growth, shrink = settings.number("t_mult", 1.0, above=0), settings.number("lr_shrink", 0.1, above=0)
    if growth < 1:
        raise ValueError(
            f"{settings.owner} fails where cycles have shrunk to nothing, got t_mult={growth:g}: give at least 1"
        )
    warmup = _warmup(settings, peak, floor)
    period = settings.values.get("lr_period_updates")
    if isinstance(period, int | float) and period > 0:
        cycle = Ramp(peak, floor, settings.number("lr_period_updates"), "cosine")
        return warmup.then(cycle.repeat(length_factor=growth, height_factor=shrink))
    length = settings.integer("max_update", least=1) - warmup._end
    if length <= 0:
        raise ValueError(f"{settings.owner} needs a warmup shorter than `max_update`, got {warmup.length}")
    cycle = Ramp(peak, floor, length, "cosine")
    cycles = Ramp(peak * shrink, floor * shrink, length * growth, "cosine").repeat(
        length_factor=growth, height_factor=shrink
    )
    return ended(
        warmup.then(cycle), cycles, settings.values["after"], owner=settings.owner, does="begins its next cycle"
    )


def _tri_stage(settings: Settings) -> Schedule:
    peak = _lr(settings)
    words = ("warmup_steps", "hold_steps", "decay_steps")
    if not settings.given("phase_ratio"):
        warmup, hold, decay = (settings.integer(word, 0) for word in words)
    else:
        ratio = settings.sequence("phase_ratio")
        shares = [checks.number("phase_ratio", share, owner=settings.owner) for share in ratio]
        if len(shares) != 3 or sum(shares) != 1:
            raise ValueError(f"{settings.owner} needs three shares that add up to 1 for `phase_ratio`, got {shares}")
        total = settings.number("max_update", above=0)
        warmup, hold, decay = (int(total * share) for share in shares)
    if not decay:
        raise ValueError(f"{settings.owner} divides by its decay, got 0 updates: give `decay_steps`")
    low = settings.number("init_lr_scale", 0.01) * peak
    end = settings.number("final_lr_scale", 0.01, above=0) * peak
    return Ramp(low, peak, warmup).then(Constant(peak, hold), Ramp(peak, end, decay, "exponential"))


def _triangular(settings: Settings) -> Schedule:
    low, high = _lr(settings), settings.number("max_lr")
    if high <= low:
        raise ValueError(f"{settings.owner} needs `max_lr` above `lr`, got max_lr={high:g} and lr={low:g}")
    half, shrink = settings.number("lr_period_updates", 5000) // 2, settings.number("lr_shrink", 0.1, above=0)
    if not half:
        raise ValueError(
            f"{settings.owner} needs at least 2 for `lr_period_updates`, got {settings.values['lr_period_updates']}"
        )
    if settings.boolean("shrink_min", False):
        return Ramp(low, high, half).then(Ramp(high, low, half)).repeat(height_factor=shrink)
    peaks = Ramp(0.0, high, half).then(Ramp(high, 0.0, half)).repeat(height_factor=shrink)
    return peaks + Ramp(low, 0.0, half).then(Ramp(0.0, low, half)).repeat()


def _step(settings: Settings) -> Schedule:
    peak, floor = _lr(settings), settings.number("min_lr", 0.0)
    if floor >= peak:
        raise ValueError(f"{settings.owner} needs `min_lr` below `lr`, got min_lr={floor:g} and lr={peak:g}")
    period = "lr_deacy_period" if settings.given("lr_deacy_period") else "lr_decay_period"  # 0.12 spells it so
    factor = settings.number("lr_decay", 0.5, above=0)
    if factor > 1:
        raise ValueError(f"{settings.owner} needs at most 1 for `lr_decay`, got {factor:g}")
    stairs = Exponential(peak, factor, settings.integer(period, 25_000, least=1), staircase=True)
    return _warmup(settings, peak, floor).then(stairs.clip(lo=floor))


def _fixed(settings: Settings) -> Schedule:
    rates, warmup = _lrs(settings), settings.integer("warmup_updates", 0)
    if settings.given("force_anneal"):
        first = max(1, settings.integer("force_anneal"))
        length, shrink = settings.integer("updates_per_epoch", least=1), settings.number("lr_shrink", 0.1, above=0)
        start = rates[-1] * shrink * (1.0 if settings.integer("force_anneal") else shrink)
        held = [Constant(rates[min(i, len(rates) - 1)], length) for i in range(first - 1)]
        annealed = Exponential(start, shrink, length, staircase=True)
        schedule: Schedule = held[0].then(*held[1:], annealed) if held else annealed
    else:
        schedule = _epochs([Constant(rate) for rate in rates], settings)
    return schedule * Ramp(0.0, 1.0, warmup).cut(1) if warmup > 1 else schedule


def _manual(settings: Settings) -> Schedule:
    """The rate of the last key passed: of ``update2lr`` where it has one, else of ``epoch2lr``."""
    epochs, updates = _levels(settings, "epoch2lr"), _levels(settings, "update2lr")
    length = settings.integer("updates_per_epoch", least=1) if set(epochs) - {0, 1} else 1
    first = epochs[1] if 1 in epochs else updates[1] if 1 in updates else _lrs(settings)[0]
    rates = {0: first} | {(max(epoch, 1) - 1) * length: rate for epoch, rate in sorted(epochs.items())}
    if updates:
        rates = {at: rate for at, rate in rates.items() if at < min(updates)} | updates
    return levels(rates[min(rates)], sorted(rates.items()))


def _levels(settings: Settings, name: str) -> dict[int, float]:
    """Key -> rate, of a dictionary with keys such as ``"1"``, ``"3,5"`` and ``"7-9"``."""
    value = settings.get(name, "{}")
    try:
        found = ast.literal_eval(value.replace(" ", "")) if isinstance(value, str) else dict(value)
        rates = {}
        for keys, rate in found.items():
            for key in str(keys).split(","):
                first, _, last = key.partition("-")
                for index in range(int(first), int(last or first) + 1):
                    rates[index] = checks.number(name, float(rate), owner=settings.owner)
    except (ValueError, SyntaxError, TypeError, AttributeError):
        raise ValueError(
            f'{settings.owner} needs a dictionary from keys such as "1" or "3-5" to rates for `{name}`, got '
            f"{checks.shown(value)}"
        ) from None
    return rates


BUILD: dict[str, Callable[[Settings], Schedule]] = {
    "inverse_sqrt": _inverse_sqrt,
    "polynomial_decay": _polynomial,
    "cosine": _cosine,
    "tri_stage": _tri_stage,
    "triangular": _triangular,
    "step": _step,
    "fixed": _fixed,
    "manual": _manual,
}
"""The `lr_scheduler` of fairseq -> what builds it."""
