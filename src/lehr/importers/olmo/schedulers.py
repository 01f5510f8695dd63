"""OLMo-core's schedulers, one by one, at the value of its counter: the position is c, and c = 0 is never used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...schedules import Constant, PowerLaw, Ramp, Schedule, checks
from ..building import extrapolated
from ..settings import Settings
from .types import BASE, SETTINGS, kind_of

Built = tuple[Schedule, Schedule | None]
"""The schedule, and what its formula goes on to after the run, if that is not what it ends with."""


def build(scheduler: Mapping[str, Any], peak: float, end: int) -> Built:
    """The schedule of a scheduler's config.

    Args:
        scheduler: The config.
        peak: The optimizer's rate.
        end: The length of the run, in steps or tokens.
    """
    kind = kind_of(Settings("a scheduler of OLMo-core", scheduler).values)
    if kind is None:
        word = scheduler.get("_CLASS_", scheduler.get("type"))
        raise ValueError(checks.unknown("`type` of OLMo-core's scheduler", word, SETTINGS))
    settings = Settings(f"OLMo-core's {kind}", scheduler, (*BASE, *SETTINGS[kind]))
    built = BUILD[kind](settings, peak, end)
    return built if isinstance(built, tuple) else (built, None)


def _one_of(settings: Settings, word: str, end: int, default: float | None = None) -> int:
    """A length: ``word`` itself, its deprecated name, or a fraction of the run."""
    old, fraction = f"{word}_steps", f"{word}_fraction"
    name = word if settings.given(word) or not settings.given(old) else old
    if default is not None and fraction not in settings.values:
        settings = Settings(settings.owner, {**settings.values, fraction: default})
    if settings.given(name) == settings.given(fraction):
        got = "both" if settings.given(name) else "none"
        raise ValueError(
            f"{settings.owner} needs one of `{word}` and `{fraction}`, got {got}; a null takes a default away"
        )
    if settings.given(name):
        return settings.integer(name)
    share = settings.number(fraction)
    if share > 1:
        raise ValueError(f"{settings.owner} needs at most 1 for `{fraction}`, got {share:g}")
    return round(end * share)


def _warmup(settings: Settings, peak: float, end: int) -> Ramp:
    low = settings.number("warmup_min_lr", 0.0)
    length = _one_of(settings, "warmup", end)
    if length and low >= peak:
        raise ValueError(f"{settings.owner} needs `warmup_min_lr` below the rate, got {low:g} and a rate of {peak:g}")
    return Ramp(low, peak, length)


def _decay(settings: Settings, peak: float, end: int, default: float | None = 0.1) -> Ramp:
    low, length = settings.number("decay_min_lr", 0.0), _one_of(settings, "decay", end, default)
    if not length:
        raise ValueError(f"{settings.owner} divides by its decay, got a length of 0: use the type without a decay")
    if low >= peak:
        raise ValueError(f"{settings.owner} needs `decay_min_lr` below the rate, got {low:g} and a rate of {peak:g}")
    return Ramp(peak, low, length)


def _constant(settings: Settings, peak: float, end: int) -> Schedule:
    return Constant(peak)


def _with_decay(head: Schedule, warmup: Ramp, decay: Ramp, end: int) -> Built:
    """``head`` up to the decay, which may begin before the warmup has ended; the warmup keeps its last position."""
    begin = end - decay.length
    tail = extrapolated(decay.start, decay.end, decay.length)
    if begin > warmup.length:
        return head.cut(0, begin).then(decay), tail
    done = int(warmup.length) + 1 if warmup.length else 0
    if done > end:
        return warmup.cut(0, end), warmup.cut(end, done).then(tail.cut(done - end))
    return warmup.cut(0, done).then(decay.cut(done - begin)), tail


def _wsd(settings: Settings, peak: float, end: int) -> Built:
    warmup = _warmup(settings, peak, end)
    return _with_decay(warmup.then(Constant(peak)), warmup, _decay(settings, peak, end), end)


def _power(settings: Settings, peak: float, end: int) -> Built:
    warmup, exponent = _warmup(settings, peak, end), checks.real("b", settings.get("b", -0.51), owner=settings.owner)
    if exponent >= 0 or not warmup.length:
        raise ValueError(f"{settings.owner} needs `b` below 0 and a warmup of at least 1, got b={exponent:g}")
    begin = end - _one_of(settings, "decay", end, 0.1)
    if begin < 1:
        raise ValueError(f"{settings.owner} needs a decay shorter than the run, got {end - begin:,} of {end:,}")
    decay = _decay(settings, peak * (begin / warmup.length) ** exponent, end)
    return _with_decay(warmup.then(PowerLaw(peak, exponent, warmup.length)), warmup, decay, end)


def _to_floor(settings: Settings, peak: float, end: int, shape: str) -> Schedule:
    """Warmup, then down to ``alpha_f`` of the rate at ``t_max``."""
    end = settings.integer("t_max", end, least=1)
    warmup = _warmup(settings, peak, end)
    return warmup.then(Ramp(peak, settings.number("alpha_f", 0.1) * peak, max(0, end - warmup._end), shape))


def _half_cosine(settings: Settings, peak: float, end: int) -> Schedule:
    """The warmup aims at the middle of a cosine, of which the second half follows."""
    end, floor = settings.integer("t_max", end, least=1), settings.number("alpha_f", 0.1) * peak
    warmup = _warmup(settings, floor + (peak - floor) / 2, end)
    left = max(0, end - warmup._end)
    return warmup.then(Ramp(peak, floor, 2 * left, "cosine").cut(left))


def _inverse_sqrt(settings: Settings, peak: float, end: int) -> Schedule:
    warmup, floor = _warmup(settings, peak, end), settings.number("alpha_f", 0.1) * peak
    if not warmup.length:
        return Constant(floor)
    return warmup.then(PowerLaw(peak - floor, -0.5, warmup.length) + floor)


def _cosine_linear(settings: Settings, peak: float, end: int) -> Built:
    cosine = _to_floor(settings, peak, end, "cosine")
    begin = end - _one_of(settings, "decay", end, 0.1)
    if begin < 0:
        raise ValueError(f"{settings.owner} needs a decay of at most the run, got {end - begin:,} of {end:,}")
    decay = _decay(settings, cosine(begin), end)
    return cosine.cut(0, begin).then(decay), extrapolated(decay.start, decay.end, decay.length)


def _level(settings: Settings, peak: float, which: str, default: float | None = None) -> float:
    """A rate given as itself or as a fraction of the optimizer's."""
    value, share = f"{which}_lr", f"{which}_lr_fraction"
    if settings.given(value) and settings.given(share):
        raise ValueError(f"{settings.owner} takes one of `{value}` and `{share}`, got both")
    if settings.given(share):
        return settings.number(share) * peak
    return settings.number(value, default)


