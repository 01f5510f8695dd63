"""A schedule over and over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from .. import checks
from ..backends import Backend, Piece
from ..base import Schedule
from ..cycles import Cycles
from .around import Around


@dataclass(frozen=True, eq=False, repr=False)
class Repeat(Around, Schedule):
    r"""A schedule over and over: ``a.repeat(times)``.

    Cycle :math:`i`, from 0, takes :math:`n \, l^i` positions and multiplies the rates by
    :math:`h^i`.
    """

    of: Schedule
    times: int | None = None
    length_factor: float = 1
    height_factor: float = 1

    def __post_init__(self) -> None:
        if not self.of.length:
            why = "never ends" if self.of.length is None else "takes no positions"
            raise ValueError(f"repeat needs a schedule with a length, and {self.of!r} {why}")
        factor = checks.length("length_factor", self.length_factor, owner="repeat", above=0)
        height = checks.length("height_factor", self.height_factor, owner="repeat", above=0)
        checks.store(self, length_factor=factor, height_factor=height)
        if self.times is not None:
            checks.store(self, times=checks.integer("times", self.times, owner="repeat"))
            if factor != 1 and (self.times > 1000 or factor**self.times > checks.LONGEST):
                raise ValueError(
                    f"repeat with a `length_factor` of {factor!r} takes at most 1000 cycles, and "
                    f"none longer than 10**18 positions; got times={self.times}"
                )
        elif factor < 1:
            raise ValueError(
                f"repeat needs `times` where `length_factor` is below 1, got {factor!r}: "
                f"cycles that shrink for ever have no next one"
            )

    @property
    def length(self) -> float | None:
        if self.times is None:
            return None
        one, factor = self.of.length or 0, self.length_factor
        if factor == 1:
            return one * self.times
        return checks.length("length", sum(one * factor**i for i in range(self.times)), owner="repeat")

    def _pieces(self, xp: Backend) -> list[Piece]:
        length, factor, height = self.of.length or 1, self.length_factor, self.height_factor
        rate = self.of._held(xp)
        if factor != 1:
            locate = xp.cycle(length, factor, self.times)

            def grown(t: Any) -> Any:
                index, start = locate(t)
                return rate((t - start) / factor**index) * height**index

            return [(0, grown)]
        if height != 1:
            return [(0, lambda t: rate(t % length) * height ** (t // length))]
        return [(0, lambda t: rate(t % length))]

    def _final(self) -> float:
        return self.of._final() * float(self.height_factor) ** ((self.times or 1) - 1)

    def _breaks(self, stop: float) -> Iterator[float]:
        one = self.of.length or math.inf
        for index, start in enumerate(self._starts()):
            if start >= stop:
                return
            if start:
                yield start
            scale = self.length_factor**index
            for inner in self.of._breaks(min(one, (stop - start) / scale)):
                yield start + inner * scale

    def _starts(self) -> Iterator[float]:
        one, indices = self.of.length or math.inf, count() if self.times is None else range(self.times)
        if self.length_factor == 1:
            return (one * index for index in indices)
        return map(Cycles(one, self.length_factor, self.times).start, indices)
