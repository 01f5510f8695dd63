"""What a rate, a factor and a length of positions may be; every refusal is a ValueError."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

LONGEST = 10**18
"""Positions that any length may have: beyond them a float no longer tells two apart."""


def number(name: str, value: Any, *, owner: str, above: float | None = None) -> float:
    """``value`` as a float, if it is a finite number of at least 0 (or above ``above``)."""
    rule = "at least 0" if above is None else f"above {above:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{owner} needs a number {rule} for `{name}`, got {value!r}")
    result = float(value)
    if not math.isfinite(result) or (result < 0 if above is None else result <= above):
        raise ValueError(f"{owner} needs a finite number {rule} for `{name}`, got {value!r}")
    return result


def length(name: str, value: Any, *, owner: str, above: float | None = None) -> float:
    """``value`` as a length in positions: an int where it is whole.

    A fraction is allowed: it is how a ramp ends between two positions.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    result = number(name, min(value, LONGEST + 1) if whole else value, owner=owner, above=above)
    if value > LONGEST:
        raise ValueError(f"{owner} needs at most 10**18 for `{name}`, got {value!r}")
    return value if whole else int(result) if result.is_integer() else result


def count(name: str, value: Any, *, owner: str) -> int:
    """``value`` as a whole number of at least 1."""
    if not isinstance(value, bool):
        try:
            whole = operator.index(value)
        except TypeError:
            whole = 0
        if whole >= 1:
            return whole
    raise ValueError(f"{owner} needs a whole number of at least 1 for `{name}`, got {value!r}")


def position(value: Any) -> float:
    """``value`` as a position: a number of at least 0, exact if it is an integer."""
    if not isinstance(value, bool):
        try:
            value = operator.index(value)
        except TypeError:
            value = float(value) if isinstance(value, Real) else value
        if isinstance(value, int | float) and 0 <= value < math.inf:
            return value
    raise ValueError(
        f"a position must be a finite number of at least 0 (steps done so far), got {value!r}; "
        f"for many positions give a NumPy array"
    )


def store(schedule: object, **checked: Any) -> None:
    """Put what was checked into a schedule, which is frozen for everybody else."""
    for name, value in checked.items():
        object.__setattr__(schedule, name, value)
