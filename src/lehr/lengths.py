"""Lengths as people write them: ``1000``, ``"1k"``, ``"1.5M"``, ``"2%"``."""

from __future__ import annotations

import math
import operator
import re
from decimal import Decimal

Length = int | float | str
"""A number of steps: a whole number, ``"10k"``, or a share of the run such as ``"2%"``."""

_SUFFIXES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_TEXT = re.compile(
    r"\s*([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?)\s*([kKMGBT%]?)\s*(steps?|updates?|epochs?|samples?|tokens?)?\s*"
)
_EXAMPLES = 'a whole number, "10k", "1.5M" or a share such as "2%"'


def steps(value: object, *, name: str, of: int | None = None, **per_step: float) -> int:
    """The whole number of steps that ``value`` says.

    Args:
        value: An integer, a whole float, or text: digits with ``k``, ``M``, ``B`` (or ``G``) or
            ``T`` behind them, a percentage, or a number of epochs, samples or tokens.
        name: What is being measured, for the error message.
        of: Steps that a percentage is a share of; the share is rounded to the nearest step.
        **per_step: What turns another unit into steps: ``steps_per_epoch``, ``samples_per_step``,
            ``tokens_per_step``. What does not come out whole is rounded up.

    Raises:
        ValueError: The value is no length, is negative, is no whole number of steps, or is a share
            or in another unit while nothing says of what, or a share of less than half a step.

    >>> steps("1.5k", name="warmup_steps")
    1500
    >>> steps("2%", name="warmup_steps", of=100_000)
    2000
    >>> steps("1.5B tokens", name="training_steps", tokens_per_step=500_000)
    3000
    >>> steps("3 epochs", name="training_steps", steps_per_epoch=40)
    120
    """
    if isinstance(value, str):
        return _from_text(value, name, of, per_step)
    whole = _whole(value)
    if whole is None or whole < 0:
        raise ValueError(f"`{name}` must be {_EXAMPLES}, at least 0; got {value!r}")
    return whole


def updates(
    samples: int,
    batch: int,
    *,
    accumulate: int = 1,
    world: int = 1,
    epochs: int = 1,
    drop_last: bool = False,
    drop_tail: bool = False,
) -> int:
    """Updates of the optimizer in a run over a data set.

    Each epoch, each of ``world`` processes has ⌈samples / world⌉ samples, makes batches of ``batch``
    of them, and updates after every ``accumulate`` batches.

    Args:
        samples: Samples of the data set.
        batch: Samples of a batch, in one process.
        accumulate: Batches for an update.
        world: Processes that share the data.
        epochs: Passes over the data.
        drop_last: Whether a last batch that is not full is left out.
        drop_tail: Whether the last batches of an epoch, if fewer than ``accumulate``, make no update.

    Raises:
        ValueError: A number is not whole, or below 1.

    >>> updates(samples=37, batch=4, accumulate=3, epochs=2)  # 10 batches, 4 updates an epoch
    8
    """
    given = {"samples": samples, "batch": batch, "accumulate": accumulate, "world": world, "epochs": epochs}
    for name, value in given.items():
        if (_whole(value) or 0) < 1:
            raise ValueError(f"`{name}` must be a whole number of at least 1, got {value!r}")
    own = -(-samples // world)
    batches = own // batch if drop_last else -(-own // batch)
    return epochs * (batches // accumulate if drop_tail else -(-batches // accumulate))


_FACTS = {"epoch": "steps_per_epoch", "sample": "samples_per_step", "token": "tokens_per_step"}


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # this asks whether it is one
    except TypeError:
        return None


def _from_text(text: str, name: str, of: int | None, per_step: dict[str, float]) -> int:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{name}` must be {_EXAMPLES}; got {text!r}")
    number, suffix, unit = Decimal(match[1].replace("_", "")), match[2], (match[3] or "step").rstrip("s")
    if suffix == "%":
        return _share(number, text, name, of)
    count = number * _SUFFIXES[suffix]
    if unit in _FACTS:
        return _in_steps(count, unit, text, name, per_step)
    if count != int(count):
        raise ValueError(f"`{name}` must be a whole number of steps; {text!r} is {count:f}")
    return int(count)


def _in_steps(count: Decimal, unit: str, text: str, name: str, per_step: dict[str, float]) -> int:
    fact = _FACTS[unit]
    if not per_step.get(fact):
        raise ValueError(
            f"`{name}` is {text!r}, and `{fact}` is not known: say lehr.lengths.steps({text!r}, name={name!r}, "
            f"{fact}=...), or give a number of steps"
        )
    known = Decimal(per_step[fact])
    return math.ceil(count * known if unit == "epoch" else count / known)


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
