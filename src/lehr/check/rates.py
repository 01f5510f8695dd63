"""Rules on the rates: at both ends, at the peak, and where phases meet."""

from __future__ import annotations

from collections.abc import Iterator

from ..schedules.description import Phase, Summary, horizon
from .finding import Finding
from .used import Used

UNREACHED = 0.1
"""The share of the peak by which the last rate may miss the final one."""
CLIFF = 0.05
"""The share of its end by which the rate may fall when the warmup ends."""
BELOW = 0.99
FROZEN = 0.01
"""The share of the run that may train at a rate of 0."""


def check_ends(used: Used) -> Iterator[Finding]:
    """The first update has a rate, and the last one nearly the final rate."""
    import numpy as np

    zero = int(np.argmax(used.rates > 0)) if (used.rates > 0).any() else len(used.rates)
    if zero:
        count = "the first update has" if zero == 1 else f"the first {zero:,} updates have"
        yield Finding(
            "first-rate-zero",
            "warning",
            f"{count} a rate of 0",
            "update 0",
            "it trains nothing, and AdamW scales its weight decay by the rate too" if used.facts.weight_decay else
            "it reads a batch and trains nothing",
            "begin the warmup at max_lr / warmup_steps, as lehr's recipes do, or give it a start rate above 0",
            17,
        )  # fmt: skip
    length = used.held.length
    if length and used.end == length and not Summary(used.held, length).unfinished:
        missing = abs(used.rates[-1] - used.held(length))
        if missing > UNREACHED * used.peak:
            yield Finding(
                "last-rate-not-reached",
                "warning",
                f"the last update uses {used.rates[-1]:.3g}, and the final rate is {used.held(length):.3g}",
                f"update {used.updates - 1:,}, the last",
                "the final rate is that of the update after the run, and in so short a run this shows",
                f"give the decay one step less, so that it ends at update {used.updates - 1:,}",
                17,
            )


def check_peak(used: Used) -> Iterator[Finding]:
    """The run comes to the peak, which is the rate that was meant."""
    lr, reached = used.facts.lr, float(used.rates.max())
    if reached < BELOW * used.peak:
        yield Finding(
            "peak-not-reached",
            "error",
            f"the highest rate of the run is {reached:.3g}, and the schedule peaks at {used.peak:.3g}",
            f"update {int(used.at[used.rates.argmax()]):,}",
            "the warmup is longer than the run, which trains at too low a rate throughout",
            f"shorten the warmup well below the {used.updates:,} updates of the run",
            3,
        )
    elif lr is not None and reached < BELOW * lr:
        yield Finding(
            "peak-not-reached",
            "error",
            f"the highest rate of the run is {reached:.3g}, and the optimizer was given {lr:.3g}",
            f"update {int(used.at[used.rates.argmax()]):,}",
            "the rate that was chosen is never used",
            "let the decay begin where the warmup ends: warmup.then(decay), or a recipe",
            18,
        )
    if used.peak == 1.0 and lr != 1.0:
        meant = "" if lr is None else f", and the optimizer was given {lr:.3g}"
        yield Finding(
            "peak-is-a-factor",
            "error" if lr is not None else "warning",
            f"the schedule peaks at exactly 1{meant}",
            f"update {int(used.at[used.rates.argmax()]):,}",
            "a schedule of factors, used as rates, diverges at once",
            f"write the rate itself: {lr or 3e-4:g} * schedule, or max_lr={lr or 3e-4:g}",
            20,
        )


def check_phases(used: Used) -> Iterator[Finding]:
    """The warmup goes over into what follows it, and nothing rises again at the end."""
    phases = Summary(used.held, horizon(used.held)).phases
    first = phases[0] if phases else None
    if first and first.kind == "warmup" and first.following < (1 - CLIFF) * first.last and len(phases) > 1:
        yield _cliff(first)
    differs = abs(used.rates - used.held(used.facts.positions(used.at))) > CLIFF * used.peak
    if differs.any():
        where = int(used.at[differs.argmax()])
        yield Finding(
            "rises-again",
            "error",
            f"after its end, at step {used.held.length:,g}, the schedule does not hold its final rate: update "
            f"{where:,} uses {float(used.rates[differs.argmax()]):.3g}",
            f"updates {where:,} to {used.updates - 1:,}",
            "the end of the run, which should settle, trains at a high rate",
            f"give the schedule the {used.updates:,} steps of the run; imported into lehr it holds its final rate",
            15,
        )
    stop = used.end if used.schedule is used.held else 0
    if stop and (unfinished := Summary(used.held, stop).unfinished):
        yield Finding(
            "ends-in-a-cycle",
            "warning",
            f"the run ends {unfinished}",
            f"update {used.updates - 1:,}, the last",
            "a cycle that is cut off leaves the loss where its rate is high",
            "choose the length of the cycles so that the last one ends with the run",
            15,
        )


def _cliff(warmup: Phase) -> Finding:
    return Finding(
        "decay-under-the-warmup",
        "error",
        f"the warmup ends at {warmup.last:.3g} and the rate falls to {warmup.following:.3g} at once",
        f"step {warmup.stop:,g}",
        "the decay is counted from the start of the run and not from the end of the warmup: the peak is hardly used",
        "let the decay begin where the warmup ends: warmup.then(decay), or a recipe; in timm `warmup_prefix=True`",
        18,
    )


def check_frozen(used: Used) -> Iterator[Finding]:
    """Weight decay that is scaled by a rate of 0 does nothing."""
    frozen = used.rates <= 1e-12 * used.peak
    if used.facts.weight_decay and frozen.mean() > FROZEN:
        yield Finding(
            "weight-decay-off",
            "warning",
            f"{frozen.mean():.1%} of the updates have a rate of 0, and with it no weight decay "
            f"({used.facts.weight_decay:g} x rate)",
            f"update {int(used.at[frozen.argmax()]):,} and others",
            "AdamW scales its weight decay by the rate",
            "give the schedule a floor above 0, min_lr=..., or let it end with the run",
        )
