"""Lengths as people write them: ``1000``, ``"1k"``, ``"1.5M"``, ``"2%"``."""

from __future__ import annotations

import math
import operator
import re
from decimal import Decimal

Length = int | float | str
"""A number of steps: a whole number, ``"10k"``, or a share of the run such as ``"2%"``."""

_UNITS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_TEXT = re.compile(r"\s*([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?)\s*([kKMGBT%]?)\s*")
_EXAMPLES = 'a whole number, "10k", "1.5M" or a share such as "2%"'


def steps(value: object, *, name: str, of: int | None = None) -> int:
    """The whole number of steps that ``value`` says.

    Args:
        value: An integer, a whole float, or text: digits with ``k``, ``M``, ``B`` (or ``G``) or
            ``T`` behind them, or a percentage.
        name: What is being measured, for the error message.
        of: Steps that a percentage is a share of; the share is rounded to the nearest step.

    Raises:
        ValueError: The value is no length, is negative, is no whole number of steps, or is a share
            while nothing says of what, or a share of less than half a step.

    >>> steps("1.5k", name="warmup_steps")
    1500
    >>> steps("2%", name="warmup_steps", of=100_000)
    2000
    """
    if isinstance(value, str):
        return _from_text(value, name, of)
    whole = _whole(value)
    if whole is None or whole < 0:
        raise ValueError(f"`{name}` must be {_EXAMPLES}, at least 0; got {value!r}")
    return whole


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # this asks whether it is one
    except TypeError:
        return None


def _from_text(text: str, name: str, of: int | None) -> int:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{name}` must be {_EXAMPLES}; got {text!r}")
    number, unit = Decimal(match[1].replace("_", "")), match[2]
    if unit == "%":
        return _share(number, text, name, of)
    count = number * _UNITS[unit]
    if count != int(count):
        raise ValueError(f"`{name}` must be a whole number of steps; {text!r} is {count:f}")
    return int(count)


def _share(percent: Decimal, text: str, name: str, of: int | None) -> int:
    if of is None:
        raise ValueError(
            f"`{name}` is {text!r}, a share of `training_steps`, which is not given: "
            f"give `training_steps`, or `{name}` as a number of steps"
        )
    exact = percent * of / 100
    nearest = int(exact + Decimal("0.5"))
    if percent and not nearest:
        raise ValueError(
            f"`{name}` is {text!r} of {of} steps, which is {exact.normalize():f}: less than half "
            f"a step; give it as a whole number"
        )
    return nearest
