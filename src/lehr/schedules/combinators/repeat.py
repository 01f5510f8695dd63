"""A schedule over and over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from .. import checks
from ..backends import Backend, Piece, Value
from ..base import Schedule
from ..boundaries import first_position
from ..cycles import Cycles
from .around import Around, need_length


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
        super().__post_init__()
        need_length(self.of, "repeat")
        factor = checks.length("length_factor", self.length_factor, owner="repeat", above=0)
        height = checks.number("height_factor", self.height_factor, owner="repeat", above=0)
        checks.store(self, length_factor=factor, height_factor=height)
        if self.times is not None:
            checks.store(self, times=checks.integer("times", self.times, owner="repeat"))
        self._check_growth()

    def _check_growth(self) -> None:
        """Refuse cycles without an end that shrink or grow for ever, and rates or lengths beyond all bounds."""
        times, factor = self.times, self.length_factor
        if times is None and factor < 1:
            raise ValueError(
                f"repeat needs `times` where `length_factor` is below 1, got length_factor={factor!r}: "
                f"cycles that shrink for ever would never come to the next position"
            )
        if times is not None and factor != 1 and (times > 1000 or factor**times > checks.LONGEST):
            raise ValueError(
                f"repeat with a `length_factor` of {factor!r} takes at most 1000 cycles, and "
                f"none longer than 10**18 positions; got times={times}"
            )
        if not math.isfinite(self._highest):
            raise ValueError(
                f"repeat needs rates that stay finite: where `height_factor` is above 1 it needs `times`, and not too "
                f"many of them; got height_factor={self.height_factor!r} and times={times}"
            )

    @cached_property
    def length(self) -> float | None:
        if self.times is None:
            return None
        first, factor = self.of._end, self.length_factor
        if factor == 1:
            return first * self.times
        return checks.length("length", sum(first * factor**i for i in range(self.times)), owner="repeat")

    @cached_property
    def _cycles(self) -> Cycles:
        """Where the cycles start, if they grow or shrink."""
        return Cycles(self.of._end, self.length_factor, self.times)

    def _pieces(self, xp: Backend) -> list[Piece]:
        length, factor, height = self.of._end, self.length_factor, self.height_factor
        rate = self.of._held(xp)
        if factor != 1:
            locate = xp.cycle(length, factor, self.times)

            def grown(t: Value) -> Value:
                index, start, scale = locate(t)
                return rate((t - start) / scale) * height**index

            return [(0, grown)]
        if height != 1:
            return [(0, lambda t: rate(t % length) * height ** (t // length))]
        return [(0, lambda t: rate(t % length))]

    def _final(self) -> float:
        return self.of._final_rate * self._last_height

    @property
    def _last_height(self) -> float:
        return self.height_factor ** ((self.times or 1) - 1)

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        lowest, highest = self.of._bounds
        if self.times is None and self.height_factor != 1:
            return (0.0, math.inf) if self.height_factor > 1 else (min(lowest, 0.0), highest)
        try:
            return min(lowest, lowest * self._last_height), max(highest, highest * self._last_height)
        except OverflowError:
            return 0.0, math.inf

    def _locate(self, position: float) -> tuple[int, float]:
        """The index of the cycle around a position, and its start."""
        if self.length_factor != 1:
            return self._cycles.at(position)
        index = int(position // self.of._end)
        return index, self._start(index)

    def _start(self, index: int) -> float:
        """The first position of the cycle of that index."""
        length = self.of._end
        if self.length_factor != 1:
            return self._cycles.start(index)
        return first_position(lambda t: t // length, index, near=length * index) if index else 0

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        first, _ = self._locate(start)
        for index in count(first) if self.times is None else range(first, self.times):
            begin = self._start(index)
            if begin >= stop:
                return
            if begin > start:
                yield begin
            yield from self._breaks_of_cycle(index, begin, max(start, begin), stop)

    def _breaks_of_cycle(self, index: int, begin: float, start: float, stop: float) -> Iterator[float]:
        scale, length = self.length_factor**index, self.of._end

        def inner(t: float) -> float:
            return (t - begin) / scale if self.length_factor != 1 else t % length + (t // length - index) * length

        for at in self.of._breaks((start - begin) / scale, min(length, (stop - begin) / scale)):
            moved = first_position(inner, at, near=begin + at * scale)
            if start < moved < stop:
                yield moved

    def _cut(self, start: float, stop: float) -> Schedule:
        over = int(start // self.of._end)
        exact = isinstance(self.of.length, int) and isinstance(start, int)
        if not over or not exact or (self.length_factor, self.height_factor) != (1, 1):
            return super()._cut(start, stop)
        skipped = over * self.of._end
        times = None if self.times is None else self.times - over
        left = self.of if times == 1 else Repeat(self.of, times)
        return left.cut(start - skipped, None if stop == self._end else stop - skipped)

    def _inside_cycle(self, position: float) -> bool:
        if position >= self._end:
            return False
        index, start = self._locate(position)
        share = (position - start) / (self.of._end * self.length_factor**index)
        return 1e-9 < share < 1 - 1e-9  # a position that was stretched is rounded
