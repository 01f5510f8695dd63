"""A schedule that counts samples or tokens, as one that counts updates."""

from __future__ import annotations

import math

from ..schedules import Schedule


def in_updates(schedule: Schedule, per_update: int) -> Schedule:
    """The same schedule at positions in updates, each of which consumes ``per_update`` of what it counts.

    Its length becomes an integer number of updates, so that position t is exactly ``t * per_update`` there: lengths
    that are divided one by one would be rounded, and a jump could move to the next update.

    Args:
        schedule: A schedule that ends.
        per_update: What an update consumes.

    >>> from lehr import Constant
    >>> steps = in_updates(Constant(1.0, 10).then(Constant(0.5, 0)), 3)
    >>> [steps(t) for t in range(5)]
    [1.0, 1.0, 1.0, 1.0, 0.5]
    """
    if per_update == 1 or not schedule.length:
        return schedule
    updates = math.ceil(schedule.length / per_update)
    if schedule._final_rate < 0:  # no constant holds a rate below 0, so it cannot be made longer
        updates = math.floor(schedule.length / per_update)
    return schedule.cut(0, updates * per_update).stretch(updates)