def _stage(values: Mapping[str, Any], peak: float, start: float | None, owner: str, *more: str) -> Ramp:
    words = ("_CLASS_", "duration", "shape", "end_lr", "end_lr_fraction", *more)
    settings = Settings(owner, values, words)
    shape, length = settings.choice("shape", ("linear", "cosine"), "linear"), settings.integer("duration", least=1)
    return Ramp(_level(settings, peak, "start", start), _level(settings, peak, "end"), length, shape)


def _overridden(settings: Settings, main: Schedule, peak: float) -> Schedule:
    """``main`` up to the position at which ``override_decay`` starts, and that decay from there on."""
    override = settings.mapping("override_decay")
    if not override:
        return main
    owner = f"`override_decay` of {settings.owner}"
    start = Settings(owner, override).integer("start")
    return main.cut(0, start).then(_stage(override, peak, main(start), owner, "start"))


def _composable(settings: Settings, peak: float, end: int) -> Schedule:
    parts: list[Ramp] = []
    for index, values in enumerate(settings.sequence("stages")):
        owner = f"stage {index} of {settings.owner}"
        parts.append(_stage(values, peak, parts[-1].end if parts else peak, owner, "start_lr", "start_lr_fraction"))
    return _overridden(settings, parts[0].then(*parts[1:]), peak)


