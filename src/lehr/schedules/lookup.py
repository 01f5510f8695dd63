"""Numbers that the formula of a tensor looks up: rates, knots and the starts of cycles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .tensor_numbers import Library, Number, Tensor, rounded_up


class Lookup:
    """Numbers that a formula looks up: stored once for each device, in each form that is needed.

    Args:
        values: The numbers.
        library: Stores them.
        tables: Where they are stored; the formula finds them there by their places.
    """

    def __init__(self, values: Sequence[float], library: Library, tables: list[Tensor]) -> None:
        self._reals = self._edges = self._wholes = len(tables)
        self._integral = False
        tables.append(library.stored(values, whole=False))
        if not library.exact:  # a position is compared with an edge that is rounded up, not to the nearest
            self._edges, self._wholes = self._reals + 1, self._reals + 2
            tables.append(library.stored([rounded_up(v) for v in values], whole=False))
            reachable = [v for v in values if v <= library.most]
            self._integral = all(v == int(v) for v in reachable)
            tables.append(library.stored([math.ceil(v) for v in reachable], whole=True))

    def at(self, t: Number, index: Tensor) -> Number:
        """The entry of that index, or the nearest one."""
        return self._entries(t, index, self._reals)

    def reached(self, t: Number, index: Tensor) -> Number:
        """As `at`, of an entry that is at most ``t``: an integer if it can be, so that ``t`` minus it is exact."""
        return self._entries(t, index, self._wholes) if t.whole and self._integral else self.at(t, index)

    def _entries(self, t: Number, index: Tensor, place: int) -> Number:
        table, library = t.tables[place], t.library
        kept = library.functions.clip(index, 0, len(table) - 1)
        return t.like(library.entries(table, kept), whole=place == self._wholes != self._reals)

    def count_until(self, t: Number) -> Tensor:
        """How many of the numbers, which are in order, are at most ``t``."""
        return t.library.count_until(t.tables[self._wholes if t.whole else self._edges], t.tensor)
