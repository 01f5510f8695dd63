"""Cosine cycles, each with a warmup, as pytorch_optimizer has them."""

from __future__ import annotations

from itertools import accumulate, repeat
from operator import mul

from ...schedules import Ramp, Schedule, checks
from ...schedules.combinators import sequence
from ..building import FAR, spliced

OWNER = "cosine_annealing_with_warmup"
_MOST = 1000


def cosine_annealing_with_warmup(
    run: object,
    *,
    first_cycle_steps: int,
    cycle_mult: float = 1.0,
    max_lr: float = 1e-4,
    min_lr: float = 1e-6,
    warmup_steps: int = 0,
    gamma: float = 0.9,
) -> Schedule:
    """``gamma`` multiplies the peak of each cycle; the lengths are whole. The first update has the lowest rate."""
    first = checks.integer("first_cycle_steps", first_cycle_steps, owner=OWNER)
    warmup = checks.integer("warmup_steps", warmup_steps, owner=OWNER, least=0)
    if warmup >= first:
        raise ValueError(
            f"{OWNER} needs `warmup_steps` below `first_cycle_steps`, got warmup_steps={warmup} and "
            f"first_cycle_steps={first}"
        )
    falling = checks.number("gamma", gamma, owner=OWNER, above=0)
    lengths = _lengths(first, warmup, checks.number("cycle_mult", cycle_mult, owner=OWNER, above=0))
    peaks = list(accumulate(repeat(falling, len(lengths) - 1), mul, initial=max_lr))
    cycles = [_cycle(peak, min_lr, length, warmup) for peak, length in zip(peaks[:-1], lengths[:-1], strict=True)]
    rest = _for_ever(peaks[-1], min_lr, lengths[-1], warmup, falling)
    return spliced(sequence(*cycles, rest), {0: min_lr})


def _lengths(first: int, warmup: int, factor: float) -> list[int]:
    """The length of each cycle, up to the first one that the next ones equal, or to a far step."""
    lengths = [first]
    while len(lengths) < _MOST and sum(lengths) < FAR:
        following = max(1, int((lengths[-1] - warmup) * factor)) + warmup
        if following == lengths[-1]:
            break
        lengths.append(following)
    return lengths


def _cycle(peak: float, low: float, length: int, warmup: int) -> Schedule:
    return Ramp(low, peak, warmup).then(Ramp(peak, low, length - warmup, "cosine"))


def _for_ever(peak: float, low: float, length: int, warmup: int, factor: float) -> Schedule:
    """The cycle again and again, its peak each time ``factor`` of the one before."""
    if factor == 1:
        return _cycle(peak, low, length, warmup).repeat()
    peaks = _cycle(peak, 0.0, length, warmup).repeat(height_factor=factor)
    if not low:
        return peaks
    weight = Ramp(low, 0.0, warmup).then(Ramp(0.0, low, length - warmup, "cosine"))
    return peaks + weight.repeat()
