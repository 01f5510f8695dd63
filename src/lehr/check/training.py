"""Rules on the loop around the schedule: param groups, skipped updates, a changed batch."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding
from .used import Used


def check_groups(used: Used) -> Iterator[Finding]:
    """Groups that were given different rates keep their ratios."""
    rates = used.facts.group_lrs
    if len(set(rates)) > 1 and not used.facts.keeps_ratios:
        shown = ", ".join(f"{rate:g}" for rate in rates)
        yield Finding(
            "groups-flattened",
            "error",
            f"the param groups were given {shown}, and all get the rate of the schedule",
            "every update",
            "rates per layer or per group are lost without a word",
            'lehr.Scheduler(..., group_scale="ratio") keeps their ratios',
            27,
        )


def check_skipped(used: Used) -> Iterator[Finding]:
    """Updates that a gradient scaler skips do not count."""
    if used.facts.grad_scaler and used.facts.counts_skipped:
        yield Finding(
            "skipped-updates-counted",
            "warning",
            "a gradient scaler (float16) skips updates, and the loop moves the schedule all the same",
            "the first updates, while the scale is found, and later ones at random",
            "the schedule runs ahead of the training",
            "let lehr.Scheduler(...).follow() count the updates that happen, or train in bfloat16 without a scaler",
            5,
        )


def check_resumed(used: Used) -> Iterator[Finding]:
    """A position in steps means as many samples as before."""
    facts = used.facts
    at, before, now = facts.resumed_at, facts.resumed_samples, facts.samples_per_update
    if at is None or before is None or now is None or before == now or facts.step_per == "sample":
        return
    samples = at * before
    yield Finding(
        "resumed-with-another-batch",
        "error",
        f"step {at:,} stood for {samples:,} samples, and with {now:,} samples an update it stands for {at * now:,}",
        f"update {at:,}, where the run is resumed",
        "the schedule, and a loop that counts steps, take the run for further or less far than it is",
        f"resume at step {round(samples / now):,}: Scheduler(..., samples_per_step={now}) does it by itself",
        13,
    )
