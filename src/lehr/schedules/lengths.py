"""Lengths as people write them: ``1000``, ``"1k"``, ``"1.5M"``, ``"2%"``."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from . import checks

Length = int | float | str
"""A number of steps: an integer, ``"10k"``, or a share of the run such as ``"2%"``."""

_SUFFIXES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_TEXT = re.compile(
    r"\s*([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?)\s*([kKMGBT%]?)\s*(steps?|updates?|epochs?|samples?|tokens?)?\s*"
)
_LONGEST_TEXT = 80
_RULE = 'an integer of at least 0, "10k", "1.5M" or a share such as "2%"'


def steps(
    value: object,
    *,
    name: str,
    of: int | None = None,
    steps_per_epoch: float | None = None,
    samples_per_step: float | None = None,
    tokens_per_step: float | None = None,
) -> int:
    """Convert a length to an integer number of steps.

    Args:
        value: An integer, a float without a fraction, or text: digits with ``k``, ``M``, ``B`` (or
            ``G``) or ``T`` behind them, a percentage, or a number of epochs, samples or tokens.
        name: The setting that the value is for; error messages name it.
        of: Steps that a percentage is a share of; the share is rounded to the nearest step.
        steps_per_epoch: Steps of one epoch; a number of epochs is rounded up to the next step.
        samples_per_step: Samples of one step; a number of samples is rounded up.
        tokens_per_step: Tokens of one step; a number of tokens is rounded up.

    Raises:
        ValueError: The value is not a length, is negative, is not an integer number of steps or is
            above 10**18; or it is a share of an unknown length, a share of less than half a step,
            or in a unit whose size is not given.

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
        sizes = {"epoch": steps_per_epoch, "sample": samples_per_step, "token": tokens_per_step}
        count = _from_text(value, name, of, sizes)
    else:
        whole = checks.whole(value)
        if whole is None or whole < 0:
            raise ValueError(f"`{name}` must be {_RULE}; got {checks.shown(value)}{_as_share(value)}")
        count = whole
    if count > checks.LONGEST:
        raise ValueError(f"`{name}` must be at most 10**18 steps, got {checks.shown(value)}")
    return count


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
    """Compute the number of optimizer updates in a run over a data set.

    In each epoch, each of ``world`` processes gets ⌈samples / world⌉ samples, makes batches of
    ``batch`` samples, and updates after every ``accumulate`` batches.

    Args:
        samples: Samples of the data set.
        batch: Samples of a batch, in one process.
        accumulate: Batches per update.
        world: Processes that share the data.
        epochs: Passes over the data.
        drop_last: Whether a last batch that is not full is dropped.
        drop_tail: Whether the last batches of an epoch, if fewer than ``accumulate``, make no update.

    Raises:
        ValueError: A number is not an integer of at least 1.

    >>> updates(samples=37, batch=4, accumulate=3, epochs=2)  # 10 batches, 4 updates an epoch
    8
    """
    numbers = {"samples": samples, "batch": batch, "accumulate": accumulate, "world": world, "epochs": epochs}
    checked = (checks.integer(name, value, owner="updates") for name, value in numbers.items())
    samples, batch, accumulate, world, epochs = checked
    samples_per_process = -(-samples // world)
    batches = samples_per_process // batch if drop_last else -(-samples_per_process // batch)
    return epochs * (batches // accumulate if drop_tail else -(-batches // accumulate))


def _as_share(value: object) -> str:
    """How to write a float below 1 that was meant as a share of the run."""
    if isinstance(value, float) and 0 < value < 1:
        return f'; for a share of the run write "{(Decimal(str(value)) * 100).normalize():f}%"'
    return ""


def _from_text(text: str, name: str, of: int | None, sizes: dict[str, float | None]) -> int:
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise ValueError(f"`{name}` must be {_RULE}; got {checks.shown(text)}")
    number, suffix, unit = Decimal(match[1].replace("_", "")), match[2], (match[3] or "step").rstrip("s")
    if suffix == "%":
        return _share(number, text, name, of)
    count = number * _SUFFIXES[suffix]
    if unit in sizes:
        return _in_steps(count, unit, text, name, sizes[unit])
    if count != int(count):
        raise ValueError(f"`{name}` must be an integer number of steps; {text!r} is {count:f}")
    return int(count)


def _in_steps(count: Decimal, unit: str, text: str, name: str, size: float | None) -> int:
    setting = "steps_per_epoch" if unit == "epoch" else f"{unit}s_per_step"
    if size is None:
        raise ValueError(
            f"`{name}` is {text!r}, and `{setting}` is not known: use lehr.lengths.steps({text!r}, name={name!r}, "
            f"{setting}=...), or give a number of steps"
        )
    size = checks.number(setting, size, owner="a length", above=0)
    return math.ceil(count * Decimal(size) if unit == "epoch" else count / Decimal(size))


def _share(percent: Decimal, text: str, name: str, of: int | None) -> int:
    if of is None and name == "training_steps":
        raise ValueError(
            f"`training_steps` cannot be a percentage, got {text!r}: it is the length that the percentages "
            f"of other settings refer to; give a number of steps"
        )
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
            f"a step; give it as an integer"
        )
    return nearest
