"""The values of a log's columns as numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import SupportsFloat, cast

import numpy as np

from ...schedules import checks
from ..rates import LARGEST_RATE
from .columns import SET, SETS, Columns
from .decimals import has_decimal_commas
from .log import Entry, Log, lines_of, listed

MANY = 1 / 3  # share of the rows above which NaN is no problem: a frame has it for a missing loss


def numbers(columns: Columns, entries: list[Entry]) -> tuple[Log, list[str]]:
    """The entries as numbers, positions as logged, and what was wrong with some.

    Raises:
        ValueError: No entry has a position, the losses belong to several evaluation sets, or a rate is impossible.
    """
    label = columns.label
    commas = {name for name in (columns.step, columns.loss, columns.lr) if has_decimal_commas(label, name, entries)}

    def number(row: dict[str, object], name: str) -> float | None:
        value = row.get(name)
        return _number(value.replace(",", ".") if name in commas and isinstance(value, str) else value)

    others = [name for name in columns.losses if name != columns.loss]
    rows, values, odd, infinite, zero = [], [], [], [], []
    for line, row in entries:
        position, loss, rate = (number(row, name) for name in (columns.step, columns.loss, columns.lr))
        if loss is None or position is None or not math.isfinite(position) or position < 0 or position % 1:
            odd.append(line)
            continue
        if not math.isfinite(loss) and row.get(columns.loss) not in (None, "") and not _has_loss(row, others):
            infinite.append(line)
        if loss == 0:
            zero.append(line)
        rows.append((line, row))
        values.append((position, loss or math.nan, math.nan if rate is None else rate))
    if not values:
        raise ValueError(f"{label} has no row with an integer in `{checks.named(columns.step)}`; say step=...")
    at, losses, rates = np.array(values).T
    log = Log(np.array([line for line, _ in rows]), at, losses, rates)
    _check_rates(columns, log)
    _check_sets(label, [row for (_, row), loss in zip(rows, losses, strict=True) if math.isfinite(loss)])
    problems = [f"no position or no number in {lines_of(odd)}"] if odd else []
    problems += [f"the loss is 0 in {lines_of(zero)}; these rows were ignored"] if zero else []
    problems += [f"the loss is not finite in {lines_of(infinite)}"] if 0 < len(infinite) < MANY * len(rows) else []
    return log, problems


def _has_loss(row: dict[str, object], names: Iterable[str]) -> bool:
    """Whether a row has one of these losses, so that it need not have another."""
    return any(math.isfinite(_number(row.get(name)) or math.nan) for name in names)


def _check_rates(columns: Columns, log: Log) -> None:
    bad = np.flatnonzero((log.rate < 0) | (log.rate > LARGEST_RATE))
    if bad.size:
        raise ValueError(
            f"{columns.label}: `{checks.named(columns.lr)}` is {log.rate[bad[0]]:g} in line {log.line[bad[0]]}, and "
            f"a learning rate must be from 0 to {LARGEST_RATE:,.0f}; correct the line, or say which column has the "
            f"rates, lr=..."
        )


def _check_sets(label: str, rows: Iterable[dict[str, object]]) -> None:
    """Refuse losses of several sets in one column."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            if name in SET or (isinstance(value, str) and value.lower() in SETS):
                seen.setdefault(name, set()).add(str(value))
    for name, values in seen.items():
        values = {value for value in values if value not in ("", "None")}
        if len(values) > 1:
            raise ValueError(
                f"{label} has losses of several sets, `{checks.named(name)}` is {listed(sorted(values))}; a fit needs "
                f"one: say which, where={{{name!r}: {checks.shown(sorted(values)[0])}}}"
            )


def _number(value: object) -> float | None:
    """The value as a float, NaN for nothing, None for what is not a number."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return math.nan
    try:
        return float(cast(SupportsFloat, value))
    except (TypeError, ValueError, OverflowError):
        return None
