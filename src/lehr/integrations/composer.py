"""`as_composer`: a schedule as a scheduler of MosaicML's Composer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..schedules import Schedule, checks

COUNTERS = {"steps": "batch", "epochs": "epoch", "samples": "sample", "tokens": "token"}
"""lehr's units, and what Composer's ``state.timestamp`` calls them."""


class Time(Protocol):
    """Composer's ``Time``."""

    @property
    def value(self) -> int: ...


class Timestamp(Protocol):
    """Composer's ``Timestamp``, as far as it is read here."""

    @property
    def batch(self) -> Time: ...
    @property
    def epoch(self) -> Time: ...
    @property
    def sample(self) -> Time: ...
    @property
    def token(self) -> Time: ...


class State(Protocol):
    """Composer's ``State``, as far as it is read here."""

    @property
    def timestamp(self) -> Timestamp: ...


def as_composer(schedule: Schedule, base_lr: float = 1.0, *, unit: str = "steps") -> ComposerFactor:
    """A schedule as a function of Composer's state: ``(state, ssr=1.0) -> schedule(t / ssr) / base_lr``.

    t is what ``state.timestamp`` counts in the unit. Composer keeps the timestamp in its checkpoints, so a resumed run
    goes on at the right rate. ``ssr`` is Composer's ``scale_schedule_ratio``: the whole schedule, warmup included,
    becomes so many times as long.

    Args:
        schedule: The rates, or factors if `base_lr` is 1.
        base_lr: The rate in the optimizer, which Composer multiplies.
        unit: What the schedule counts: ``"steps"`` (Composer's batches), ``"epochs"``, ``"samples"`` or ``"tokens"``.

    Raises:
        ValueError: `schedule` is no Schedule, `base_lr` is not above 0, or the unit is unknown.

    References:
        Composer, composer/optim/scheduler.py, ComposerScheduler and compile_composer_scheduler.

    >>> import lehr
    >>> as_composer(lehr.Ramp(0.1, 0.0, 100), base_lr=0.1)
    ComposerFactor(schedule=Ramp(start=0.1, end=0.0, length=100), base_lr=0.1, unit='steps')
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"as_composer needs a Schedule, got {checks.shown(schedule)}")
    if unit not in COUNTERS:
        raise ValueError(checks.unknown("unit", unit, COUNTERS))
    return ComposerFactor(schedule, checks.number("base_lr", base_lr, owner="as_composer", above=0), unit)


@dataclass(frozen=True)
class ComposerFactor:
    """What `as_composer` returns."""

    schedule: Schedule
    base_lr: float = 1.0
    unit: str = "steps"

    def __call__(self, state: State, ssr: float = 1.0) -> float:
        position: float = getattr(state.timestamp, COUNTERS[self.unit]).value
        if ssr != 1:
            position /= checks.number("ssr", ssr, owner="a schedule for Composer", above=0)
        return self.schedule(position) / self.base_lr
