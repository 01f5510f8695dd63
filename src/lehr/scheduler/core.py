"""What all of a Scheduler stands on: its tracks, where it is, and how it gets there."""

from __future__ import annotations

import math
from bisect import bisect_right
from operator import itemgetter
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from ..control import Change
from ..schedules import Schedule
from ..schedules.backends import SCALARS, Formula
from .groups import all_groups
from .listener import Listener
from .state import Schedules
from .tracks import Track
from .warn import warn

Piece = tuple[float, float, Formula]
"""A stretch of positions, from and to, and the formula that holds there."""
SHUT: Piece = (0, 0, lambda position: position)
"""No position is in it."""


class Core(LRScheduler):
    """A position, the tracks it drives, and the rates there."""

    unit: str
    per_update: int | None
    samples_per_step: int | None
    updates: int
    skipped: int
    history: list[Change]
    _tracks: list[Track]
    _optimizers: list[Any]
    _begun: Schedules
    _watchers: list[Any]
    _control: Any
    _warned: bool
    _warned_of_numbers: bool
    _measured: bool
    _heard: bool
    _listener: Listener
    _following: bool
    _max_lr_is_said: bool
    _applied: int | None
    _used: list[float] | None
    _clock: Any
    _known_groups: int

    def _schedules_changed(self) -> None:
        ends = [track.schedule.length for track in self._tracks]
        self._end = math.inf if None in ends else max(end for end in ends if end is not None)
        self._pieces = self.schedule._held_pieces(SCALARS)

    def _go_to(self, position: int) -> None:
        if self._tracks[0].chosen is not None:
            self._warn_of_left_out()
        for track in self._tracks:
            track.write(position)
        self.last_epoch = position
        self._take_piece()

    def _take_piece(self) -> None:
        """Have the formula at hand that holds here: for `step`, unless updates alone may move it."""
        self._own_piece = self._piece_at(self.last_epoch)
        self._piece = SHUT if self._counts_alone() else self._own_piece

    def _counts_alone(self) -> bool:
        """Whether it follows, and has begun to count: then a number from outside does not move it."""
        return self._following and self._applied is not None

    def _warn_of_left_out(self) -> None:
        count = len(all_groups(self._optimizers))
        if count > self._known_groups:
            self._known_groups = count
            name = all_groups(self._optimizers)[-1].get("name", count - 1)
            warn(
                f"param group {name!r} was added after the Scheduler was built, and has no schedule: its rate stays "
                f"as it is; detach() this Scheduler and build one with a schedule for it"
            )

    def _piece_at(self, position: float) -> Piece:
        """The formula at a position, with the stretch of positions on which it holds."""
        index = bisect_right(self._pieces, position, key=itemgetter(0)) - 1
        start, formula = self._pieces[index]
        if len(self._tracks) > 1 or self._tracks[0].chosen is not None or self._control is not None:
            return SHUT  # there is more to do at each step
        if start == self._end:
            return start, start + 1, formula  # later ones are past the end, and looked at each time
        stop = self._pieces[index + 1][0] if index + 1 < len(self._pieces) else math.inf
        return start, stop, formula

    # Where it is.

    @property
    def position(self) -> int:
        """Index of the update that the rates in the optimizer are for; in another `unit`, units before it."""
        return self.last_epoch

    @property
    def _coming(self) -> int:
        """Position of the next update: the present one, unless that has been used and it is known what it took."""
        return self.last_epoch + ((self.per_update or 0) if self._applied == self.last_epoch else 0)

    @property
    def schedule(self) -> Schedule:
        """The schedule it follows; of several, the first."""
        return self._tracks[0].schedule

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Every schedule it follows, by what it drives."""
        return {track.name: track.schedule for track in self._tracks}

    @property
    def training_steps(self) -> float | None:
        """Length of the schedule in its unit, or None if it never ends."""
        return None if self._end == math.inf else self._end

    @property
    def current_lr(self) -> float:
        """The rate in the optimizer: of several groups, the largest."""
        return max(self.get_last_lr())

    def _rates(self, position: float) -> list[float]:
        tracks = [track for track in self._tracks if track.key == "lr"] or self._tracks[:1]
        return [rate for track in tracks for rate in track.rates(position)]

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """The rate of each group at `last_epoch`."""
        return self._rates(self.last_epoch)

    def get_last_lr(self) -> list[float]:  # type: ignore[override]
        """The rate of each group, as Python floats; a new list each time."""
        return self.get_lr()

    @property
    def used(self) -> list[float]:
        """The rate of each group in the last update that happened (before the first: in the first)."""
        if self._used is not None:  # the schedule has changed since
            return list(self._used)
        return self._rates(self.last_epoch if self._applied is None else self._applied)

    @property
    def next(self) -> list[float]:
        """The rate of each group in the next update."""
        return self._rates(self._coming)

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]
        """The rate that each group's schedule starts from, which torch's schedulers multiply."""
        return self._rates(0)

    @property
    def _step_count(self) -> int:
        """What torch counts: one more than the position. Accelerate reads it and adds to it."""
        return self.last_epoch + 1

    @_step_count.setter
    def _step_count(self, value: int) -> None:
        pass  # It follows from the position, which only a step changes.

    def __repr__(self) -> str:
        shown = self.schedule if len(self._tracks) == 1 else self.schedules
        return f"Scheduler({shown!r}, position={self.last_epoch})"
