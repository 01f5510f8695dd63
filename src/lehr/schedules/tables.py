"""Parts made of numbers: a rate for each position, or straight lines between some positions."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile

from . import checks, lengths
from .backends import Backend, Piece
from .base import Schedule
from .lengths import Length
from .parts import Constant


@dataclass(frozen=True, eq=False, repr=False)
class Table(Schedule):
    """One rate for each position, and the last one for ever: what a log holds.

    Args:
        rates: At least one rate; a tuple, a list or an array.

    Raises:
        ValueError: There is no rate, or one is not a finite number of at least 0.

    >>> Table([0.1, 0.2, 0.3])(1)
    0.2
    """

    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        checks.store(self, rates=_rates(self.rates, "Table"))

    @property
    def length(self) -> int:
        return len(self.rates)

    def _pieces(self, xp: Backend) -> list[Piece]:
        return [(0, xp.table(self.rates))]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        first = int(start) + 1
        later = islice(self.rates, first - 1, math.ceil(min(stop, self.length)))
        return (index for index, (a, b) in enumerate(pairwise(later), start=first) if a != b)

    @property
    def _bounds(self) -> tuple[float, float]:
        return min(self.rates), max(self.rates)

    def _cut(self, start: float, stop: float) -> Schedule:
        if start != int(start) or stop != int(stop):
            return super()._cut(start, stop)
        kept = Table(self.rates[int(start) : int(stop)])
        return kept if self(stop) == kept.rates[-1] else kept.then(Constant(self(stop), 0))

    def _final(self) -> float:
        return self.rates[-1]


@dataclass(frozen=True, eq=False, repr=False)
class Knots(Schedule):
    """Straight lines between rates at given positions; the first rate before them, and the last rate for ever.

    Args:
        at: Positions, increasing, the first at least 0.
        rates: The rate at each of them.

    Raises:
        ValueError: The positions do not increase, there are fewer than two, or there is not one rate, a finite number
            of at least 0, for each.

    >>> Knots(at=[0, 10, 40], rates=[0.0, 1.0, 0.25])(25)
    0.625
    """

    at: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        checks.store(self, rates=_rates(self.rates, "Knots"))
        knots = enumerate(_sequence(self.at, "at", "Knots"))
        at = tuple(checks.length(f"at[{i}]", position, owner="Knots") for i, position in knots)
        if any(b <= a for a, b in pairwise(at)) or len(at) != len(self.rates) or len(at) < 2:
            raise ValueError(
                f"Knots needs `at` to increase, with a rate for each of at least two "
                f"positions; got at={checks.shown(at)} and {len(self.rates)} rates"
            )
        checks.store(self, at=at)

    @property
    def length(self) -> float:
        return self.at[-1]

    def _pieces(self, xp: Backend) -> list[Piece]:
        first, line, maximum = self.at[0], xp.line(self.at, self.rates), xp.maximum
        return [(0, (lambda t: line(maximum(first, t))) if first else line)]

    def _final(self) -> float:
        return self.rates[-1]

    def _breaks(self, start: float, stop: float) -> Iterator[float]:
        inner = self.at[bisect_right(self.at, start) : len(self.at) - 1]
        return takewhile(lambda knot: knot < stop, inner)

    @property
    def _bounds(self) -> tuple[float, float]:
        return min(self.rates), max(self.rates)


def tabulate(function: Callable[[int], float], steps: Length) -> Table:
    """A Python function as a schedule: its values at the steps 0 to ``steps`` - 1, and the last one for ever.

    The function is called twice for each step, so that one which depends on anything but the step is refused. What is
    kept is the values alone, so they can be printed, saved and compared.

    Args:
        function: A function from a step to a rate, such as those of ``LambdaLR``.
        steps: How many steps to tabulate: an integer, or ``"10k"``.

    Raises:
        ValueError: A value is not a finite number of at least 0, or differs when the function is called again.

    >>> tabulate(lambda step: 0.5**step, 4)
    Table(rates=(1.0, 0.5, 0.25, 0.125))
    """
    if not callable(function):
        raise ValueError(f"tabulate needs a function from a step to a rate, got {checks.shown(function)}")
    positions = range(lengths.steps(steps, name="steps"))
    table = Table(tuple(_rate_of(function, position) for position in positions))
    for position, rate in enumerate(table.rates):
        if (again := _rate_of(function, position)) != rate:
            raise ValueError(
                f"the function gives {rate!r} and then {again!r} at step {position}: a schedule depends on the step "
                f"alone. Tabulate the rates of one run: lehr.Table([...])"
            )
    return table


def _rate_of(function: Callable[[int], float], position: int) -> float:
    value = function(position)
    item = value.item() if hasattr(value, "item") else value  # a NumPy scalar, or a tensor of one element
    return checks.number(f"function({position})", item, owner="tabulate")


def _sequence(values: object, name: str, owner: str) -> list[object]:
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ValueError(f"{owner} needs a sequence of at least one number for `{name}`, got {checks.shown(values)}")
    return list(values)


def _rates(values: object, owner: str) -> tuple[float, ...]:
    numbers = _sequence(values, "rates", owner)
    return tuple(checks.number(f"rates[{i}]", v, owner=owner) for i, v in enumerate(numbers))
