"""Numbers with commas: decimal commas are read where they are certain, and what may be thousands is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...schedules import checks
from .log import Entry

_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")
_DECIMAL = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # or a decimal comma


def has_decimal_commas(label: str, column: str, entries: Iterable[Entry]) -> bool:
    """Whether the numbers of a column have decimal commas.

    One number that cannot be read otherwise, such as ``3,1415`` or ``0,001``, decides for its column.

    Raises:
        ValueError: The commas may separate thousands, as in ``1,234``, or certainly do, as in ``1,234,567``; or
            other numbers of the column have decimal points.

    >>> has_decimal_commas("log", "loss", [(2, {"loss": "3,1415"}), (3, {"loss": "3,141"})])
    True
    """
    texts = [(line, text.strip()) for line, row in entries if isinstance(text := row.get(column), str)]
    numbers = [place for place in texts if _NUMBER.fullmatch(place[1])]
    with_comma = [place for place in numbers if "," in place[1]]
    if not with_comma:
        return False
    grouped = [place for place in with_comma if not _DECIMAL.fullmatch(place[1])]
    with_point = [place for place in numbers if "." in place[1]]
    if grouped:
        seen = _shown(grouped[0])
    elif with_point:
        seen = f"{_shown(with_comma[0])} and {_shown(with_point[0])}"
    elif all(_THOUSANDS.fullmatch(text) for _, text in with_comma):
        text = with_comma[0][1]
        seen = f"{_shown(with_comma[0])}, which is {text.replace(',', '.')} or {text.replace(',', '')}"
    else:
        return True
    raise ValueError(
        f"{label}: `{checks.named(column)}` has {seen}: write its numbers with decimal points and without separators "
        f"of thousands"
    )


def _shown(place: tuple[int, str]) -> str:
    return f"{checks.shown(place[1])} in line {place[0]}"
