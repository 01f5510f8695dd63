"""Composer's times, as updates."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...schedules import checks

UNITS = ("ba", "sp", "tok")
_TEXT = re.compile(r"\s*([0-9][0-9_]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?)\s*(ep|ba|sp|tok|dur)\s*")
_SIZES = {"sp": "samples_per_batch", "tok": "tokens_per_batch"}


class Time(NamedTuple):
    """An integer number of batches, samples or tokens."""

    value: int
    unit: str


@dataclass(frozen=True)
class Clock:
    """What a time is in a run.

    Args:
        max_duration: The length of the run, before it is scaled.
        sizes: ``batches_per_epoch``, ``samples_per_batch`` and ``tokens_per_batch``, those that are known.
        ratio: Composer's ``scale_schedule_ratio``.
    """

    max_duration: str | int | None
    sizes: Mapping[str, int]
    ratio: float = 1.0

    def time(self, name: str, text: object, *, scaled: bool = True) -> Time:
        """A time, rounded down as Composer rounds it.

        Args:
            name: The setting that it is the value of.
            text: The time, such as ``"10ep"``.
            scaled: Whether the ratio scales it; a share of the run is scaled with the run.
        """
        value, unit = _read(name, text)
        if unit == "dur":
            whole, unit = self._run(name)
            if unit == "ep":
                return Time(int(value * self._size("batches_per_epoch", name) * whole), "ba")
            return Time(int(value * whole), unit)
        if unit == "ep":
            value, unit = value * self._size("batches_per_epoch", name), "ba"
        return Time(int(value * (self.ratio if scaled else 1)), unit)

    def updates(self, time: Time, name: str) -> float:
        """A time in updates, rounded down: then no update comes before the one at which Composer gets there."""
        per_update = self.per_update(time, name)
        if time.value % per_update == 0:
            return time.value // per_update
        return math.nextafter(time.value / per_update, 0)

    def per_update(self, time: Time, name: str) -> int:
        """How much of a time's unit an update is."""
        return 1 if time.unit == "ba" else self._size(_SIZES[time.unit], name)

    def first_update(self, time: Time, name: str) -> int:
        """The first update that comes at a time or after it."""
        return math.ceil(self.updates(time, name))

    @property
    def run(self) -> Time | None:
        """The length of the run, if it is known in a unit that times have."""
        if self.max_duration is None:
            return None
        value, unit = self._run("max_duration")
        if unit == "ep":
            known = self.sizes.get("batches_per_epoch")
            return None if known is None else Time(value * known, "ba")
        return Time(value, unit)

    def _run(self, name: str) -> tuple[int, str]:
        if self.max_duration is None:
            raise ValueError(
                f'`{name}` is a share of the run, whose length is not given: give max_duration=, such as "10ep"'
            )
        value, unit = _read("max_duration", self.max_duration)
        if unit == "dur":
            raise ValueError(f"`max_duration` cannot be a share of itself, got {checks.shown(self.max_duration)}")
        return int(value * self.ratio), unit

    def _size(self, size: str, name: str) -> int:
        if size not in self.sizes:
            raise ValueError(f"`{name}` is in a unit whose size is not given: give {size}=")
        return self.sizes[size]


def _read(name: str, text: object) -> tuple[float, str]:
    if name == "max_duration" and isinstance(text, int) and not isinstance(text, bool):
        text = f"{text}ep"  # as Composer reads it
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(
            f'`{name}` must be a time of Composer such as "10ep", "500ba", "0.1dur", "1e9tok" or "4096sp"; got '
            f"{checks.shown(text)}"
        )
    value = float(match[1])
    if match[2] == "dur":
        return value, "dur"
    if value != int(value):
        raise ValueError(f"`{name}` must be an integer number of {match[2]}; got {checks.shown(text)}")
    return int(value), match[2]
