"""`Used`: the rates that the updates of a run will use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..schedules import Schedule
from ..schedules.description import Summary, horizon
from .facts import RunFacts

if TYPE_CHECKING:
    from ..schedules.backends import Array

SAMPLES = 1_000_000
"""Updates at which a longer run is looked at."""


@dataclass(frozen=True)
class Used:
    """A schedule in a run.

    Attributes:
        schedule: The schedule, as the framework that runs it computes it.
        held: The same where it holds its final rate after its end; of a schedule of lehr the schedule itself.
        facts: The facts of the run.
    """

    schedule: Schedule
    held: Schedule
    facts: RunFacts

    @cached_property
    def updates(self) -> int:
        """Updates of the run; where they are not known those of the schedule."""
        return self.facts.run_updates or int(horizon(self.held))

    @cached_property
    def at(self) -> Array:
        """The updates looked at: all, or of a very long run a sample with both ends."""
        import numpy as np

        if self.updates <= SAMPLES:
            return np.arange(self.updates, dtype=np.float64)
        return np.unique(np.floor(np.linspace(0, self.updates - 1, SAMPLES)))

    @cached_property
    def rates(self) -> Array:
        """The rate of each update looked at."""
        import numpy as np

        return np.asarray(self.schedule(self.facts.positions(self.at)), dtype=np.float64)

    @cached_property
    def end(self) -> float:
        """The position of the schedule that the run comes to."""
        import numpy as np

        return float(self.facts.positions(np.array([float(self.updates)]))[0])

    @cached_property
    def peak(self) -> float:
        """The highest rate of the schedule itself, whether the run gets there or not."""
        return max(Summary(self.held, horizon(self.held)).peak[0], float(self.held(horizon(self.held))))