def _sequential(settings: Settings, peak: float, end: int) -> Built:
    """Each scheduler up to its last position, which it keeps; the next one's rate is the one before it's last."""
    schedulers = settings.sequence("schedulers")
    old = settings.given("schedulers_max_steps") and not settings.given("schedulers_max")
    lengths = settings.sequence("schedulers_max_steps" if old else "schedulers_max", least=0)
    if len(schedulers) - len(lengths) not in (0, 1):
        raise ValueError(
            f"{settings.owner} needs one of `schedulers_max` for each of `schedulers` but the last, got "
            f"{len(lengths)} and {len(schedulers)}"
        )
    parts: list[Schedule] = []
    rate, left = peak, end
    for scheduler, most in zip(schedulers[:-1], lengths, strict=False):
        length = checks.integer("schedulers_max", most, owner=settings.owner)
        shown, _ = build(scheduler, rate, min(left, length))
        parts.append(shown.cut(1 if parts else 0, length + 1))
        rate, left = build(scheduler, rate, length)[0](length), left - length
        if left < 1:
            raise ValueError(f"{settings.owner} needs a run longer than `schedulers_max`, got {end:,} for the run")
    last, tail = build(schedulers[-1], rate, left)
    main = parts[0].then(*parts[1:], last.cut(1)) if parts else last
    if settings.given("override_decay"):
        return _overridden(settings, main, peak), None
    return main, tail


def _wsds(settings: Settings, peak: float, end: int) -> Schedule:
    """WSD in periods; the end of each, at the lowest rate, is a position of its own."""
    periods = [checks.integer("period_lengths", n, owner=settings.owner) for n in settings.sequence("period_lengths")]
    factors = settings.sequence("period_lr_multipliers", [1.0] * len(periods))
    if len(factors) != len(periods):
        raise ValueError(
            f"{settings.owner} needs as many `period_lr_multipliers` as `period_lengths`, got {len(factors)}"
        )
    peaks = [peak * checks.number("period_lr_multipliers", f, owner=settings.owner, above=0) for f in factors]
    warmup = _warmup(settings, peaks[0], periods[0])
    parts: list[Schedule] = [warmup]
    for index, (length, top) in enumerate(zip(periods, peaks, strict=True)):
        decay = _decay(settings, top, length, default=None)
        stable = length - decay.length - (0 if index else warmup.length)
        if stable < 0:
            raise ValueError(f"{settings.owner} needs periods as long as their warmup and decay; period {index} is not")
        period = Constant(top, stable).then(decay)
        parts.append(period.cut(1 if index else 0, period._end + 1))
    return parts[0].then(*parts[1:])


def _exponential(settings: Settings, peak: float, end: int) -> Schedule:
    return Ramp(settings.number("lr_min", 1e-9, above=0), peak, end, "exponential")


BUILD: dict[str, Callable[[Settings, float, int], Schedule | Built]] = {
    "constant": _constant,
    "constant_with_warmup": lambda settings, peak, end: _warmup(settings, peak, end).then(Constant(peak)),
    "wsd": _wsd,
    "power_lr": _power,
    "linear_with_warmup": lambda settings, peak, end: _to_floor(settings, peak, end, "linear"),
    "inv_sqrt_with_warmup": _inverse_sqrt,
    "cos_with_warmup": lambda settings, peak, end: _to_floor(settings, peak, end, "cosine"),
    "half_cos_with_warmup": _half_cosine,
    "cos_with_warmup_and_linear_decay": _cosine_linear,
    "composable": _composable,
    "sequential": _sequential,
    "wsds": _wsds,
    "exponential": _exponential,
}
