"""`findings`: every rule, asked of one schedule in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..schedules import Schedule
from .facts import RunFacts
from .finding import Finding
from .lengths import check_length
from .rates import check_ends, check_frozen, check_peak, check_phases
from .training import check_groups, check_resumed, check_skipped
from .used import Used

RULES: tuple[Callable[[Used], Iterator[Finding]], ...] = (
    check_length, check_peak, check_phases, check_ends, check_frozen, check_groups, check_skipped, check_resumed,
)  # fmt: skip


def findings(schedule: Schedule, facts: RunFacts, *, peer: Schedule | None = None) -> tuple[Finding, ...]:
    """What would go wrong in a run, errors first.

    Args:
        schedule: The schedule, which holds its final rate after its end.
        facts: What is known of the run. Rules that need a fact which is not known find nothing.
        peer: The same schedule as another framework computes it, also after its end: an importer's
            ``after="peer"``. None where lehr runs it.

    Returns:
        The findings; none where all is well.

    >>> import lehr
    >>> findings(lehr.cosine(1_000, 50, max_lr=1e-3), RunFacts(updates=1_000))
    ()
    """
    used = Used(peer or schedule, schedule, facts)
    found = [finding for rule in RULES for finding in rule(used)]
    return tuple(sorted(found, key=lambda finding: not finding.is_error))
