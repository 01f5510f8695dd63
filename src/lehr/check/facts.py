"""`RunFacts`: what is known of a run before it starts, and which position of the schedule each update will use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..schedules import checks, lengths

if TYPE_CHECKING:
    from ..schedules.backends import Array

STEP_PER = ("update", "batch", "process", "epoch", "sample")
"""For what the training loop moves the schedule one step: see `RunFacts`."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The facts of a run.

    Args:
        updates: Updates of the optimizer; None where ``samples``, ``batch`` and ``epochs`` say it.
        samples: Samples of the data set.
        batch: Samples of a batch, in one process.
        accumulate: Batches per update.
        world: Processes that share the data.
        epochs: Passes over the data; a fraction of one is allowed.
        drop_last: Whether a last batch that is not full is dropped.
        step_per: For what the loop moves the schedule by one: ``"update"``, as `lehr.Scheduler` does; ``"batch"``, a
            ``scheduler.step()`` for each micro-batch; ``"process"``, ``world`` steps an update, as a scheduler that
            Accelerate prepared; ``"epoch"``, as Lightning by default; ``"sample"``, a schedule in samples.
        batch_ramp: ``(first, increment, samples)``: the samples of an update begin at ``first`` and grow by
            ``increment`` until they are the full ones, after so many samples in all, as in Megatron-LM.
        lr: The rate that the optimizer was given.
        group_lrs: The rates that the param groups were given, if they differ.
        keeps_ratios: Whether the groups keep the ratios of these rates.
        weight_decay: That of the optimizer, which scales it by the rate, as AdamW does.
        grad_scaler: Whether a gradient scaler skips updates (float16; not bfloat16).
        counts_skipped: Whether the loop moves the schedule also where an update was skipped.
        resumed_at: Position at which a checkpoint is resumed.
        resumed_samples: Samples of an update before that.

    Raises:
        ValueError: A number is out of range, or ``step_per`` is unknown.

    >>> RunFacts(samples=50_000, batch=32, accumulate=4, world=8, epochs=3).run_updates
    147
    """

    updates: int | None = None
    samples: int | None = None
    batch: int | None = None
    accumulate: int = 1
    world: int = 1
    epochs: float | None = None
    drop_last: bool = False
    step_per: str = "update"
    batch_ramp: tuple[int, int, int] | None = None
    lr: float | None = None
    group_lrs: tuple[float, ...] = ()
    keeps_ratios: bool = False
    weight_decay: float = 0.0
    grad_scaler: bool = False
    counts_skipped: bool = False
    resumed_at: int | None = None
    resumed_samples: int | None = None

    def __post_init__(self) -> None:
        for name in ("updates", "samples", "batch", "accumulate", "world", "resumed_samples"):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), owner="RunFacts")
        if self.epochs is not None:
            checks.number("epochs", self.epochs, owner="RunFacts", above=0)
        checks.one_of("step_per", self.step_per, STEP_PER)
        if self.step_per == "epoch" and self.updates_per_epoch is None:
            raise ValueError("step_per='epoch' needs the updates of an epoch: give `samples` and `batch`")
        if (self.step_per == "sample" or self.batch_ramp) and self.batch is None:
            raise ValueError(
                "a schedule in samples, and a batch that grows, need the samples of an update: give `batch`"
            )
        if self.batch_ramp is not None:
            for name, value in zip(("first", "increment", "samples"), self.batch_ramp, strict=True):
                checks.integer(f"batch_ramp's {name}", value, owner="RunFacts")

    @property
    def updates_per_epoch(self) -> int | None:
        """Updates of one epoch; None where it is not known."""
        if self.samples is None or self.batch is None:
            return None
        return lengths.updates(
            self.samples, self.batch, accumulate=self.accumulate, world=self.world, drop_last=self.drop_last
        )

    @property
    def samples_per_update(self) -> int | None:
        """Samples of a full update, over all processes."""
        return None if self.batch is None else self.batch * self.accumulate * self.world

    @cached_property
    def run_updates(self) -> int | None:
        """Updates of the run; None where it is not known."""
        if self.updates is not None:
            return self.updates
        if self.epochs is None or self.updates_per_epoch is None:
            return None
        if self.batch_ramp is None:
            return math.ceil(self.epochs * self.updates_per_epoch)
        assert self.samples is not None
        return self._updates_until(math.ceil(self.epochs * self.samples))

    def positions(self, updates: Array) -> Array:
        """The position of the schedule that each update uses, counted from 0."""
        import numpy as np

        if self.step_per == "sample":
            return self._consumed(updates)
        if self.step_per == "epoch":
            return np.floor(updates / float(self.updates_per_epoch or 1))
        return updates * float({"batch": self.accumulate, "process": self.world}.get(self.step_per, 1))

    def _consumed(self, updates: Array) -> Array:
        """Samples consumed before each update."""
        import numpy as np

        full = float(self.samples_per_update or 1)
        ends, consumed, before = self._ramp()
        sizes = np.array([*(size for _, size in before), full])
        stage = np.searchsorted(ends, updates, side="right")
        starts, taken = np.array([0, *ends]), np.array([0, *consumed])
        return np.asarray(taken[stage] + (updates - starts[stage]) * sizes[stage], dtype=np.float64)

    def _ramp(self) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """The updates and the samples at which each stage of the ramp has ended, and (samples, size) of the stages."""
        if self.batch_ramp is None:
            return [], [], []
        full, (first, increment, samples) = self.samples_per_update or 1, self.batch_ramp
        sizes = range(first, full, increment)
        each = samples / max(1, len(sizes))
        ends, consumed, stages = [], [], []
        updates = taken = 0
        for number, size in enumerate(sizes, 1):
            more = max(0, math.ceil((each * number - taken) / size))
            updates, taken = updates + more, taken + more * size
            ends.append(updates)
            consumed.append(taken)
            stages.append((more * size, size))
        return ends, consumed, stages

    def _updates_until(self, samples: int) -> int:
        """Updates until so many samples are consumed."""
        updates = taken = 0
        for of_stage, size in self._ramp()[2]:
            if taken + of_stage >= samples:
                return updates + math.ceil((samples - taken) / size)
            updates, taken = updates + of_stage // size, taken + of_stage
        return updates + math.ceil((samples - taken) / (self.samples_per_update or 1))
