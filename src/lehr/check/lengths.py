"""Rules on the length: a schedule that ends before its run does, or that the run never finishes."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding
from .used import Used

LEAST_USED = 0.9
"""A run that uses less of its schedule is in error; one that uses a bit more is warned of."""
SAME = 0.02
"""Lengths within this share of each other are taken for the same."""
NOTICEABLE = 1e-3
"""The share of the peak from which on two rates differ."""


def check_length(used: Used) -> Iterator[Finding]:
    """The schedule ends with the run."""
    length = used.held.length
    if used.facts.run_updates is None or not length or used.end == length:
        return
    final = used.held(length)
    if used.end > length:
        if _is_flat_at(used, length, final):
            return
        yield _too_short(used, length, final)
    elif abs(used.rates[-1] - final) > NOTICEABLE * used.peak or used.end < LEAST_USED * length:
        yield _too_long(used, length, final)


def _is_flat_at(used: Used, length: float, final: float) -> bool:
    """Whether the schedule comes to its end at its final rate, so that it does not matter where it ends."""
    before = used.held(max(0, length - max(1, 0.01 * length)))
    return abs(before - final) <= NOTICEABLE * used.peak and final > 0


def _too_short(used: Used, length: float, final: float) -> Finding:
    positions = used.facts.positions(used.at)
    past = used.at[positions >= length]
    first = int(past[0]) if past.size else used.updates
    pitfall, cause, fix = _cause(used, length)
    does = "does nothing" if final == 0 else f"trains at the final rate, {final:.3g}"
    lost = (used.updates - first) / used.updates
    return Finding(
        "schedule-too-short",
        "error",
        f"the schedule of {length:,g} steps ends {'after' if first else 'before'} update {first:,} of {used.updates:,}",
        f"updates {first:,} to {used.updates - 1:,}",
        f"{lost:.1%} of the run {does}{cause}",
        fix,
        pitfall,
    )


def _too_long(used: Used, length: float, final: float) -> Finding:
    share = used.end / length
    pitfall, cause, fix = _cause(used, length)
    return Finding(
        "schedule-too-long",
        "error" if share < LEAST_USED else "warning",
        f"the run of {used.updates:,} updates uses {used.end:,g} of the schedule's {length:,g} steps ({share:.1%})",
        f"update {used.updates - 1:,}, the last",
        f"it ends at a rate of {used.rates[-1]:.3g} where the schedule comes down to {final:.3g}{cause}",
        fix,
        pitfall,
    )


def _cause(used: Used, length: float) -> tuple[int, str, str]:
    """The pitfall, what probably happened, and the way out."""
    facts, updates = used.facts, used.updates
    follow = f"give the schedule {updates:,} steps, and let lehr.Scheduler(...).follow() count the updates"
    if facts.step_per == "process" and facts.world > 1:
        return 1, f": the loop moves it {facts.world} steps an update, one for each process", follow
    if facts.step_per == "batch" and facts.accumulate > 1:
        return 2, f": the loop moves it {facts.accumulate} steps an update, one for each micro-batch", follow
    if facts.step_per == "epoch":
        return 3, ": the loop moves it once an epoch", f"{follow}; in Lightning, `interval`: `step`"
    if facts.step_per == "sample" and facts.batch_ramp:
        return (
            6,
            ": while the batch grows, an update has fewer samples",
            (f"give the schedule the {used.end:,g} samples that the run consumes, or train on until it has its own"),
        )
    per_epoch = facts.updates_per_epoch or 0
    steps = f"give the schedule {updates:,} steps, which lehr.lengths.updates(...) computes"
    if facts.batch_ramp:
        return 6, ": while the batch grows, more updates are needed for the same samples", steps
    guesses = (
        (facts.world > 1, updates * facts.world, 4, "the length forgets the number of processes"),
        (facts.accumulate > 1, updates * facts.accumulate, 2, "the length counts micro-batches, not updates"),
        (
            facts.accumulate * facts.world > max(facts.accumulate, facts.world),
            updates * facts.accumulate * facts.world,
            4,
            "the length counts batches of one process, not updates",
        ),
        (per_epoch > 1, updates / max(1, per_epoch), 3, "the length counts epochs, not updates"),
    )
    for holds, guess, pitfall, words in guesses:
        if holds and abs(guess / length - 1) <= SAME:
            return pitfall, f": {words}", steps
    return 4, "", steps if facts.batch else f"give the schedule {updates:,} steps, or the run another length"
